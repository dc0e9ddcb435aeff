"""What happened through the page: times and outcomes, nothing of photos or distances."""

from __future__ import annotations

import time
from pathlib import Path

from ailock_sdk.server.state import StateFile
from ailock_sdk.strict_json import Strict

MAX_EVENTS = 500


class Event(Strict, frozen=True):
    """Outcomes in a row that are alike: ``what`` is a code, ``at`` the last one's Unix time."""

    at: int
    what: str
    lock: str
    device: str
    times: int = 1


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

        def change(content: _Content) -> tuple[_Content, None]:
            events, times = content.events, 1
            if events and (events[-1].what, events[-1].lock, events[-1].device) == (
                what,
                lock,
                device,
            ):
                # In one row: nobody makes what came before vanish by repeating himself.
                events, times = events[:-1], events[-1].times + 1
            event = Event(int(time.time()), what, lock, device, times)
            return _Content((*events, event)[-MAX_EVENTS:]), None

        self._file.change(change)

    def newest(self, lock: str | None = None) -> list[Event]:
        """Events, the newest first: all, or those of one lock."""
        events = self._file.read().events
        return [event for event in reversed(events) if lock is None or event.lock == lock]
