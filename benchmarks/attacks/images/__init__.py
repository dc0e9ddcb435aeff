"""Attacks by images: a DCGAN trained on augmented photos, and what its images open."""
