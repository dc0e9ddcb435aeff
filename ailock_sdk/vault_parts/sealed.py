"""A vault seals and opens data: age files to the key of a lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING

from ailock_sdk.errors import SealedDataError
from ailock_sdk.paths import user_path
from ailock_sdk.secret import Hidden, Pin, hidden_pin
from ailock_sdk.store import (
    Reader,
    Writer,
    checked_age_file,
    lock_identity,
    open_stream,
    seal_stream,
)
from ailock_sdk.store.private_files import new_private_file
from ailock_sdk.vault_parts.core import VaultCore

if TYPE_CHECKING:
    from ailock_sdk.vault_parts.opening import Opener

Progress = Callable[[int], object]
"""Called with the number of bytes of each piece that was read."""


def _unseen(_: int) -> None:
    """The default: nobody watches."""


class SealingVault(VaultCore):
    """The part of a vault that seals and opens; see :class:`~ailock_sdk.vault.Vault`."""

    def seal(self, name: str, data: bytes, *, armor: bool = False) -> bytes:
        """Encrypt ``data`` to the lock ``name``; needs no photo. See :meth:`seal_stream`."""
        data = Hidden(data)  # no frame shows it
        sealed = BytesIO()
        self.seal_stream(name, BytesIO(data), sealed, armor=armor)
        return sealed.getvalue()

    def open_sealed(self, name: str, sealed: bytes, opened_by: Opener, *, pin: Pin = None) -> bytes:
        """Decrypt what :meth:`seal`, or any age program, sealed. See :meth:`open_stream`.

        Parameters
        ----------
        name : str
        sealed : bytes
        opened_by : PhotoSources or RecoveryCode
        pin : str, optional
        """
        pin = hidden_pin(pin)
        data = BytesIO()
        self.open_stream(name, BytesIO(sealed), opened_by, data, pin=pin)
        return data.getvalue()

    def seal_stream(
        self, name: str, reader: Reader, writer: Writer, *, armor: bool = False
    ) -> None:
        """Encrypt everything from ``reader`` to a lock, as an age file; needs no photo.

        Parameters
        ----------
        name : str
        reader : Reader
        writer : Writer
            Binary streams; 64 KiB are in memory at a time. What they raise is raised.
        armor : bool
            Write text instead of bytes.
        """
        seal_stream(reader, writer, self._stored(name).lock.recipient, armor=armor)

    def open_stream(
        self, name: str, reader: Reader, opened_by: Opener, writer: Writer, *, pin: Pin = None
    ) -> None:
        """Decrypt an age file that was sealed to a lock, armoured or not.

        That it is one is looked at before the photos are. Each 64 KiB are authentic before they are
        written, but only the end proves that nothing is missing: when this raises, throw away what
        was written.

        Parameters
        ----------
        name : str
        reader : Reader
        opened_by : PhotoSources or RecoveryCode
            Photos as for :meth:`~ailock_sdk.vault.Vault.unlock`.
        writer : Writer
        pin : str, optional

        Raises
        ------
        SealedDataError
            Not an age file, or damaged (nothing was charged), or sealed to another lock.
        AilockError
            As :meth:`~ailock_sdk.vault.Vault.unlock`.
        """
        pin = hidden_pin(pin)
        checked = checked_age_file(reader)
        open_stream(checked, writer, lock_identity(self._open(name, opened_by, pin).key))

    def seal_file(
        self,
        name: str,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        armor: bool = False,
        overwrite: bool = False,
        progress: Progress = _unseen,
    ) -> None:
        """Encrypt a file of any size to a lock; needs no photo. See :meth:`seal_stream`.

        Parameters
        ----------
        name : str
        source, target : str or path-like
            An ``OSError`` names the file. ``target`` appears (mode 0600) only when whole.
        armor, overwrite : bool
            Write text; replace a ``target`` that exists, else it is a ``FileExistsError``.
        progress : callable
            Called with the number of bytes of each piece that was read.
        """
        with (
            _source(source, progress) as reader,
            new_private_file(user_path(target), overwrite=overwrite) as writer,
        ):
            self.seal_stream(name, reader, writer, armor=armor)

    def open_file(
        self,
        name: str,
        source: str | os.PathLike[str],
        opened_by: Opener,
        target: str | os.PathLike[str],
        *,
        pin: Pin = None,
        overwrite: bool = False,
        progress: Progress = _unseen,
    ) -> None:
        """Decrypt a sealed file. See :meth:`open_stream` and, for the files, :meth:`seal_file`.

        That ``source`` is an age file and ``target`` can be written is known before the photos are
        looked at.

        Parameters
        ----------
        name : str
        source : str or path-like
        opened_by : PhotoSources or RecoveryCode
        target : str or path-like
        pin : str, optional
        overwrite : bool
        progress : callable

        Raises
        ------
        SealedDataError, AilockError, OSError
        """
        pin = hidden_pin(pin)
        with (
            _source(source, progress) as reader,
            new_private_file(user_path(target), overwrite=overwrite) as writer,
        ):
            try:
                self.open_stream(name, reader, opened_by, writer, pin=pin)
            except SealedDataError as error:
                raise SealedDataError(f"{os.fspath(source)}: {error}") from None


@dataclass(frozen=True)
class _Source:
    """A file whose errors name it, and whose reader is watched."""

    file: IO[bytes]
    name: str
    progress: Progress

    def read(self, size: int, /) -> bytes:
        try:
            data = self.file.read(size)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, self.name) from None
        self.progress(len(data))
        return data


@contextmanager
def _source(path: str | os.PathLike[str], progress: Progress) -> Iterator[_Source]:
    with open(user_path(path), "rb") as file:
        yield _Source(file, os.fspath(path), progress)
