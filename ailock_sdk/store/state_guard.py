"""Notices a vault that was put back: its states are numbered by a counter (SPEC section 9.5)."""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass, field
from typing import Protocol

from ailock_sdk.constants import LABEL_COUNTER, LABEL_STATE
from ailock_sdk.errors import PepperError, VaultRolledBackError
from ailock_sdk.secret import Hidden
from ailock_sdk.store.rows import Rows

_COUNTER = struct.Struct(">IQ")
_ADVICE = (
    "restore the newest copy; or accept this one as it is by the recovery code of one of its "
    "locks: ailock recover NAME"
)


class StateCounter(Protocol):
    """What counts up and never down, by an index; ``auth`` is 32 bytes that its user knows.

    A pepper's provider that has one, as ``counter``, has vaults numbered by it.
    """

    def new_counter(self, auth: Hidden) -> int:
        """Make one; its index."""

    def count(self, index: int, auth: Hidden) -> int | None:
        """Its value; ``None`` if there is none of this ``auth``."""

    def step(self, index: int, auth: Hidden) -> None:
        """Count one more."""

    def remove_counter(self, index: int) -> None:
        """Free the index."""


@dataclass(frozen=True)
class StateGuard:
    """Looks at a vault before each change, and signs it after; in the change's transaction.

    Every method raises :class:`PepperError` if the counter cannot be used.
    """

    counter: StateCounter
    pepper: Hidden
    _auth: Hidden = field(init=False, repr=False)

    def __post_init__(self) -> None:
        auth = Hidden(hmac.digest(self.pepper, LABEL_COUNTER, "sha256"))
        object.__setattr__(self, "_auth", auth)

    def check(self, rows: Rows, *, count: bool = True) -> None:
        """Refuse a vault that is not the newest, and make up for a step that was cut off.

        Without ``count`` it is only made sure that the vault is whole: enough before a change that
        is not counted.

        Raises
        ------
        VaultRolledBackError
        """
        counter, state = rows.counter()
        if not counter and rows.pepper_id() is None:
            return  # no lock yet
        if len(counter) != _COUNTER.size or not hmac.compare_digest(state, self._state(rows)):
            raise VaultRolledBackError(f"the vault was changed by something else: {_ADVICE}")
        if count:
            self._compare(*_COUNTER.unpack(counter))

    def sign(self, rows: Rows, *, new: bool, checked: bool = False) -> None:
        """Number and sign what the vault holds now; a ``new`` state waits for :meth:`check`.

        ``checked`` says that the vault was, in this transaction: its number is that of the counter.
        """
        counter, _ = rows.counter()
        if checked and new and counter:
            index, value = _COUNTER.unpack(counter)
            rows.put_counter(_COUNTER.pack(index, value + 1))
        elif new or len(counter) != _COUNTER.size:
            rows.put_counter(self._next(counter))
        rows.put_state_mac(self._state(rows))

    def forget(self, counter: bytes) -> None:
        """Free what a vault that has another pepper now was counted by."""
        if len(counter) == _COUNTER.size:
            self.counter.remove_counter(_COUNTER.unpack(counter)[0])

    def _compare(self, index: int, value: int) -> None:
        count = self.counter.count(index, self._auth)
        if count is None:
            raise VaultRolledBackError(f"the TPM's counter of this vault is gone: {_ADVICE}")
        if value == count + 1:
            self.counter.step(index, self._auth)
        elif value > count:
            raise VaultRolledBackError(f"the TPM's counter is not this vault's: {_ADVICE}")
        elif value < count:
            raise VaultRolledBackError(
                f"the vault is an older copy, {count - value} changes or attempts behind: {_ADVICE}"
            )

    def _next(self, counter: bytes) -> bytes:
        if len(counter) == _COUNTER.size:
            index = _COUNTER.unpack(counter)[0]
            count = self.counter.count(index, self._auth)
            if count is not None:
                return _COUNTER.pack(index, count + 1)
        index = self.counter.new_counter(self._auth)
        count = self.counter.count(index, self._auth)
        if count is None:
            raise PepperError("the TPM lost the counter that it made")
        return _COUNTER.pack(index, count + 1)

    def _state(self, rows: Rows) -> bytes:
        mac = hmac.new(self.pepper, LABEL_STATE, "sha256")
        mac.update(rows.counter()[0])
        for value in rows.everything():
            mac.update(_encoded(value))
        return mac.digest()


def _encoded(value: object) -> bytes:
    """A value of SQLite's, and of which of its types it is."""
    if isinstance(value, int):
        kind, data = b"i", str(value).encode()
    elif isinstance(value, float):
        kind, data = b"r", struct.pack(">d", value)
    elif isinstance(value, str):
        kind, data = b"t", value.encode()
    else:
        assert isinstance(value, bytes)  # columns are NOT NULL
        kind, data = b"b", value
    return kind + len(data).to_bytes(4, "big") + data
