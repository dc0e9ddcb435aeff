"""The unlock that is timed: the real path, one stage at a time."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter

from ailock_sdk.embedding import DEFAULT_BUNDLE, Bundle, quiet_stderr
from ailock_sdk.errors import AilockError
from ailock_sdk.imageprint import combine
from ailock_sdk.lock import AiLock
from ailock_sdk.photo_reader import timed_stage
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import KdfCost, ObjectSketch, derive_keys, find_messages
from ailock_sdk.store import FilePepper, LockStore, read_clock
from ailock_sdk.vault import Vault

IMAGEPRINT_STAGES = ("read", "decode", "quality", "resize", "network", "projection")
"""From the photo's file to its imageprint, in order."""
STAGES = (*IMAGEPRINT_STAGES, "code", "Argon2id", "store")
"""In the order of an unlock; ``store`` is what the vault file costs: reading the record, and the
charge and the refund of the attempt, each synced to disk."""
_LOCK_NAME = "benchmark"


class StageSeconds(defaultdict[str, float]):
    """The seconds of each stage since :meth:`clear`."""

    def __init__(self) -> None:
        super().__init__(float)

    def add(self, stage: str, seconds: float) -> None:
        """Observe a stage, which may come once for each segment."""
        self[stage] += seconds


class Unlocking:
    """A lock of one photo in a vault of its own, to unlock again and again; a context manager.

    The vault lies in the folder for temporary files: set ``TMPDIR`` to measure another disk.

    Parameters
    ----------
    photo : str or path-like, optional
        A photo's file; by default the bundle's own.
    threads : int, optional
        CPU threads of the network, at least 1; by default as :class:`AiLock` chooses.
    profile : str
        A profile of the bundle.
    bundle : Bundle or str
        A bundle, or the name of an installed one.

    Raises
    ------
    AilockError
        The photo or the installation cannot be used, or no folder can be written.
    """

    def __init__(
        self,
        photo: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        profile: str = DEFAULT_PROFILE,
        bundle: Bundle | str = DEFAULT_BUNDLE,
    ) -> None:
        if threads is not None and threads < 1:
            raise AilockError(f"a network cannot run on {threads} threads: give 1 or more")
        self.times: dict[str, list[float]] = defaultdict(list)
        self._now = StageSeconds()
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="ailock-")
        except OSError as error:
            raise AilockError(f"no folder can be written ({error}): set TMPDIR to one") from None
        self.vault = Path(self._folder.name) / "vault.db"
        self.pepper = Path(self._folder.name) / "pepper"
        pepper = FilePepper(self.pepper)
        try:
            self._pepper = pepper.create()
            start = perf_counter()
            with quiet_stderr():
                enrolling = AiLock(bundle, profile, pepper=pepper, threads=threads)
            self.load_seconds = perf_counter() - start
            self.photo = _own_photo(enrolling) if photo is None else Path(photo)
            with Vault.open(self.vault, pepper=pepper, lock=enrolling) as vault:
                vault.enroll(_LOCK_NAME, [self.photo], recovery=False)
            bundle = enrolling.bundle
            del enrolling, vault  # the first unlock shall find a model that has not run yet
            with quiet_stderr():
                self.lock = AiLock(
                    bundle, profile, pepper=pepper, threads=threads, observe=self._now.add
                )
        except BaseException:
            self._folder.cleanup()
            raise
        self._store = LockStore.open(self.vault)

    def once(self) -> None:
        """What ``Vault.unlock`` does, the two halves of the fuzzy extractor timed apart."""
        self.with_photos(1)
        for stage in STAGES:
            self.times[stage].append(self._now[stage])

    def with_photos(self, count: int) -> None:
        """As :meth:`once` with the photo given ``count`` times, 1 to 8; its times are not kept."""
        self._now.clear()
        with timed_stage(self._now.add, "store"):
            stored = self._store.get(_LOCK_NAME, self._pepper)
        record = self.lock.check(stored.lock.slot(1).body)
        probe = combine([self.lock.imageprint(self.photo) for _ in range(count)])
        (one,) = record.objects
        sketch = ObjectSketch(self.lock.code, one.radius, one.salt, one.helper)
        with timed_stage(self._now.add, "store"):
            self._store.charge(stored, read_clock())
        with timed_stage(self._now.add, "code"):
            find_messages([sketch], [probe.margins], self._pepper)
        with timed_stage(self._now.add, "Argon2id"):
            header = record.header
            cost = KdfCost(header.time_cost, header.memory_cost_kib, header.lanes)
            derive_keys(Hidden(16), header.salt, self._pepper, cost, bytes(record))
        with timed_stage(self._now.add, "store"):
            self._store.refund(stored)

    def command(self) -> list[str]:
        """The command line of an ``ailock unlock`` of the same lock with the same photo."""
        photo = str(self.photo.absolute())  # as its name may begin with a hyphen
        return [
            *(sys.executable, "-m", "ailock_sdk", "unlock", _LOCK_NAME, photo),
            *("--vault", str(self.vault), "--pepper", str(self.pepper)),
            *("--bundle", str(self.lock.bundle.path.absolute())),
            *("--profile", self.lock.profile.name),
        ]

    def __enter__(self) -> Unlocking:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()
        self._folder.cleanup()


def _own_photo(lock: AiLock) -> Path:
    if lock.bundle.self_test is None:
        raise AilockError(f"bundle {lock.bundle.name!r} has no photo of its own: give one")
    return lock.bundle.path / lock.bundle.self_test.photo
