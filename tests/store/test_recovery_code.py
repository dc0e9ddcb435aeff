"""SPEC section 9.1, recovery codes: what is written down comes back, and a mistake is located."""

from __future__ import annotations

import pickle
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import RecoveryCodeError
from ailock_sdk.secret import Hidden
from ailock_sdk.store.recovery_code import RecoveryCode

CODE = RecoveryCode(bytes(range(100, 116)))
SHOWN = CODE.shown()
SYMBOLS = SHOWN.replace("-", "").removeprefix("ailock1")
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

codes = st.binary(min_size=16, max_size=16).map(RecoveryCode)


def problem(text: str | bytes) -> str:
    with pytest.raises(RecoveryCodeError) as caught:
        RecoveryCode.parse(text)
    return str(caught.value)


def typed(symbols: str) -> str:
    return f"ailock1{symbols}"


@given(codes)
def test_what_is_shown_is_read_back(code: RecoveryCode) -> None:
    shown = code.shown()
    prefix, *groups = shown.split("-")
    assert prefix == "ailock1"
    assert [len(group) for group in groups] == [4] * 8
    assert RecoveryCode.parse(shown) == code
    assert bytes(RecoveryCode.parse(shown.encode())) == bytes(code)


@pytest.mark.parametrize(
    "spelling",
    [
        SHOWN.upper(),
        SHOWN.title(),
        SHOWN.replace("-", ""),
        SHOWN.replace("-", " "),
        f"\t {SHOWN.replace('-', ' - ')}\r\n",
        SHOWN.replace("-", "\n"),
        SHOWN.replace("-", "\u2013"),  # what text processors make of a hyphen
        SHOWN.replace("-", "\u00a0"),
        "-".join(SHOWN.replace("-", "")),
    ],
)
def test_spelling_does_not_matter(spelling: str) -> None:
    assert RecoveryCode.parse(spelling) == CODE


@pytest.mark.parametrize("text", ["", " \n", "--"])
def test_nothing(text: str) -> None:
    assert problem(text) == "no recovery code was given"


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        SYMBOLS,
        SHOWN.replace("lock", "1ock"),
        "AGE-SECRET-KEY-1" + SYMBOLS,
        SHOWN[1:],
        "ailock",
    ],
)
def test_another_prefix(text: str) -> None:
    assert "begins with ailock1" in problem(text)


@pytest.mark.parametrize(
    ("symbols", "found"),
    [
        (SYMBOLS[:-1], 31),
        (SYMBOLS + "q", 33),
        ("", 0),
        (SYMBOLS * 3, 96),
    ],
)
def test_another_length(symbols: str, found: int) -> None:
    assert f"has {found} symbols after ailock1 instead of 32" in problem(typed(symbols))


def test_the_group_of_another_length_is_named() -> None:
    groups = SHOWN.split("-")
    groups[3] = groups[3][:-1]
    assert problem("-".join(groups)).endswith(": look at group 3")
    groups[8] = groups[8] + "q"
    groups[1] = groups[1] + "q"
    assert problem(" ".join(groups).upper()).endswith(": look at groups 1, 3 and 8")


@pytest.mark.parametrize("character", ["1", "b", "i", "O", "é", "🦈", "\x00", "\u200b", "\ufffd"])
def test_characters_that_no_code_has(character: str) -> None:
    for index in (0, 13, 31):
        symbols = SYMBOLS[:index] + character + SYMBOLS[index + 1 :]
        assert f"mistyped in group {index // 4 + 1}: " in problem(typed(symbols))


def test_bytes_that_are_no_text() -> None:
    assert "group 8" in problem(typed(SYMBOLS).encode()[:-1] + b"\xff")


@given(codes, st.integers(0, 31), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_located(code: RecoveryCode, index: int, symbol: str) -> None:
    symbols = code.shown().replace("-", "").removeprefix("ailock1")
    changed = symbols[:index] + symbol + symbols[index + 1 :]
    if changed == symbols:
        return
    assert f"mistyped in group {index // 4 + 1}: " in problem(typed(changed))


@given(codes, st.integers(0, 30))
@settings(max_examples=30)  # each tries every other code nearby
def test_two_swapped_neighbours_are_located(code: RecoveryCode, index: int) -> None:
    symbols = code.shown().replace("-", "").removeprefix("ailock1")
    changed = symbols[:index] + symbols[index + 1] + symbols[index] + symbols[index + 2 :]
    if changed == symbols:
        return
    here, there = index // 4 + 1, (index + 1) // 4 + 1
    words = f"group {here}" if here == there else f"groups {here} and {there}"
    assert f"mistyped in {words}: " in problem(typed(changed))


@given(codes, st.sets(st.integers(0, 31), min_size=2, max_size=4), st.data())
@settings(max_examples=30)  # each tries every other code nearby
def test_a_few_wrong_symbols_are_never_a_code(
    code: RecoveryCode, indices: set[int], data: st.DataObject
) -> None:
    symbols = list(code.shown().replace("-", "").removeprefix("ailock1"))
    for index in indices:
        symbols[index] = data.draw(st.sampled_from(ALPHABET.replace(symbols[index], "")))
    assert "mistyped" in problem(typed("".join(symbols)))


def test_unused_bits_are_zero() -> None:
    from bech32 import bech32_encode

    symbols = [ALPHABET.index(symbol) for symbol in SYMBOLS[:26]]
    symbols[-1] |= 1
    assert "mistyped" in problem(bech32_encode("ailock", symbols))


@given(st.text(max_size=60) | st.text(ALPHABET, min_size=30, max_size=34).map(typed))
def test_any_text_is_a_code_or_a_clear_error(text: str) -> None:
    try:
        code = RecoveryCode.parse(text)
    except RecoveryCodeError:
        return
    assert RecoveryCode.parse(code.shown()) == code


def test_no_code_is_shown_by_accident() -> None:
    mistyped = typed(SYMBOLS[:-1] + ("q" if SYMBOLS[-1] != "q" else "p"))
    hidden = Hidden(mistyped.encode())
    del mistyped
    try:
        RecoveryCode.parse(hidden)
    except RecoveryCodeError as error:
        told = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    assert SYMBOLS[:8] not in told
    assert repr(CODE) == str(CODE) == "RecoveryCode(<16 bytes>)"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(CODE)


def test_codes_are_values() -> None:
    assert {CODE, RecoveryCode(bytes(CODE))} == {CODE}
    assert RecoveryCode(bytes(16)) != CODE
    assert bytes(CODE) != CODE
    with pytest.raises(ValueError, match="exactly 16 bytes"):
        RecoveryCode(bytes(15))
