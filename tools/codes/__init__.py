"""Message bits that codes carry: measured, and bounded by the channel."""
