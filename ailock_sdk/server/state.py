"""Small files that the server keeps beside the vault: private, and changed whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from ailock_sdk.errors import VaultError
from ailock_sdk.store.private_files import make_private_folder, new_private_file, why_not_private
from ailock_sdk.store.vault_file import kind_of
from ailock_sdk.strict_json import Strict, StrictJsonError, read_json

Content = TypeVar("Content", bound=Strict)
Result = TypeVar("Result")


def state_folder(vault: Path) -> Path:
    """Where the server of a vault keeps certificate, paired devices and history."""
    return vault.with_name(f"{vault.name}.serve")


class StateFile(Generic[Content]):
    """One JSON object in a file of mode 0600; several processes may change it.

    Parameters
    ----------
    path : Path
    kind : type
        Of the object; without arguments it is what a missing file holds.
    """

    def __init__(self, path: Path, kind: type[Content]) -> None:
        self._path = path
        self._kind = kind
        self._read: tuple[tuple[int, int, int], Content] | None = None

    def read(self) -> Content:
        """What the file holds now; read anew only if it was changed.

        Raises
        ------
        VaultError
            It is damaged, cannot be read, or others may use it.
        """
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return self._kind()
        except OSError as error:
            raise self._unusable(error.strerror or "unreadable") from None
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._read is not None and self._read[0] == version:
            return self._read[1]
        if (reason := why_not_private(self._path, status)) is not None:
            raise self._unusable(reason)
        try:
            content = read_json(self._path.read_bytes(), self._kind)
        except StrictJsonError as error:
            raise self._unusable(f"{error}; remove it to begin anew") from None
        except OSError as error:
            raise self._unusable(error.strerror or "unreadable") from None
        self._read = (version, content)
        return content

    def change(self, change: Callable[[Content], tuple[Content, Result]]) -> Result:
        """Write what ``change`` makes of the content, and give what it gives beside.

        Raises
        ------
        VaultError
            As :meth:`read`, or the file cannot be written.
        """
        try:
            with self._turn():
                before = self.read()
                after, result = change(before)
                if after != before:
                    with new_private_file(self._path, overwrite=True, private=True) as file:
                        file.write(json.dumps(after.as_dict()).encode())
                return result
        except OSError as error:
            raise self._unusable(error.strerror or "unwritable", kind_of(error)) from None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        folder = self._path.parent
        make_private_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _unusable(self, reason: str, kind: type[VaultError] = VaultError) -> VaultError:
        return kind(f"{self._path} cannot be used: {reason}")
