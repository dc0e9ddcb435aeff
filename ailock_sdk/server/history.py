"""What happened through the page: times and outcomes, nothing of photos or distances."""

from __future__ import annotations

import time
from pathlib import Path

from ailock_sdk.server.state import StateFile
from ailock_sdk.strict_json import Strict

MAX_EVENTS = 200


class Event(Strict, frozen=True):
    """One outcome: ``what`` is a code of the texts, ``at`` seconds since 1970."""

    at: int
    what: str
    lock: str
    device: str


class _Content(Strict, frozen=True):
    events: tuple[Event, ...] = ()


class History:
    """The last events, in a file.

    Parameters
    ----------
    folder : Path
        The server's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = StateFile(folder / "history.json", _Content)

    def add(self, what: str, lock: str, device: str) -> None:
        """Remember an event; the oldest goes when there are many."""
        event = Event(int(time.time()), what, lock, device)
        self._file.change(lambda c: (_Content((*c.events, event)[-MAX_EVENTS:]), None))

    def newest(self, lock: str | None = None) -> list[Event]:
        """Events, the newest first: all, or those of one lock."""
        events = self._file.read().events
        return [event for event in reversed(events) if lock is None or event.lock == lock]
