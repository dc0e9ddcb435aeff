"""Which locks may act when they open. Locks that were made on the page may not, but for the first.

Who holds a paired phone can make a lock of an object of his own, and give it any name: it must not
open the owner's door, not after a restart either. Locks are known by their recipients.
"""

from __future__ import annotations

from pathlib import Path

from ailock_sdk.errors import VaultMissingError
from ailock_sdk.server.state import StateFile
from ailock_sdk.strict_json import Strict
from ailock_sdk.vault import Vault


def lock_names(vault: Vault) -> list[str]:
    """The names of the locks, sorted; none where there is no vault yet."""
    try:
        return vault.names()
    except VaultMissingError:
        return []


class _Content(Strict, frozen=True):
    first: str = ""
    """The recipient of the first lock that was made on the page of an empty vault."""
    others: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    """Names of locks that are being made: if the server is killed, they are none of the owner's."""


class Trust:
    """Keeps in a file which locks were made on the page.

    Parameters
    ----------
    folder : Path
        The server's state folder.
    vault : Vault
    """

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._file = StateFile(folder / "locks.json", _Content)
        self._vault = vault
        self._file.change(lambda content: (self._settled(content), None))

    def acts(self, recipient: str) -> bool:
        """Whether the lock of this recipient may act."""
        return recipient not in self._file.read().others

    def trust(self, name: str) -> None:
        """Let a lock act that was made on the page: for the owner, at the terminal."""
        recipient = self._vault.recipient(name)
        self._file.change(
            lambda c: (
                _Content(c.first, tuple(r for r in c.others if r != recipient), c.begun),
                None,
            )
        )

    def begin(self, name: str) -> None:
        """The lock ``name`` is about to be made on the page; :meth:`end` follows in any case."""
        self._file.change(lambda c: (_Content(c.first, c.others, (*c.begun, name)), None))

    def end(self, *, was_empty: bool) -> None:
        """It was made, in a vault that was empty or not; or it could not be."""
        self._file.change(lambda c: (self._settled(c, was_empty), None))

    def _settled(self, content: _Content, was_empty: bool = False) -> _Content:
        """The same with the recipients of the locks that were begun, of those that are there."""
        if not content.begun:
            return content
        there = {name: self._vault.recipient(name) for name in lock_names(self._vault)}
        first, others = content.first, [r for r in content.others if r in there.values()]
        for name in content.begun:
            recipient = there.get(name)
            if recipient is None:
                continue
            if was_empty and not first:
                first = recipient
            elif recipient != first:
                others.append(recipient)
        return _Content(first, tuple(others))
