"""What a lock may be named, and a slot labelled (SPEC section 9.3)."""

from __future__ import annotations

import unicodedata

from ailock_sdk.errors import BadNameError

MAX_NAME_CHARACTERS = 64
MAX_LABEL_BYTES = 64

_BLANK = frozenset(
    [
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0),
        *(*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0)),
    ]
)
"""Letters, marks and symbols by their category that nevertheless show nothing."""


def normalised_name(name: str) -> str:
    """The form NFC of a lock's name: what is typed alike on two systems is one name.

    What is not 1 to 64 printable characters, or has a space at an end, is a ``BadNameError``.
    """
    # Cut before it is normalised, which may be slow for what is far too long.
    normal = unicodedata.normalize("NFC", name[: 4 * MAX_NAME_CHARACTERS])
    if not is_name(normal):
        raise _bad(name, "name", f"1 to {MAX_NAME_CHARACTERS} characters")
    return normal


def normalised_label(label: str) -> str:
    """The form NFC of a slot's label: empty, or by the rules of a name and at most 64 bytes."""
    normal = unicodedata.normalize("NFC", label[: 2 * MAX_LABEL_BYTES])
    if not is_label(normal):
        raise _bad(label, "label", f"at most {MAX_LABEL_BYTES} bytes of characters")
    return normal


def is_name(text: str) -> bool:
    """Whether ``text`` is a name as it is stored."""
    return (
        1 <= len(text) <= MAX_NAME_CHARACTERS
        and all(_is_shown(character) for character in text)
        # A space at an end cannot be seen, and a mark at the start joins what stands before it.
        and text == text.strip(" ")
        and not unicodedata.category(text[0]).startswith("M")
        and unicodedata.is_normalized("NFC", text)
    )


def is_label(text: str) -> bool:
    """Whether ``text`` is a slot's label as it is stored."""
    # Characters first: a surrogate has no UTF-8 at all.
    return not text or (is_name(text) and len(text.encode()) <= MAX_LABEL_BYTES)


def _bad(text: str, kind: str, allowed: str) -> BadNameError:
    return BadNameError(
        f"{text[:128]!a} is not a {kind}: use {allowed} that can be seen, without a space at "
        "either end"
    )


def _is_shown(character: str) -> bool:
    # What is left out drives or misleads the terminal that lists names: control, bidirectional and
    # zero-width characters (Cc, Cf), line separators (Z), surrogates, which are what the command
    # line makes of bytes that are not UTF-8 (Cs), and what no font shows (Co, Cn).
    category = unicodedata.category(character)
    return (category[0] in "LMNPS" or character == " ") and ord(character) not in _BLANK
