"""Programs that measure ailock-sdk; they use its public names only."""
