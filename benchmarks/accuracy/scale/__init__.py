"""The scale experiment: billions of comparisons, timed and checked."""
