"""Signatures of bundles: ours, minisign's, and those that are refused."""

from __future__ import annotations

import base64
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ailock_sdk.embedding import (
    SIGNATURE_NAME,
    PublicKey,
    Signed,
    check_signature,
    parse_public_key,
)
from ailock_sdk.errors import BundleError
from tests.bundles import copy_bundle, turn_bits_over
from tests.docs.pages import blocks_of
from tests.minisign import Key, make_key, minisign, needs_minisign

ROOT = Path(__file__).resolve().parents[2]
Change = Callable[[list[str]], object]


@pytest.fixture
def key() -> Key:
    return make_key()


@pytest.fixture
def signed(tmp_path: Path, key: Key) -> Path:
    folder = copy_bundle(tmp_path / "mugs")
    key.sign(folder, "mugs 1")
    return folder


def test_a_signed_bundle_says_by_whom(signed: Path, key: Key) -> None:
    public = parse_public_key(key.public)
    assert check_signature(signed, [public], required=True) == Signed(public.name, "mugs 1")
    assert len(public.name) == 16
    assert parse_public_key(f"untrusted comment: x\n{key.public}\n") == public


def test_a_swapped_bundle_is_noticed(signed: Path, tmp_path: Path, key: Key) -> None:
    """One that is whole by its own hashes: with the old signature, with none, with another's."""
    public = parse_public_key(key.public)
    swapped = copy_bundle(tmp_path / "other")
    turn_bits_over(swapped)
    with pytest.raises(BundleError, match="has no signature, and wanted is one by"):
        check_signature(swapped, [public], required=True)
    assert check_signature(swapped, [public]) is None
    shutil.copy(signed / SIGNATURE_NAME, swapped)
    for required in (False, True):
        with pytest.raises(BundleError, match="changed or exchanged"):
            check_signature(swapped, [public], required=required)
    make_key().sign(swapped, "mugs 1")
    with pytest.raises(BundleError, match=f"wanted is one by {public.name}"):
        check_signature(swapped, [public], required=True)
    told = check_signature(swapped, [public])
    assert told is not None
    assert not told.trusted


def test_a_key_id_proves_nothing(signed: Path, key: Key) -> None:
    raw = base64.b64decode(make_key().public)
    same_id = base64.b64encode(b"Ed" + base64.b64decode(key.public)[2:10] + raw[10:]).decode()
    with pytest.raises(BundleError, match="changed or exchanged"):
        check_signature(signed, [parse_public_key(same_id)])
    both = [parse_public_key(same_id), parse_public_key(key.public)]
    assert check_signature(signed, both, required=True)


def again(line: str, change: Callable[[bytearray], object]) -> str:
    raw = bytearray(base64.b64decode(line))
    change(raw)
    return base64.b64encode(raw).decode()


def flip(at: int) -> Callable[[bytearray], object]:
    return lambda raw: raw.__setitem__(at, raw[at] ^ 1)


CHANGES: dict[str, tuple[Change, str]] = {
    "signature": (lambda t: t.__setitem__(1, again(t[1], flip(20))), "changed or exchanged"),
    "comment": (lambda t: t.__setitem__(2, t[2] + "!"), "changed or exchanged"),
    "of comment": (lambda t: t.__setitem__(3, again(t[3], flip(3))), "changed or exchanged"),
    "algorithm": (lambda t: t.__setitem__(1, again(t[1], flip(0))), "not prehashed"),
    "terminal": (lambda t: t.__setitem__(2, t[2] + "\x1b[2J"), "no signature"),
    "short": (lambda t: t.__setitem__(1, again(t[1], lambda raw: raw.pop())), "no signature"),
    "no base64": (lambda t: t.__setitem__(3, "é"), "no signature"),
    "no comment": (lambda t: t.pop(0), "no signature"),
    "a line more": (lambda t: t.append("x"), "no signature"),
    "long": (
        lambda t: t.__setitem__(0, t[0] + "x" * (16385 - sum(len(x) + 1 for x in t))),
        "no signature",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_signature_is_refused(signed: Path, key: Key, name: str) -> None:
    file = signed / SIGNATURE_NAME
    lines = file.read_text("utf-8").splitlines()
    change, message = CHANGES[name]
    change(lines)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(BundleError, match=message):
        check_signature(signed, [parse_public_key(key.public)])


def test_the_legacy_form_is_refused(signed: Path, key: Key) -> None:
    file = signed / SIGNATURE_NAME
    lines = file.read_text("utf-8").splitlines()
    lines[1] = again(lines[1], lambda raw: raw.__setitem__(slice(0, 2), b"Ed"))
    file.write_text("\n".join(lines), "utf-8")
    with pytest.raises(BundleError, match="not prehashed"):
        check_signature(signed, [parse_public_key(key.public)])


def test_any_bytes_are_refused_in_words(signed: Path, key: Key) -> None:
    """Damaged at random, file and key alike: an error that says so, or what is true."""
    file, rng = signed / SIGNATURE_NAME, random.Random(1)
    good, public = file.read_bytes(), parse_public_key(key.public)
    refused = 0
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randint(0, 2)] = rng.randbytes(rng.randint(0, 2))
        file.write_bytes(raw)
        other = PublicKey(public.key_id, rng.randbytes(32))
        for keys in ([public], [other]):
            try:
                told = check_signature(signed, keys, required=True)
            except BundleError:
                refused += 1
            else:  # the comment that nobody signed, or nothing, was changed
                assert keys == [public]
                assert told == Signed(public.name, "mugs 1")
    assert 300 < refused < 600


@pytest.mark.parametrize("text", ["", "RW", "x" * 56, "a\nb\nc", "untrusted comment: x\n"])
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(BundleError, match="no public key of minisign"):
        parse_public_key(text)


@needs_minisign
def test_minisign_checks_ours_and_we_check_its(tmp_path: Path) -> None:
    secret, public, folder = tmp_path / "k.key", tmp_path / "k.pub", copy_bundle(tmp_path / "mugs")
    minisign("-G", "-W", "-s", secret, "-p", public)
    keys = [parse_public_key(public.read_text())]
    manifest = folder / "manifest.json"
    minisign("-S", "-m", manifest, "-s", secret, "-t", "by the program, ä")
    assert check_signature(folder, keys, required=True) == Signed(keys[0].name, "by the program, ä")
    assert keys[0].name in public.read_text()
    (folder / SIGNATURE_NAME).unlink()
    key = make_key()
    key.sign(folder, "by us, ö")
    assert "by us, ö" in minisign("-V", "-m", manifest, "-P", key.public)


@needs_minisign
def test_the_how_to(tmp_path: Path) -> None:
    """The commands of own-model.md as they stand, but for the password."""
    page = (ROOT / "docs" / "how-to" / "own-model.md").read_text("utf-8")
    (block,) = [b.text for b in blocks_of(page) if "minisign -S" in b.text]
    copy_bundle(tmp_path / "my-bundle")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", block.replace("minisign -G", "minisign -G -W")],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "PATH": programs},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert ": my-bundle 1.0\n" in done.stdout
