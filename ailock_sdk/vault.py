"""Vault: locks with names, on disk, with the attempts counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.store import (
    DEFAULT_PEPPER,
    FilePepper,
    PepperProvider,
    Record,
    RecordStore,
    open_bytes,
    open_file,
    open_stream,
    read_clock,
    seal_bytes,
    seal_file,
    seal_stream,
    sealing_key,
)

if TYPE_CHECKING:
    from ailock_sdk.capture import PhotoSource
    from ailock_sdk.lock import AiLock
    from ailock_sdk.photo_lists import PhotoSources
    from ailock_sdk.store.sealing import Reader, Writer


class Vault:
    """Named locks in one file. Safe with several processes; one object serves one thread.

    Open with :meth:`Vault.open` and use it as a context manager, or call :meth:`close`.

    Parameters
    ----------
    store : RecordStore
        Opened with the same pepper.
    pepper : PepperProvider
    lock : AiLock or None
        One that uses the same pepper.
    """

    def __init__(self, store: RecordStore, pepper: PepperProvider, lock: AiLock | None) -> None:
        self._store = store
        self._pepper = pepper
        self._lock = lock
        self._others: dict[bytes, AiLock] = {}  # of records that self.lock does not fit

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        pepper: PepperProvider = DEFAULT_PEPPER,
        lock: AiLock | None = None,
    ) -> Vault:
        """Open a vault file, creating it if there is none.

        Parameters
        ----------
        path : str or path-like
            The vault file; created with mode 0600.
        pepper : PepperProvider
            By default a file outside the vault, ``~/.config/ailock/pepper`` (mode 0600, created at
            first use). Records made with it open on no machine that lacks it.
        lock : AiLock, optional
            One that uses the same pepper; by default one with the default profile, loaded when a
            photo first comes. Records of other bundles open if these are installed too.

        Raises
        ------
        VaultError
            Not a vault, damaged, or not writable.
        PepperError
            The pepper file is damaged or readable by others.
        """
        if isinstance(pepper, FilePepper) and not Path(path).exists():
            pepper.create()
        return cls(RecordStore.open(Path(path), Hidden(pepper.pepper())), pepper, lock)

    @property
    def lock(self) -> AiLock:
        """The lock that reads photos; the model is loaded at first use."""
        if self._lock is None:
            from ailock_sdk.lock import AiLock  # loads NumPy and Pillow, which names do not need

            self._lock = AiLock(pepper=self._pepper)
        return self._lock

    def lock_for(self, name: str) -> AiLock:
        """The lock that reads photos for the record ``name``, its model loaded.

        That is :attr:`lock` if it takes the imageprints the record was made with; else one of the
        installed bundle that does, an old version in a folder of its own, for example.
        :meth:`unlock` uses it by itself; a program may call this to be warm before a photo comes.

        Raises
        ------
        RecordMismatchError
            No installed bundle does.
        UnknownNameError, VaultError, RecordError, BundleError
            The record cannot be read, or a model not be loaded.
        """
        return self._lock_for(self._store.get(name).record)

    def _lock_for(self, record: Record) -> AiLock:
        wanted = record.objects[0].fingerprint
        if wanted == self.lock.fingerprint:
            return self.lock
        if wanted not in self._others:
            from ailock_sdk.embedding import find_bundle_for
            from ailock_sdk.lock import AiLock

            bundle = self.lock.bundle
            if wanted not in bundle.fingerprints.values():
                bundle = find_bundle_for(wanted)
            self._others[wanted] = AiLock(
                bundle,
                next(name for name, found in bundle.fingerprints.items() if found == wanted),
                pepper=self._pepper,
                threads=self.lock.threads,
                check_quality=self.lock.check_quality,
            )
        return self._others[wanted]

    def enroll(self, name: str, photos: Sequence[PhotoSource]) -> Secret:
        """Create the lock ``name`` from 1 to 16 photos of one object.

        Raises
        ------
        NameTakenError
            The name is in use; nothing was changed.
        CaptureError, EnrollmentError
            The photos cannot be used; nothing was stored.
        """
        self._store.check_new_name(name)
        record, secret = self.lock.enroll(photos)
        self._store.add(name, record, sealing_key(secret))
        return secret

    def unlock(self, name: str, photos: PhotoSources) -> Secret:
        """The secret of the lock ``name``, if a photo shows its object, or several do together.

        A photo that cannot be used (:class:`CaptureError`) costs no attempt. Photos that are
        compared cost one, whatever their number: it is charged on disk first and refunded on
        success, so ending the process buys nothing.

        Parameters
        ----------
        name : str
        photos : PhotoSource, or list or tuple of 1 to 8 PhotoSource

        Raises
        ------
        UnlockError
            No match; :class:`LockedOutError` when too many came before.
        UnknownNameError, CaptureError, VaultError, RecordError, PepperError
            The comparison could not be made.
        """
        record = self._store.get(name).record
        lock = self._lock_for(record)
        lock.check(record)
        probes = lock.probes(photos)
        self._store.charge(name, read_clock())
        secret = lock.reproduce(probes, record)
        self._store.refund(name)
        return secret

    def names(self) -> list[str]:
        """The names of all locks, sorted."""
        return self._store.names()

    def show(self, name: str) -> dict[str, Any]:
        """What is stored under ``name``: parameters and the misses so far, no secret."""
        stored = self._store.get(name)
        throttle = self._store.throttle_status(name, read_clock())
        created = datetime.fromtimestamp(stored.created, timezone.utc)
        return {
            "name": name,
            "created": created.isoformat(),
            "misses": throttle.misses,
            "retry_after_seconds": throttle.retry_after_seconds,
            **stored.record.describe(),
        }

    def remove(self, name: str) -> None:
        """Delete the lock ``name``. What was sealed to it can never be opened again."""
        self._store.remove(name)

    def seal(self, name: str, data: bytes) -> bytes:
        """Encrypt ``data`` to the lock ``name``; needs no photo. See :meth:`seal_file`."""
        return seal_bytes(data, self._store.get(name).sealing_key)

    def open_sealed(self, name: str, sealed: bytes, photos: PhotoSources) -> bytes:
        """Decrypt what :meth:`seal` gave, with photos of the object. See :meth:`open_file`."""
        return open_bytes(sealed, self.unlock(name, photos))

    def seal_file(
        self,
        name: str,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        progress: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Encrypt a file of any size to a lock; needs no photo.

        Parameters
        ----------
        name : str
        source : str or path-like
        target : str or path-like
            Must not exist, and appears only when whole.
        progress : callable
            Called with the number of bytes of each piece that was read.

        Raises
        ------
        UnknownNameError, VaultError, RecordError
            The lock cannot be used.
        FileExistsError, OSError
            A file cannot be read or written.
        """
        key = self._store.get(name).sealing_key
        seal_file(Path(source), Path(target), key, progress=progress)

    def open_file(
        self,
        name: str,
        source: str | os.PathLike[str],
        photos: PhotoSources,
        target: str | os.PathLike[str],
        progress: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Decrypt a sealed file with 1 to 8 photos of the lock's object.

        Parameters
        ----------
        name : str
        source : str or path-like
        photos : PhotoSource, or 1 to 8 of them
        target : str or path-like
            Must not exist, and appears only when whole.
        progress : callable
            Called with the number of bytes of each piece that was read.

        Raises
        ------
        UnlockError, UnknownNameError, CaptureError, VaultError, RecordError, PepperError
            As :meth:`unlock`.
        SealedDataError
            Not sealed data, sealed to another lock, or damaged.
        FileExistsError, OSError
            A file cannot be read or written.
        """
        open_file(Path(source), Path(target), self.unlock(name, photos), progress=progress)

    def seal_stream(self, name: str, reader: Reader, writer: Writer) -> None:
        """Encrypt what ``reader`` gives; see :meth:`seal_file`."""
        seal_stream(reader, writer, self._store.get(name).sealing_key)

    def open_stream(self, name: str, reader: Reader, photos: PhotoSources, writer: Writer) -> None:
        """Decrypt what ``reader`` gives; see :meth:`open_file`.

        Parameters
        ----------
        name : str
        reader : Reader
        photos : PhotoSource, or 1 to 8 of them
        writer : Writer
        """
        open_stream(reader, writer, self.unlock(name, photos))

    def close(self) -> None:
        """Close the vault file."""
        self._store.close()

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
