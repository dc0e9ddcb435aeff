"""What the page does with the vault, each in one step that blocks: called in a thread."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ailock_sdk.errors import (
    AilockError,
    EnrollmentError,
    LockedOutError,
    PhotoFormatError,
    RecoveryCodeError,
    UnlockError,
)
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.server.actions import Action
from ailock_sdk.server.devices import Device
from ailock_sdk.server.history import History
from ailock_sdk.server.looking import Looks, best_frames, glance_at, is_new_view
from ailock_sdk.server.problems import Problem
from ailock_sdk.server.trust import Trust, lock_names
from ailock_sdk.server.waiting import Waiting
from ailock_sdk.vault import Vault

REFERENCES = 3
MAX_PROBES = 8
_log = logging.getLogger("ailock_sdk.server")


@dataclass(frozen=True)
class LockView:
    """A lock as pages show it.

    Attributes
    ----------
    name : str
    misses : int
    wait_seconds : float or None
        0.0 if photos may be tried now; ``None`` if they rest until the recovery code was used.
    acts : bool
        Whether it may do something when it opens.
    slots : tuple of dict
        What opens it.
    """

    name: str
    misses: int
    wait_seconds: float | None
    acts: bool
    slots: tuple[dict[str, Any], ...]

    @property
    def needs_pin(self) -> bool:
        """Whether some of its photos open with a PIN."""
        return any(slot["needs_pin"] for slot in self.slots)


class Service:
    """The vault behind the page.

    Parameters
    ----------
    vault : Vault
    folder : Path
        The server's state folder.
    action : Action or None
        What is done when a lock opens.
    acting : sequence of str
        Names of the locks that it is done for; of all if empty. See :class:`Trust` for which of
        them never do anything.
    waiting : Waiting or None
        Programs that get the secret, of the same locks.
    """

    def __init__(
        self,
        vault: Vault,
        folder: Path,
        action: Action | None = None,
        acting: Sequence[str] = (),
        waiting: Waiting | None = None,
    ) -> None:
        self.history = History(folder)
        self.looks = Looks()
        self._vault = vault
        self._trust = Trust(folder, vault)
        self._action = action
        self._acting = acting
        self._waiting = waiting

    def lock(self, name: str) -> LockView:
        """A lock, or an ``UnknownNameError``."""
        found = self._vault.show(name)
        named = not self._acting or found["name"] in self._acting
        acts = named and self._trust.acts(found["recipient"])
        wait = found["retry_after_seconds"]
        return LockView(found["name"], found["misses"], wait, acts, tuple(found["slots"]))

    def locks(self) -> list[LockView]:
        """All locks."""
        return [self.lock(name) for name in lock_names(self._vault)]

    def check(self, device: Device, page: str, photos: Sequence[bytes]) -> None:
        """Whether the last of these references goes with those before; then it is remembered.

        Raises
        ------
        PhotoFormatError, AilockError
            It cannot be used, or shows another object.
        """
        if not 1 <= len(photos) <= REFERENCES:
            raise PhotoFormatError(f"give 1 to {REFERENCES} photos")
        glances = [glance_at(photo) for photo in photos]
        if not is_new_view(glances[-1], glances[:-1]):
            raise Problem(422, "same_view")
        lock = self._vault.lock
        imageprints = [lock.imageprint(g.frame.pixels, reference=True) for g in glances]
        lock.reference(imageprints)
        self.looks.keep(device.id, page, glances)

    def enroll(self, device: Device, name: str, photos: Sequence[bytes], pin: Hidden | None) -> str:
        """Make a lock; its recovery code, to be shown once.

        Parameters
        ----------
        device : Device
        name : str
        photos : sequence of bytes
            Three JPEG files.
        pin : Hidden or None

        Raises
        ------
        AilockError
            As :meth:`~ailock_sdk.vault.Vault.enroll`.
        EnrollmentError
            Not three references.
        """
        if len(photos) != REFERENCES:
            raise EnrollmentError(f"give {REFERENCES} photos")
        name = self._vault.check_new_name(name)
        sources = [glance_at(photo).frame.pixels for photo in photos]
        was_empty = not lock_names(self._vault)
        self._trust.begin(name)
        try:
            enrolled = self._vault.enroll(name, sources, pin=pin)
        finally:
            self._trust.end(was_empty=was_empty)
        assert enrolled.recovery_code is not None
        self.note("enrolled", name, device)
        return enrolled.recovery_code.shown()

    def unlock(
        self, device: Device, name: str, photos: Sequence[bytes], pin: Hidden | None, trial: bool
    ) -> str:
        """Open a lock by photos of a moment; one attempt. What came of its action.

        Parameters
        ----------
        device : Device
        name : str
        photos : sequence of bytes
            JPEG files; the best three are compared.
        pin : Hidden or None
        trial : bool
            Whether the action is left out.

        Raises
        ------
        AilockError
            As :meth:`~ailock_sdk.vault.Vault.unlock`.
        """
        frames = _probes(photos)
        try:
            secret = self._vault.unlock(name, frames, pin=pin)
        except UnlockError:
            self.note("no_match", name, device)
            raise
        except LockedOutError:
            self.note("locked_out", name, device)
            raise
        if trial:
            self.note("tried", name, device)
            return "none"
        return self._opened(device, name, secret, "opened")

    def recover(self, device: Device, name: str, code: Hidden) -> str:
        """Open a lock by its recovery code; what came of its action.

        Raises
        ------
        RecoveryCodeError
        """
        try:
            secret = self._vault.recover(name, code)
        except RecoveryCodeError:
            self.note("wrong_code", self.lock(name).name, device)
            raise
        return self._opened(device, name, secret, "opened_by_code")

    def new_code(
        self, device: Device, name: str, photos: Sequence[bytes], pin: Hidden | None
    ) -> str:
        """A new recovery code of a lock that photos open, in the place of its first.

        Parameters
        ----------
        device : Device
        name : str
        photos : sequence of bytes
        pin : Hidden or None
            These are as for :meth:`unlock`.

        Raises
        ------
        AilockError
            As :meth:`~ailock_sdk.vault.Vault.add_recovery_code`.
        """
        frames = _probes(photos)
        codes = [slot["number"] for slot in self.lock(name).slots if slot["kind"] == "recovery"]
        code = self._vault.add_recovery_code(
            name,
            opened_by=frames,
            opened_with_pin=pin,
            replaces=codes[0] if codes else None,
        )
        self.note("new_code", name, device)
        return code.shown()

    def rename(self, device: Device, name: str, new: str) -> None:
        """Give a lock another name."""
        self._vault.rename(name, new)
        self.note("renamed", new, device)

    def remove(self, device: Device, name: str, typed: str) -> None:
        """Remove a lock, if its name was typed."""
        name = self.lock(name).name
        if typed.strip() != name:
            raise Problem(422, "name_differs", "typed")
        self._vault.remove(name)
        self.note("removed", name, device)

    def note(self, what: str, name: str, device: Device) -> None:
        """Write an event to the history and the log."""
        self.history.add(what, name, device.name)
        _log.info("%s: lock %r, by %s", what, name, ascii(device.name))

    def _opened(self, device: Device, name: str, secret: Secret, event: str) -> str:
        outcome = "none"
        lock = self.lock(name)
        if lock.acts:
            try:
                if self._waiting is not None and self._waiting.give(lock.name, secret):
                    outcome = "done"
                if self._action is not None:
                    self._action(name, secret)
                    outcome = "done"
            except AilockError as error:
                _log.error("lock %r was opened: %s", name, error)
                outcome, event = "failed", "action_failed"
        self.note(event, name, device)
        return outcome


def _probes(photos: Sequence[bytes]) -> list[Any]:
    if not 1 <= len(photos) <= MAX_PROBES:
        raise PhotoFormatError(f"give 1 to {MAX_PROBES} photos")
    return list(best_frames(photos))
