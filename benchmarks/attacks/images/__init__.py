"""Attacks by images: augmented photos, a DCGAN trained on them, and what its images open."""
