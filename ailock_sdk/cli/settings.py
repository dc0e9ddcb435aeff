"""The options that every command of ``ailock`` takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Settings:
    """Values of the options that every command takes, before its name or after it.

    Attributes
    ----------
    json : bool
        Print one JSON object.
    vault, pepper, profile, bundle : str or None
        As given.
    """

    json: bool = False
    vault: str | None = None
    pepper: str | None = None
    profile: str | None = None
    bundle: str | None = None
