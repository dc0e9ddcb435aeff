"""Photo sets, and what is kept of them: embeddings and imageprints."""
