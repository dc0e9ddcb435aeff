"""Blocking work in threads, a piece at a time, so that the server goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ailock_sdk.errors import VaultBusyError

Result = TypeVar("Result")


class Turns:
    """One thread, and few who wait for it.

    Parameters
    ----------
    name : str
        Of the thread.
    most : int
        Pieces of work that may be under way or waiting.
    """

    def __init__(self, name: str, most: int) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._most = most
        self._begun = 0

    async def __call__(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """What the function gives, in the thread; it runs to its end though nobody waits any more.

        Raises
        ------
        VaultBusyError
            Too many wait already.
        """
        if self._begun >= self._most:
            raise VaultBusyError("too much at once: try again")
        self._begun += 1
        work = asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        work.add_done_callback(self._end)
        return await asyncio.shield(work)

    def _end(self, _: object) -> None:
        self._begun -= 1
