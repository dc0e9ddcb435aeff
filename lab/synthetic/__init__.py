"""Synthetic images: augmented photos, and a DCGAN trained on them."""
