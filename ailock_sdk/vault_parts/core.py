"""What all methods of a vault stand on: its file, its pepper, its models, and opening a lock."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ailock_sdk.errors import VaultError, VaultMissingError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import LockStore, PepperSource, RecoveryCode, StoredLock, normalised_name
from ailock_sdk.vault_parts.models import Models
from ailock_sdk.vault_parts.opening import Opened, open_by_code, open_by_photos
from ailock_sdk.vault_parts.vault_pepper import VaultPepper

if TYPE_CHECKING:
    from ailock_sdk.lock import AiLock
    from ailock_sdk.vault_parts.opening import Opener


class VaultCore:
    """See :class:`~ailock_sdk.vault.Vault`.

    Parameters
    ----------
    path : Path
    pepper : PepperSource or None
    lock : AiLock or None
    allow_faces : bool
    """

    def __init__(
        self,
        path: Path,
        pepper: PepperSource | None,
        lock: AiLock | None,
        allow_faces: bool = False,
    ) -> None:
        self._path = path
        self._opened: LockStore | None = None
        self._is_closed = False
        self._turn = threading.Lock()
        self._pepper = VaultPepper(
            pepper, self._pepper_id, self._pepper_place, self._store_to_enroll
        )
        if lock is not None:
            self._pepper.check_same(lock.pepper)
        self._given = lock
        bound = None if lock is None else lock.with_pepper(self._pepper)
        if bound is not None and allow_faces:
            bound.allow_faces = True
        self._models = Models(bound, self._pepper)

    @property
    def path(self) -> Path:
        """The vault file, whether there is one yet or not."""
        return self._path

    @property
    def lock(self) -> AiLock:
        """The lock that reads photos for new records; the model is loaded at first use."""
        return self._given or self._models.default

    def close(self) -> None:
        """Close the vault file; the second time does nothing."""
        with self._turn:
            self._is_closed = True
            if self._opened is not None:
                self._opened.close()

    @property
    def _store(self) -> LockStore:
        with self._turn:
            if self._opened is None:
                if self._is_closed:
                    raise VaultError(f"vault {self._path} is closed: open it again")
                self._opened = LockStore.open(self._path)
                self._opened.guard_source = self._pepper.guard
            return self._opened

    def _store_to_enroll(self) -> LockStore:
        """The vault, made if there is none."""
        try:
            return self._store
        except VaultMissingError:
            LockStore.create(self._path).close()
            return self._store

    def _pepper_id(self) -> bytes | None:
        try:
            return self._store.pepper_id()
        except VaultMissingError:
            return None

    def _pepper_place(self) -> str | None:
        try:
            return self._store.pepper_place()
        except VaultMissingError:
            return None

    def check_new_name(self, name: str) -> str:
        """The name as it will be stored; name and pepper are looked at before any photo."""
        name = normalised_name(name)
        if self._pepper_id() is not None:
            self._pepper.pepper()
            return self._store.check_new_name(name)
        return name

    def _stored(self, name: str) -> StoredLock:
        store = self._store
        return store.get(name, self._pepper.pepper())

    def _open(self, name: str, opened_by: Opener, pin: Hidden | None) -> Opened:
        store = self._store
        if isinstance(opened_by, RecoveryCode):
            return open_by_code(store, store.get_unverified(name), opened_by, self._pepper)
        return open_by_photos(store, self._stored(name), self._models, opened_by, pin)

    def _open_to_change(self, name: str, opened_by: Opener, pin: Hidden | None) -> Opened:
        """As :meth:`_open`; what is stored afterwards needs the pepper, so it is looked for first.

        A lock that is opened by its code may lie under another pepper until then.
        """
        self._store.get_unverified(name)
        self._pepper.pepper()
        return self._open(name, opened_by, pin)
