"""The programs that make bundles, render photos, and show the SDK at work."""
