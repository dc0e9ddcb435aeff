"""Records and vaults that somebody changed: cut, swapped, replayed, downgraded, forged."""
