"""Model bundles: found by name or folder, and written."""
