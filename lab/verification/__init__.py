"""Every photo of a set held against every other, and what the lock would say."""
