"""Synthetic credentials: what random imageprints of fitting bits open."""
