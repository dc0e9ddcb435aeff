"""Projections fitted to embeddings, and the threshold that goes with them."""
