"""The models that read a vault's photos: each is loaded once, when it is first wanted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ailock_sdk.store import PepperProvider

if TYPE_CHECKING:
    from ailock_sdk.lock import AiLock


class Models:
    """One lock for new records, and one for each further fingerprint that records name.

    If none is given, the first is one of the default bundle. All have the pepper of this provider.
    """

    def __init__(self, lock: AiLock | None, pepper: PepperProvider) -> None:
        self._lock = lock
        self._pepper = pepper
        self._others: dict[bytes, AiLock] = {}
        self._turn = threading.RLock()  # threads that want a model at once build one

    @property
    def default(self) -> AiLock:
        """The lock that was given, or one with the default bundle and profile."""
        with self._turn:
            if self._lock is None:
                from ailock_sdk.lock import AiLock  # loads NumPy and Pillow: names need neither

                self._lock = AiLock(pepper=self._pepper)
            return self._lock

    def reading(self, fingerprint: bytes) -> AiLock:
        """The lock that takes the imageprints of records with this fingerprint.

        Raises
        ------
        RecordMismatchError
            No installed bundle does; the text says what to install.
        BundleError
            The one that does cannot be loaded.
        """
        if fingerprint == self.default.fingerprint:
            return self.default
        with self._turn:
            if fingerprint not in self._others:
                self._others[fingerprint] = self._build(fingerprint)
            return self._others[fingerprint]

    def _build(self, fingerprint: bytes) -> AiLock:
        from ailock_sdk.embedding import find_bundle_for
        from ailock_sdk.lock import AiLock

        bundle = self.default.bundle
        if fingerprint not in bundle.fingerprints.values():
            bundle = find_bundle_for(fingerprint)
        return AiLock(
            bundle,
            next(name for name, found in bundle.fingerprints.items() if found == fingerprint),
            pepper=self._pepper,
            threads=self.default.threads,
            check_quality=self.default.check_quality,
        )
