"""The lock store: named locks in a vault file, and the attempts on them (SPEC section 9.3)."""

from __future__ import annotations

from dataclasses import replace

from ailock_sdk.errors import AilockError, LockedOutError
from ailock_sdk.secret import Hidden
from ailock_sdk.store.lock_file import LockFile
from ailock_sdk.store.names import normalised_name
from ailock_sdk.store.pepper import FilePepper
from ailock_sdk.store.rows import Rows, StoredLock, new_stored_lock, unverified, verified
from ailock_sdk.store.state_guard import StateGuard
from ailock_sdk.store.throttle import (
    UNMISSED,
    Charge,
    ClockReading,
    ThrottleState,
    ThrottleStatus,
    anchored,
    remaining_wait,
)
from ailock_sdk.store.vault_handle import VaultHandle


class LockStore(VaultHandle):
    """Named locks in a vault file that is open.

    Every change is one transaction: a kill or a power cut at any moment leaves either the old or
    the new state. Whoever can write the file can also bring back an older copy with its smaller
    count of misses; a guard notices that (``guard_source``), and nothing else does.

    The store keeps no pepper: whoever calls gives the vault's where one is needed, and gets a
    :class:`PepperError` for another. Names may have any Unicode form: :class:`BadNameError` says
    that it is none, :class:`UnknownNameError` that no lock has it, :class:`NameTakenError` that one
    has. What was read is given back to change it, and refused by :class:`LockChangedError` if it is
    no longer there. A vault that became unusable, or a closed handle, is a :class:`VaultError`; one
    that cannot be changed :class:`VaultReadOnlyError`, :class:`VaultBusyError` or
    :class:`VaultFullError`. After an error nothing was changed.
    """

    # -- reading --------------------------------------------------------------------------------

    def pepper_id(self) -> bytes | None:
        """The 8 bytes that name the vault's pepper; ``None`` while it holds no lock."""
        with self._use() as rows:
            return rows.pepper_id()

    def pepper_place(self) -> str | None:
        """Where the vault says that its pepper is; ``None`` while it holds no lock."""
        with self._use() as rows:
            return rows.pepper_place()

    def counter(self) -> bytes:
        """Which state of the vault this is; empty if nothing counts them."""
        with self._use() as rows:
            return rows.counter()[0]

    def names(self) -> list[str]:
        """The names of all locks, sorted. Rows are not checked, so none hides another."""
        with self._use() as rows:
            return rows.names()

    def check_new_name(self, name: str) -> str:
        """The form of ``name`` that is stored, or what :meth:`add` would raise for it.

        To be asked before photos are read for nothing.
        """
        name = normalised_name(name)
        with self._use() as rows:
            rows.check_new_name(name)
        return name

    def get(self, name: str, pepper: Hidden) -> StoredLock:
        """The lock ``name``, after checking its MAC.

        Raises
        ------
        PepperError
            The pepper is not the vault's; or the vault's was replaced, and the lock waits for its
            recovery code.
        VaultError
            The row is damaged, swapped or forged.
        LockFormatError
            An intact row of a version that this package does not read.
        """
        name = normalised_name(name)
        with self._use() as rows:
            row = rows.get(name)
            rows.check_pepper(pepper)
        return verified(pepper, name, row)

    def get_unverified(self, name: str) -> StoredLock:
        """The lock ``name`` without its MAC checked: to be opened by its recovery code only.

        Its own slot tells a code whether the lock is the code's. Seal nothing to it before.
        """
        name = normalised_name(name)
        with self._use() as rows:
            return unverified(name, rows.get(name))

    def status(self, stored: StoredLock, now: ClockReading) -> ThrottleStatus:
        """The misses and the wait; after a reboot this look starts the wait anew, if it may write.

        The lock may have other slots by now.
        """
        with self._use() as rows:
            rows.check_same_lock(stored)
            state = rows.state(stored.name)
        wait = remaining_wait(state, stored.lock.is_recoverable, now)
        if wait and anchored(state, now) != state and self.is_writable:
            with self._change() as rows:
                rows.check_same_lock(stored)
                state, wait = self._started(rows, stored, now)
        return ThrottleStatus(state.misses, wait)

    # -- changing -------------------------------------------------------------------------------

    def add(
        self, name: str, lock: LockFile, pepper: Hidden, place: str = FilePepper.kind
    ) -> StoredLock:
        """Store a new lock without misses; the first in a vault makes the pepper the vault's.

        Parameters
        ----------
        name : str
        lock : LockFile
        pepper : Hidden
        place : str
            Of the pepper, as a vault calls it.
        """
        stored = new_stored_lock(pepper, normalised_name(name), lock)
        with self._change() as rows:
            if rows.pepper_id() is None:
                rows.put_pepper(pepper, place)
            rows.check_pepper(pepper)
            rows.insert(stored)
        return stored

    def replace(self, stored: StoredLock, lock: LockFile, pepper: Hidden) -> StoredLock:
        """Store other slots for a lock, which keeps its recipient and its misses.

        The caller has opened the lock: nothing else makes the new slots its owner's.
        """
        if lock.recipient != stored.lock.recipient:
            raise ValueError("a lock keeps its recipient")
        return self._put(stored, new_stored_lock(pepper, stored.name, lock), pepper)

    def rename(self, stored: StoredLock, name: str, pepper: Hidden) -> StoredLock:
        """Give a lock another name; its misses stay."""
        new = new_stored_lock(pepper, normalised_name(name), stored.lock)
        return self._put(stored, new, pepper)

    def remove(self, name: str) -> None:
        """Forget a lock; SQLite overwrites its bytes, though flash memory may keep old copies."""
        name = normalised_name(name)
        with self._change() as rows:
            rows.delete(name)

    def replace_pepper(
        self,
        old: Hidden | None,
        new: Hidden,
        place: str = FilePepper.kind,
        guard: StateGuard | None = None,
    ) -> list[str]:
        """Make another pepper the vault's; the names of the locks that wait for their code then.

        These are all of them if ``old`` is lost (``None``), else those that waited already, and
        damaged ones. The vault is accepted as it is.

        Parameters
        ----------
        old : Hidden or None
        new : Hidden
        place : str
            Of the new one, as a vault calls it.
        guard : StateGuard, optional
            What numbers the vault's states from now on.
        """
        with self._transaction() as rows:
            names = rows.names()
            if old is not None:
                rows.check_pepper(old)
            rows.put_pepper(new, place)
            waiting = names if old is None else _resigned(rows, names, old, new)
            if guard is not None:
                guard.sign(rows, new=True)
        if guard is not None:
            self._step(guard)
        return waiting

    # -- attempts -------------------------------------------------------------------------------

    def charge(self, stored: StoredLock, now: ClockReading) -> Charge:
        """Count an attempt as missed, on the disk, before photos may be compared.

        Call :meth:`refund` when they matched, :meth:`take_back` when they were not compared after
        all. Being killed in between leaves the miss counted. After any error nothing may be
        compared, and nothing was counted, unless it was the guard's counter that failed.

        Raises
        ------
        LockedOutError
            Too many misses.
        """
        with self._change(must_count=True) as rows:
            rows.check_unchanged(stored)
            state, wait = self._started(rows, stored, now)
            charge = Charge(state, state.charged(now))
            if wait == 0.0:
                rows.put_state(stored.name, charge.after)
        # After the commit: a wait that starts anew has to stay stored.
        if wait != 0.0:
            raise LockedOutError(wait)
        return charge

    def refund(self, stored: StoredLock) -> None:
        """Set the misses to 0, because the photos of a charged attempt matched.

        Not synced: a power cut right after leaves the miss counted, and the next success clears it.
        """
        with self._change(durable=False) as rows:
            rows.check_same_lock(stored)
            rows.put_state(stored.name, UNMISSED)

    def take_back(self, stored: StoredLock, charge: Charge) -> None:
        """Forget a charge, and nothing that others counted since, because nothing was compared.

        Not synced, as :meth:`refund`.
        """
        with self._change(durable=False) as rows:
            rows.check_same_lock(stored)
            state = rows.state(stored.name)
            if state == charge.after:
                rows.put_state(stored.name, charge.before)
            elif state.misses > charge.after.misses:
                rows.put_state(stored.name, replace(state, misses=state.misses - 1))
            # Else the count was cleared meanwhile, and this charge with it.

    def recovered(self, stored: StoredLock, pepper: Hidden | None) -> StoredLock:
        """Set the misses to 0, because the recovery code opened the lock, and make its MAC anew.

        Without the vault's pepper the MAC stays as it is. A vault that a guard would refuse is
        accepted as it is; one that is counted by what is not here raises a :class:`PepperError`.
        """
        new = stored
        with self._change(accept=True) as rows:
            rows.check_unchanged(stored)
            rows.put_state(stored.name, UNMISSED)
            if pepper is not None:
                rows.check_pepper(pepper)
                new = new_stored_lock(pepper, stored.name, stored.lock)
                rows.update(stored.name, new)
        return new

    def _started(
        self, rows: Rows, stored: StoredLock, now: ClockReading
    ) -> tuple[ThrottleState, float | None]:
        """State and wait, storing where the wait starts if it starts anew after a reboot."""
        state = rows.state(stored.name)
        wait = remaining_wait(state, stored.lock.is_recoverable, now)
        if wait and anchored(state, now) != state:
            rows.put_state(stored.name, anchored(state, now))
        return state, wait

    def _put(self, stored: StoredLock, new: StoredLock, pepper: Hidden) -> StoredLock:
        with self._change() as rows:
            rows.check_pepper(pepper)
            rows.check_unchanged(stored)
            rows.update(stored.name, new)
        return new


def _resigned(rows: Rows, names: list[str], old: Hidden, new: Hidden) -> list[str]:
    """Put the rows under another pepper; the names of those that cannot be."""
    waiting = []
    for name in names:
        try:
            stored = verified(old, name, rows.get(name))
        except AilockError:
            waiting.append(name)
        else:
            rows.update(name, new_stored_lock(new, name, stored.lock))
    return waiting
