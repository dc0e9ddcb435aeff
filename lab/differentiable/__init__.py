"""Copies of a bundle's pipeline in PyTorch, whose gradients a white-box attacker has."""
