"""From a model and photos to a frozen projection and its threshold."""
