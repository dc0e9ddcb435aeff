"""From the weights of Inception v3 to a bundle with a quantised model."""
