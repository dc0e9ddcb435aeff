"""Attacks on stored records, one file an attack (docs/threat-model.md)."""
