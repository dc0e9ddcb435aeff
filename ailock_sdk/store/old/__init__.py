"""The store of records without slots; gone as soon as ``vault.py`` and its kin use the new one."""

from __future__ import annotations
