"""The strict reader by itself: paths, doubtful values, and what it leaves alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import field

from ailock_sdk.strict_json import (
    MAX_DEPTH,
    Strict,
    StrictJsonError,
    check_json,
    json_path,
    parse_json,
    read_json,
)


class Point(Strict, frozen=True):
    x: float
    y: int


class Shape(Strict, frozen=True):
    corners: dict[str, list[Point]]
    within: dict[str, dict[str, Point]] = field(default_factory=dict)


def refusal(value: Any) -> str:
    with pytest.raises(StrictJsonError) as caught:
        check_json(value, Shape)
    return str(caught.value)


def test_values_become_the_class_and_plain_again() -> None:
    raw = b'{"corners": {"a": [{"x": 1, "y": 2}, {"x": 0.5, "y": -3}]}}'
    shape = read_json(raw, Shape)
    assert shape.corners["a"] == [Point(1.0, 2), Point(0.5, -3)]
    assert shape.corners["a"][1].as_dict() == {"x": 0.5, "y": -3}
    assert read_json(b"[1, 2]", list[int]) == [1, 2]


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (("a", "b_2"), "a.b_2"),
        (("mixed_8/pool", "x+y-z"), "mixed_8/pool.x+y-z"),
        (("a.b", "c"), "['a.b'].c"),
        (("a", ""), "a['']"),
        (("a", "\x1b[2J"), r"a['\x1b[2J']"),
        (("a", "é"), r"a['\xe9']"),
        (("n" * 300,), f"['{'n' * 200}']"),
    ],
)
def test_a_path_can_be_printed(keys: tuple[str, ...], shown: str) -> None:
    assert json_path(*keys) == shown


def test_the_key_that_is_wrong_is_named_however_deep() -> None:
    good = {"x": 1, "y": 2}
    shape = {
        "corners": {"a": [good], "b": [good]},
        "within": {n: {m: dict(good) for m in "klm"} for n in "cde"},
    }
    for name in "cde":
        for inner in "klm":
            spoilt = copy.deepcopy(shape)
            spoilt["within"][name][inner]["y"] = 1.5
            before = copy.deepcopy(spoilt)
            assert refusal(spoilt) == f"within.{name}.{inner}.y: expected `int`, got `float`"
            assert spoilt == before  # the search for the key is in a copy
            assert list(spoilt["within"]) == list("cde")


@pytest.mark.parametrize(
    "name",
    [
        *("colour", "` - at `$.corners[...][0].x", "x` - at `$", "` - at `key` in `$.within"),
        *("` - at `$.corners[...][9]", "` - at `$.within[...][...].y", "", "`", "\n", "é"),
    ],
)
def test_a_field_with_any_name_is_unknown(name: str) -> None:
    """Also one that looks like the end of a message."""
    point = {"x": 1, "y": 2}
    for shape in (
        {"corners": {"a": [point]}, name: 1},
        {"corners": {"a": [{**point, name: 1}]}},
        {"corners": {}, "within": {"a": {"b": {**point, name: 1}}}},
    ):
        assert "unknown field" in refusal(shape) or "Object contains unknown" in refusal(shape)
        assert refusal(shape).isprintable()


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 500, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_has_an_end(depth: int, opening: bytes, closing: bytes) -> None:
    raw = opening * depth + b"0" + closing * depth
    if depth <= MAX_DEPTH:
        parse_json(raw)
        return
    with pytest.raises(StrictJsonError, match="nested too deeply"):
        parse_json(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"a": {"b": 1, "b": 1}}', "a.b: the key is repeated"),
        (b'{"a": {"\\u0062": 1, "b": 1}}', "a.b: the key is repeated"),
        (b'{"a": [1, NaN]}', "a[1]: not a finite number"),
        (b'{"a": [-Infinity]}', "a[0]: not a finite number"),
        (b'{"a": 1e999}', "a: not a finite number"),
        (b'{"a": 18446744073709551616}', "a: a whole number of more than 64 bits"),
        (b'{"a": -9223372036854775809}', "a: a whole number of more than 64 bits"),
        (b'{"a": "\\ud800"}', "a: half of a character"),
        (b'{"\\udfff": 1}', "half of a character"),
        (b'"\xff"', "not JSON"),
        (b'"\t"', "not JSON"),
        (b"{} {}", "not JSON"),
    ],
)
def test_a_doubtful_value_is_named(raw: bytes, message: str) -> None:
    with pytest.raises(StrictJsonError) as caught:
        parse_json(raw)
    assert message in str(caught.value)


@pytest.mark.parametrize("raw", [b"18446744073709551615", b"-9223372036854775808", b'"\xc3\xa9"'])
def test_what_fits_is_kept(raw: bytes) -> None:
    assert parse_json(raw) is not None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_any_bytes_end_in_a_value_or_the_one_error(raw: bytes) -> None:
    message = ""
    try:
        read_json(raw, Shape)
    except StrictJsonError as error:
        message = str(error)
    assert message.isprintable()
