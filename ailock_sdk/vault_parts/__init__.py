"""What a vault is made of: its models, opening, slots, sealing, and the pepper's life."""
