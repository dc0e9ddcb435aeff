"""The recovery code: 128 bits that a person can write down and type (SPEC section 9.1)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from bech32 import CHARSET, bech32_encode, bech32_verify_checksum, convertbits

from ailock_sdk.errors import RecoveryCodeError
from ailock_sdk.secret import Hidden, SecretValue

CODE_LENGTH_BYTES = 16
_PREFIX = "ailock"
_START = _PREFIX + "1"
_SYMBOLS = 32
"""26 that hold the code, 6 of checksum."""
_CODE_SYMBOLS = 26
_GROUP = 4
_GROUPS = _SYMBOLS // _GROUP


class RecoveryCode(SecretValue):
    """A recovery code. ``shown()`` gives its text, ``bytes(code)`` its 16 bytes; ``repr`` neither.

    Two codes are compared in constant time. Another number of bytes is a ``ValueError``.
    """

    __slots__ = ()

    _NAME = "recovery code"
    _LENGTH_BYTES = CODE_LENGTH_BYTES

    @classmethod
    def parse(cls, text: str | bytes) -> RecoveryCode:
        """Read ``ailock1`` and 32 symbols: white space, dashes and capitals do not matter.

        Raises
        ------
        RecoveryCodeError
            Mistyped. The text says where, as far as the checksum can tell, and never repeats what
            was typed. Nothing was derived from it.
        """
        # Rebound at once: no frame of a traceback shows the code.
        text = Hidden(text.encode("utf-8", "replace") if isinstance(text, str) else text)
        found = _read(text)
        if isinstance(found, str):
            raise RecoveryCodeError(found)
        return cls(found)

    def shown(self) -> str:
        """The text to write down: ``ailock1-`` and eight groups of four symbols."""
        symbols = convertbits(self._value, 8, 5)
        assert symbols is not None
        text = bech32_encode(_PREFIX, symbols).removeprefix(_START)
        groups = [text[start : start + _GROUP] for start in range(0, _SYMBOLS, _GROUP)]
        return "-".join([_START, *groups])


def _read(typed: Hidden) -> Hidden | str:
    """The code's bytes, or what is wrong with it."""
    parts = "".join(" " if _separates(c) else c for c in typed.decode("utf-8", "replace")).split()
    text = "".join(parts).lower()
    if not text:
        return "no recovery code was given"
    if not text.startswith(_START):
        return f"not a recovery code: it begins with {_START}, and eight groups of four follow"
    text = text.removeprefix(_START)
    strange = [index for index, character in enumerate(text) if character not in CHARSET]
    if strange:
        return (
            f"the recovery code is mistyped in {_groups_of(strange)}: it has digits and letters "
            "without 1, b, i and o"
        )
    if len(text) != _SYMBOLS:
        where = _wrong_group(parts)
        return (
            f"the recovery code has {len(text)} symbols after {_START} instead of {_SYMBOLS}{where}"
        )
    symbols = [CHARSET.index(character) for character in text]
    mistyped = "the recovery code is mistyped{}: compare it with what you wrote down"
    return _value(symbols) or mistyped.format(_where(symbols))


def _separates(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Pd"


def _value(symbols: Sequence[int]) -> Hidden | None:
    """The 16 bytes, if the checksum fits and the two unused bits are zero."""
    if not bech32_verify_checksum(_PREFIX, symbols):
        return None
    value = convertbits(symbols[:_CODE_SYMBOLS], 5, 8, pad=False)
    return None if value is None else Hidden(value)


def _wrong_group(parts: Sequence[str]) -> str:
    """Which of eight groups that were typed apart has not four symbols, if it can be said."""
    groups = [part for part in parts if part.lower() != _START]
    wrong = [index for index, group in enumerate(groups) if len(group) != _GROUP]
    if len(parts) != _GROUPS + 1 or not wrong:
        return ""
    return f": look at {_groups_of([_GROUP * index for index in wrong])}"


def _where(symbols: Sequence[int]) -> str:
    """Name the groups where one wrong symbol, or two swapped neighbours, explain a bad checksum.

    At most one such explanation exists: any two valid codes differ in five symbols or more (BIP
    173), and two explanations would be four apart at most.
    """
    for changed in _single_mistakes(symbols):
        if _value(changed) is not None:
            wrong = [i for i, (a, b) in enumerate(zip(symbols, changed, strict=True)) if a != b]
            return f" in {_groups_of(wrong)}"
    return " in more than one place"


def _single_mistakes(symbols: Sequence[int]) -> Iterator[list[int]]:
    for index in range(len(symbols)):
        for other in range(len(CHARSET)):
            yield [*symbols[:index], other, *symbols[index + 1 :]]
    for index in range(len(symbols) - 1):
        pair = [symbols[index + 1], symbols[index]]
        yield [*symbols[:index], *pair, *symbols[index + 2 :]]


def _groups_of(indices: Sequence[int]) -> str:
    """``group 3``, or ``groups 3 and 4``, of symbols counted from 0."""
    groups = sorted({index // _GROUP + 1 for index in indices})
    if len(groups) == 1:
        return f"group {groups[0]}"
    return f"groups {', '.join(map(str, groups[:-1]))} and {groups[-1]}"
