"""manifest.json: every rule of SPEC section 10 has a manifest that breaks only it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ailock_sdk.embedding.manifest import parse_manifest
from ailock_sdk.errors import BundleError
from ailock_sdk.profiles import Look
from tests.json_mutations import NO_NUMBERS, WRONG, Path, encode, fields, shown
from tests.reference.make_manifest_vectors import (
    PATH,
    change,
    drop,
    good,
    vectors_text,
)
from tests.reference.vectors import vectors

VECTORS: list[dict[str, str]] = vectors("manifest")


def test_good_manifest_is_read() -> None:
    manifest = parse_manifest(encode(good()))
    assert manifest.layers["pool_3"].dimensions == 64
    assert manifest.layers["both"].dimensions == 64 + 32
    profile = manifest.profiles["default"]
    assert (profile.tau, profile.code, profile.overcomplete) == ("0.7000", (5, 2, 1), False)
    assert profile.looks == (Look(1.0, 0),)
    assert profile.reference_looks == (Look(1.0, 0), Look(0.65, 3), Look(0.65, 0))
    assert manifest.self_test is not None
    assert manifest.self_test.imageprints["default"] == bytes(8)


MAY_BE_MISSING = {
    *((key,) for key in ("subject", "runtime")),
    *(("input", key) for key in ("layout", "fit", "filter", "decode")),
    ("layers", "pool_3", 0, "norm"),
}


@pytest.mark.parametrize("path", sorted(MAY_BE_MISSING, key=str), ids=shown)
def test_a_key_that_may_be_missing_is_then_as_the_specification_says(path: Path) -> None:
    manifest = good()
    drop(*path)(manifest)
    assert parse_manifest(encode(manifest)) == parse_manifest(encode(good()))


def test_other_systems_are_described() -> None:
    """As NeuralHash: ONNX, channels first, the whole picture squeezed, a given matrix; faces."""
    manifest = good()
    manifest |= {"subject": "faces", "runtime": "onnx", "self_test": None}
    manifest["input"] |= {"layout": "NCHW", "fit": "stretch", "filter": "bicubic"}
    manifest["input"]["decode"] = "full"
    part = {"output": "leaf/logits", "shape": (64, 1, 1), "pooling": "flatten", "norm": "l2"}
    manifest["layers"] = {"pool_3": [part]}
    manifest["projections"]["pool_3"] |= {"kind": "matrix", "hyperplanes": "given"}
    parsed = parse_manifest(encode(manifest))
    assert (parsed.subject, parsed.runtime) == ("faces", "onnx")
    assert parsed.input.as_dict() == manifest["input"]
    assert parsed.layers["pool_3"].as_list() == [part]
    assert parsed.projections["pool_3"].weights_dtype == "float32"
    assert not parsed.profiles["default"].overcomplete


@pytest.mark.parametrize(
    ("key", "value"), [("lambda_bits", 65), ("hyperplanes", "gaussian"), ("window", [1, 64])]
)
def test_overcomplete_projections_are_known(key: str, value: Any) -> None:
    manifest = good()
    manifest["projections"]["pool_3"][key] = value
    manifest["self_test"] = None
    assert parse_manifest(encode(manifest)).profiles["default"].overcomplete


def refusal(raw: bytes) -> str:
    """What is wrong, according to the one error that may come."""
    with pytest.raises(BundleError) as caught:
        parse_manifest(raw)
    return str(caught.value)


def test_the_file_is_what_the_generator_makes() -> None:
    assert PATH.read_text("ascii") == vectors_text()
    assert [vector["expect"] for vector in VECTORS].count("manifest") == 1


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["comment"])
def test_one_defect_is_refused_by_its_field(vector: dict[str, str]) -> None:
    raw = vector["text"].encode()
    if vector["expect"] == "manifest":
        assert parse_manifest(raw) == parse_manifest(encode(good()))
        return
    assert re.match(rf"{re.escape(vector['expect'])}(\b|:)", refusal(raw))


# -- every field, every wrong value --------------------------------------------------------------

NULLABLE = {("self_test",)}
CALIBRATION = ("profiles", "default", "calibration")
"""Its values are numbers or texts."""


def wrong_values(path: Path) -> Iterator[Any]:
    fraction = "looks" in str(path[2:3]) and path[4:] == (0,)
    number = fraction or path in {("input", "low"), ("input", "high"), ("input", "crop")}
    kind = float if number else type(dict(fields(good()))[path])
    for wrong in WRONG[kind]:
        allowed = wrong is None and path in NULLABLE
        if path[:3] == CALIBRATION and len(path) == 4:
            allowed = type(wrong) in (int, float, str) and wrong not in (*NO_NUMBERS, "\ud800")
        if not allowed:
            yield wrong


@pytest.mark.parametrize("path", [path for path, _ in fields(good())], ids=shown)
def test_no_field_takes_a_wrong_value(path: Path) -> None:
    for wrong in wrong_values(path):
        manifest = good()
        change(*path, to=wrong)(manifest)
        # A look is one value with two numbers: it is named itself.
        named = path[:-1] if "looks" in str(path[2:3]) and wrong == -1 else path
        assert refusal(encode(manifest)).startswith(shown(named)), repr(wrong)[:80]


OBJECTS = {(): good(), **{path: one for path, one in fields(good()) if isinstance(one, dict)}}
TABLES = {("files",), ("layers",), ("projections",), ("profiles",), ("self_test", "imageprints")}
"""Objects whose keys are names."""


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: shown(path) or "$")
def test_keys_are_there_known_and_there_once(path: Path) -> None:
    value = OBJECTS[path]
    for key in value:
        manifest = good()
        change(*path, key, to=copy.deepcopy(value[key]))(manifest)
        change(*path, "twice", to=copy.deepcopy(value[key]))(manifest)
        field = shown((*path, key))
        doubled = encode(manifest).replace(b'"twice"', json.dumps(key).encode())
        assert refusal(doubled) == f"{field}: the key is repeated"
        if path in TABLES or path[-1:] == ("calibration",):
            continue
        if (*path, key) in MAY_BE_MISSING:
            continue
        manifest = good()
        drop(*path, key)(manifest)
        assert refusal(encode(manifest)) == f"{field}: missing"
    if path not in TABLES and path[-1:] != ("calibration",):
        for unknown in ("colour", "` - at `$.files", "` - at `$.profiles[...]", "\x1b[2J", "\n"):
            manifest = good()
            change(*path, unknown, to="blue")(manifest)
            assert refusal(encode(manifest)).isprintable()
            if unknown == "colour":
                assert refusal(encode(manifest)) == f"{shown((*path, unknown))}: unknown field"


def test_only_values_of_the_right_entry_are_named() -> None:
    """Of several entries alike, the error names the one that is wrong."""
    for wrong in range(5):
        manifest = good()
        entry = manifest["profiles"].pop("default")
        for number in range(5):
            manifest["profiles"][f"p{number}"] = copy.deepcopy(entry)
        manifest["self_test"] = None
        manifest["profiles"][f"p{wrong}"]["looks"] = [[1, 0], [0.5, "1"]]
        assert refusal(encode(manifest)) == (
            f"profiles.p{wrong}.looks[1][1]: expected `int`, got `str`"
        )


# -- looks ---------------------------------------------------------------------------------------

BAD_LOOKS: dict[str, tuple[Any, str]] = {
    "null": (None, ": expected `array`"),
    "object": ({}, ": expected `array`"),
    "none": ([], " are 1 to 16"),
    "too many": ([[i / 17, 0] for i in range(1, 18)], " are 1 to 16"),
    "repeated": ([[0.5, 1], [1.0, 0], [0.5, 1]], " repeat a look"),
    "repeated as an integer": ([[1.0, 0], [1, 0]], " repeat a look"),
    "flat": ([1.0, 0], "[0]: expected `array`"),
    "one number": ([[1.0]], "[0]: expected `array` of length 2"),
    "three numbers": ([[1.0, 0, 0]], "[0]: expected `array` of length 2"),
    "text": ([["1.0", 0]], "[0][0]: expected `float`"),
    "turns as a float": ([[1.0, 0.0]], "[0][1]: expected `int`"),
    "turns as a boolean": ([[1.0, True]], "[0][1]: expected `int`"),
    "fraction as a boolean": ([[True, 0]], "[0][0]: expected `float`"),
    "fraction zero": ([[0, 0]], "[0]: a look's fraction"),
    "fraction above one": ([[1.0, 1], [1.0001, 0]], "[1]: a look's fraction"),
    "fraction beyond a float": ([[10**400, 0]], "[0][0]: not a finite number"),
    "fraction not a number": ([[float("nan"), 0]], "[0][0]: not a finite number"),
    "negative turns": ([[1.0, -1]], "[0]: a look has -1 quarter turns"),
    "four turns": ([[1.0, 4]], "[0]: a look has 4 quarter turns"),
}


@pytest.mark.parametrize("key", ["looks", "reference_looks"])
@pytest.mark.parametrize("defect", BAD_LOOKS)
def test_looks_are_checked_and_the_error_names_them(key: str, defect: str) -> None:
    manifest = good()
    manifest["profiles"]["default"][key], message = BAD_LOOKS[defect]
    assert refusal(encode(manifest)).startswith(f"profiles.default.{key}{message}")


def test_odd_turns_need_a_square_input() -> None:
    manifest = good()
    manifest["input"]["width"] = 48
    expected = "profiles.default.reference_looks[1]: odd turns"
    assert refusal(encode(manifest)).startswith(expected)
    manifest["profiles"]["default"]["reference_looks"] = [[1.0, 2]]
    parse_manifest(encode(manifest))


# -- bytes that are no manifest ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON"),
        (b"null", "expected `object`"),
        (b"[]", "expected `object`"),
        (b'"\xc3', "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ("{}".encode("utf-16"), "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" * 500 + b"]" * 500, "nested too deeply"),
        (b'{"format": "ailock-bundle/2", "format": "b"}', "format: the key is repeated"),
        (b"NaN", "not a finite number"),
        (b"-Infinity", "not a finite number"),
        (b"1" * 100_000, "not a finite number, or one of more than 64 bits"),
    ],
)
def test_not_a_manifest(raw: bytes, message: str) -> None:
    assert message in refusal(raw)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)


def read_or_refused(raw: bytes) -> None:
    message = ""
    try:
        parse_manifest(raw)
    except BundleError as error:
        message = str(error)
    assert message.isprintable()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    manifest = good()
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path, _ in fields(manifest)]))
        change(*path, to=data.draw(VALUES))(manifest)
    read_or_refused(encode(manifest))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=6), st.integers(0, 2000), st.integers(0, 40))
@example(b"-Infinity", 0, 2000)
def test_any_bytes_are_read_or_refused(new: bytes, start: int, length: int) -> None:
    raw = encode(good())
    read_or_refused(raw[:start] + new + raw[start + length :])
