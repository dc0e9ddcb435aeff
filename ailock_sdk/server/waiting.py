"""Programs of this machine that wait for a lock: they get its secret when it opens on the page.

They come by a Unix socket in the server's state folder, which is its user's alone, say a lock's
name and a newline, and get 32 bytes; or nothing, if it was not opened in time.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ailock_sdk.secret import SECRET_LENGTH_BYTES, Hidden, Secret
from ailock_sdk.store.private_files import make_private_folder

MAX_WAITING = 16
MAX_WAIT_SECONDS = 600.0
_SOCKET = "waiting.sock"
_MAX_NAME_BYTES = 512


class Waiting:
    """Those who wait now.

    Parameters
    ----------
    folder : Path
        The server's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: list[tuple[str, asyncio.Future[Secret]]] = []

    async def start(self) -> asyncio.AbstractServer:
        """Let programs come, in this loop, until what is returned is closed.

        Raises
        ------
        OSError
            The socket cannot be made.
        """
        self._loop = asyncio.get_running_loop()
        make_private_folder(self._folder)
        with _short_path(self._folder) as path, socket.socket(socket.AF_UNIX) as listener:
            with suppress(FileNotFoundError):
                os.unlink(path)
            listener.bind(path)
            os.chmod(path, 0o600)
            return await asyncio.start_unix_server(
                self._serve, sock=listener.dup(), limit=_MAX_NAME_BYTES, backlog=MAX_WAITING
            )

    def give(self, name: str, secret: Secret) -> bool:
        """Give the secret to all who wait for this lock; whether anybody did. From any thread."""
        waiting = [future for asked, future in tuple(self._asked) if asked == name]
        for future in waiting:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(_answer, future, secret)
        return bool(waiting)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), MAX_WAIT_SECONDS)
            if line.endswith(b"\n") and len(self._asked) < MAX_WAITING:
                await self._wait(line[:-1].decode("utf-8", "replace"), reader, writer)
        except (OSError, ValueError, asyncio.TimeoutError):
            pass  # it went away, or asked for too long or too much
        finally:
            writer.close()

    async def _wait(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        opened: asyncio.Future[Secret] = asyncio.get_running_loop().create_future()
        gone = asyncio.ensure_future(reader.read(1))  # who ends, waits no more
        self._asked.append((name, opened))
        try:
            either: list[asyncio.Future[Any]] = [opened, gone]
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait(either, timeout=MAX_WAIT_SECONDS, return_when=first)
        finally:
            self._asked.remove((name, opened))
            gone.cancel()
        if opened.done():
            writer.write(bytes(opened.result()))
            await writer.drain()


def wait_for(folder: Path, name: str, seconds: float) -> Hidden | None:
    """Wait, as such a program, until a lock opens on the page.

    Parameters
    ----------
    folder : Path
        The server's state folder.
    name : str
        The lock's name as it is stored.
    seconds : float

    Returns
    -------
    Hidden or None
        The lock's 32 secret bytes, or ``None`` if it was not opened.

    Raises
    ------
    OSError
        No server runs.
    """
    with _short_path(folder) as path, socket.socket(socket.AF_UNIX) as link:
        link.connect(path)
        link.settimeout(seconds)
        link.sendall(name.encode() + b"\n")
        try:
            secret = Hidden(link.recv(SECRET_LENGTH_BYTES, socket.MSG_WAITALL))
        except TimeoutError:
            return None
    return secret if len(secret) == SECRET_LENGTH_BYTES else None


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    """The socket's path by its folder's descriptor: those of sockets end at 107 bytes."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{_SOCKET}"
    finally:
        os.close(descriptor)


def _answer(future: asyncio.Future[Secret], secret: Secret) -> None:
    if not future.done():
        future.set_result(secret)
