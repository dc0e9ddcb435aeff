"""Comparisons of imageprints, error rates, and their confidence intervals."""
