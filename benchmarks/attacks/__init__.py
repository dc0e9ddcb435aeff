"""Attacks on stored records, one file an attack (docs/explanation/threat-model.md)."""
