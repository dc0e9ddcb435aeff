"""Training of the default embedder: one concept a module, composed by ``tools.train_embedder``."""
