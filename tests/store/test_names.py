"""SPEC section 9.3, names: what looks alike is one name, and what cannot be seen is none."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ailock_sdk.errors import BadNameError
from ailock_sdk.store.names import is_label, is_name, normalised_label, normalised_name


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "x" * 64,
        "🦈" * 64,
        "a/b",
        "'; DROP TABLE locks; --",
        "Blåhaj 🦈",
        "-o",
        "كأس",
        "☕️",
        "e" * 64,
    ],
)
def test_allowed_names(name: str) -> None:
    assert normalised_name(name) == name
    assert is_name(name)


def test_row_23_two_spellings_are_one_name() -> None:
    decomposed = unicodedata.normalize("NFD", "Blåhaj café")
    assert decomposed != "Blåhaj café"
    assert normalised_name(decomposed) == "Blåhaj café"
    assert normalised_label(decomposed) == "Blåhaj café"
    assert not is_name(decomposed)
    assert normalised_name(unicodedata.normalize("NFD", "å" * 64)) == "å" * 64


HIDDEN = {
    "nothing": "",
    "65 characters": "x" * 65,
    "tab": "a\tb",
    "line break": "a\nb",
    "null": "a\x00",
    "escape": "\x1b[2J",
    "C1 control": "\x85",
    "delete": "\x7f",
    "surrogate": "\udc80",
    "right-to-left override": "mug\u202egpj",
    "right-to-left mark": "\u200fmug",
    "isolate": "\u2066mug\u2069",
    "zero-width space": "mu\u200bg",
    "zero-width joiner": "mu\u200dg",
    "word joiner": "mu\u2060g",
    "soft hyphen": "mu\u00adg",
    "byte order mark": "\ufeffmug",
    "line separator": "mug\u2028door",
    "paragraph separator": "mug\u2029",
    "tag character": "mug\U000e0041",
    "no-break space": "my\u00a0mug",
    "ideographic space": "my\u3000mug",
    "lone space": " ",
    "space before": " mug",
    "space after": "mug ",
    "blank letter": "\u3164",
    "blank braille": "mug\u2800",
    "grapheme joiner": "mu\u034fg",
    "variation selector": "mug\ufe00",
    "mark alone": "\u0301",
    "presentation selector alone": "\ufe0f",
    "private use": "\ue000",
    "unassigned": "\U000e0fff",
    "noncharacter": "\uffff",
}


@pytest.mark.parametrize("name", HIDDEN.values(), ids=HIDDEN)
def test_row_23_what_cannot_be_seen_is_no_name(name: str) -> None:
    with pytest.raises(BadNameError, match="is not a name: use 1 to 64 characters") as caught:
        normalised_name(name)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    if name:
        with pytest.raises(BadNameError, match="is not a label"):
            normalised_label(name)


def test_labels() -> None:
    assert normalised_label("") == ""
    assert is_label("x" * 64)
    assert is_label("🦈" * 16)
    for label in ("x" * 65, "🦈" * 16 + "x", "\ud800"):
        assert not is_label(label)
        with pytest.raises(BadNameError, match="at most 64 bytes"):
            normalised_label(label)


def test_long_text_is_refused_and_shortened() -> None:
    with pytest.raises(BadNameError) as caught:
        normalised_name("e\u0301" * 1_000_000)
    assert len(str(caught.value)) < 2000


@given(st.text(max_size=70))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = normalised_name(text)
    except BadNameError:
        return
    assert is_name(name)
    assert normalised_name(name) == name
    assert name == unicodedata.normalize("NFC", text)
    assert name.isprintable()
