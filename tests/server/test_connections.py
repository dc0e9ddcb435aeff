"""Who opens many connections keeps no one else out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="needs the extra [server]")
import uvicorn
from uvicorn.server import ServerState

from ailock_sdk.server.connections import (
    MAX_CONNECTIONS,
    MAX_CONNECTIONS_OF_A_CLIENT,
    PatientProtocol,
)

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"


class Link(asyncio.Transport):
    """The server's end of a connection."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 1), "sockname": ("127.0.0.1", 2)})
        self.aborted = False

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def write(self, data: object) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def never(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(60)


def aborted(addresses: list[str], busy: Callable[[int], bool] = lambda number: False) -> list[int]:
    """Which of the connections that come from these addresses, one after another, are ended."""

    async def come() -> list[int]:
        config = uvicorn.Config(never, log_config=None, ws="none", lifespan="off")
        config.load()
        state, links = ServerState(), []
        for number, address in enumerate(addresses):
            protocol = PatientProtocol(config, state, {})
            links.append(Link(address))
            protocol.connection_made(links[-1])
            if busy(number):
                protocol.data_received(REQUEST)
            await asyncio.sleep(0)
        for task in state.tasks.copy():
            task.cancel()
        return [number for number, link in enumerate(links) if link.aborted]

    return asyncio.run(come())


def test_the_oldest_of_a_client_makes_room() -> None:
    assert aborted(["10.0.0.1"] * MAX_CONNECTIONS_OF_A_CLIENT) == []
    many = ["10.0.0.2"] + ["10.0.0.1"] * (MAX_CONNECTIONS_OF_A_CLIENT + 3)
    assert aborted(many) == [1, 2, 3]


def test_one_that_is_served_is_not_ended() -> None:
    many = ["10.0.0.1"] * (MAX_CONNECTIONS_OF_A_CLIENT + 3)
    assert aborted(many, busy=lambda number: number in (0, 2)) == [1, 3, 4]


def test_many_clients_together_are_few_enough() -> None:
    many = [f"10.0.0.{number % 250}" for number in range(MAX_CONNECTIONS + 2)]
    assert aborted(many) == [0, 1]
