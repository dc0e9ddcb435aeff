"""Imageprints beside other hashes of photos, on the same pairs."""
