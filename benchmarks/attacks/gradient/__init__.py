"""White-box attacks: photos changed along the gradients of a bundle's differentiable copy."""
