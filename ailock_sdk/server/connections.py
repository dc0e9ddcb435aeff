"""Connections of clients that say nothing, or too slowly: closed, whoever they are."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""For a request's head to arrive whole."""
MAX_CONNECTIONS = 200
MAX_CONNECTIONS_OF_A_CLIENT = 48


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, whose patience ends.

    Beyond a number of connections the oldest that waits for a request makes room: somebody who
    opens a thousand keeps no one else out.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request's head."""
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._await_head()
        others: list[Any] = [
            c for c in self.connections if isinstance(c, PatientProtocol) and not c.is_closing
        ]
        same = [c for c in others if c.client and self.client and c.client[0] == self.client[0]]
        if len(same) > MAX_CONNECTIONS_OF_A_CLIENT:
            _drop_oldest(same)
        elif len(others) > MAX_CONNECTIONS:
            _drop_oldest(others)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is whole ends the wait."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the wait."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def is_closing(self) -> bool:
        """Whether it is about to end."""
        return self.transport.is_closing()

    @property
    def waiting_until(self) -> float | None:
        """The loop's time at which it is closed, if it waits for a head."""
        return None if self._deadline is None else self._deadline.when()

    def _await_head(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _drop_oldest(connections: list[PatientProtocol]) -> None:
    waiting = [c for c in connections if c.waiting_until is not None]
    if waiting:
        min(waiting, key=lambda c: c.waiting_until or 0.0).transport.abort()
