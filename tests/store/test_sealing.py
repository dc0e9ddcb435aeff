"""SPEC section 9, sealed data: whole, to one lock, or refused."""

from __future__ import annotations

import os
import stat
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Secret
from ailock_sdk.store import (
    open_bytes,
    open_file,
    open_stream,
    seal_bytes,
    seal_file,
    seal_stream,
    sealing_key,
)
from ailock_sdk.store.sealing import seal_with_ephemeral
from tests.store.examples import SEALING_KEY, SECRET
from tests.store.reference import (
    seal,
    seal_chunks,
    seal_cipher,
    seal_header,
    sealing_private,
    x25519,
)

OTHER_SECRET = Secret(bytes(32))
EPHEMERAL = bytes(range(100, 132))
CHUNK = 65536
SEALED_CHUNK = CHUNK + 16
HEADER = 45
SIZES = [0, 1, 65535, 65536, 65537, 131072]


def data_of(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def seal_fixed(data: bytes) -> bytes:
    sealed = BytesIO()
    seal_with_ephemeral(BytesIO(data), sealed, SEALING_KEY, EPHEMERAL)
    return sealed.getvalue()


def refused(sealed: bytes) -> bool:
    try:
        open_bytes(sealed, SECRET)
    except SealedDataError:
        return True
    return False


# -- the format --------------------------------------------------------------------------------


def test_the_ladder_is_that_of_rfc_7748() -> None:
    """Section 5.2, first vector."""
    scalar = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"
    point = "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"
    product = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    assert x25519(bytes.fromhex(scalar), bytes.fromhex(point)).hex() == product


@pytest.mark.parametrize("size", SIZES)
def test_sizes_round_trip_and_agree_with_the_reference(size: int) -> None:
    data = data_of(size)
    sealed = seal_bytes(data, SEALING_KEY)
    chunks = max(1, -(-size // CHUNK))
    assert len(sealed) == HEADER + size + 16 * chunks
    assert open_bytes(sealed, SECRET) == data
    assert seal_fixed(data) == seal(data, SEALING_KEY, EPHEMERAL)


def test_every_seal_is_fresh() -> None:
    assert seal_bytes(b"same", SEALING_KEY) != seal_bytes(b"same", SEALING_KEY)


def test_sealing_key_is_a_function_of_the_secret() -> None:
    for secret in (SECRET, OTHER_SECRET):
        assert sealing_key(secret) == x25519(sealing_private(bytes(secret)))
    assert sealing_key(SECRET) == SEALING_KEY != sealing_key(OTHER_SECRET)


class Dripping:
    """A pipe that returns what it happens to have."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data = BytesIO(data)
        self._sizes = sizes

    def read(self, size: int, /) -> bytes:
        self._sizes.append(self._sizes.pop(0))
        return self._data.read(min(size, self._sizes[0]))


@given(st.integers(0, 3 * CHUNK), st.lists(st.integers(1, 2 * CHUNK), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_short_reads_change_nothing(size: int, sizes: list[int]) -> None:
    sizes.append(CHUNK)
    data = data_of(size)
    sealed, opened = BytesIO(), BytesIO()
    seal_stream(Dripping(data, sizes), sealed, SEALING_KEY)
    open_stream(Dripping(sealed.getvalue(), sizes), opened, SECRET)
    assert opened.getvalue() == data


def test_memory_holds_two_chunks_at_most() -> None:
    """No read asks for more than a chunk, whatever the length."""

    class Zeros:
        left = 40 * CHUNK + 5
        largest = 0

        def read(self, size: int, /) -> bytes:
            self.largest = max(self.largest, size)
            part = bytes(min(size, self.left))
            self.left -= len(part)
            return part

    class Counter:
        total = largest = 0

        def write(self, data: bytes, /) -> None:
            self.total += len(data)
            self.largest = max(self.largest, len(data))

    source, sink = Zeros(), Counter()
    seal_stream(source, sink, SEALING_KEY)
    assert (source.largest, sink.largest) == (CHUNK, SEALED_CHUNK)
    assert sink.total == HEADER + 40 * SEALED_CHUNK + 5 + 16


# -- tampering ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 100])
def test_every_byte_is_protected(size: int) -> None:
    sealed = seal_fixed(data_of(size))
    for offset in range(len(sealed)):
        for change in (1, 0x80, 0xFF):
            changed = bytearray(sealed)
            changed[offset] ^= change
            # X25519 ignores the top bit of a public key: it is protected as associated data.
            assert refused(bytes(changed)), (offset, change)


@pytest.mark.parametrize("size", [0, 1, 100])
def test_every_truncation_and_extension_is_refused(size: int) -> None:
    sealed = seal_fixed(data_of(size))
    for length in range(len(sealed)):
        assert refused(sealed[:length]), length
    for extra in (b"\0", bytes(16), sealed, sealed[HEADER:]):
        assert refused(sealed + extra)


@pytest.mark.parametrize("size", [65535, 65536, 65537, 131071, 131072, 131073, 3 * CHUNK])
def test_chunks_cannot_be_moved_dropped_doubled_or_cut(size: int) -> None:
    sealed = seal_fixed(data_of(size))
    header, rest = sealed[:HEADER], sealed[HEADER:]
    chunks = [rest[i : i + SEALED_CHUNK] for i in range(0, len(rest), SEALED_CHUNK)]
    variants = [chunks[:index] + chunks[index + 1 :] for index in range(len(chunks))]
    variants += [chunks[: index + 1] + chunks[index:] for index in range(len(chunks))]
    variants += [
        [*chunks[:index], chunks[index + 1], chunks[index], *chunks[index + 2 :]]
        for index in range(len(chunks) - 1)
    ]
    for variant in variants:
        assert refused(header + b"".join(variant))
    for boundary in range(HEADER, len(sealed) + 1, SEALED_CHUNK):
        for length in (boundary - 1, boundary, boundary + 1, boundary + 15, boundary + 16):
            if 0 <= length < len(sealed):
                assert refused(sealed[:length])
    for extra in (b"\0", bytes(15), bytes(16), bytes(17)):
        assert refused(sealed + extra)


def test_authentic_chunks_in_a_forbidden_layout() -> None:
    """Only the rules refuse these: each chunk was made with the right key."""
    full = bytes(CHUNK)
    forbidden = [
        ([full, b""], [0, 1]),  # an empty last chunk after a full one
        ([full], [0]),  # a missing last chunk
        ([b"end"], [0]),
        ([b"end"], [2]),
        ([full, b"end"], [1, 1]),
        ([full, full], [1, 0]),
        ([b"short", b"end"], [0, 1]),
    ]
    for chunks, last in forbidden:
        assert refused(seal_chunks(chunks, last, SEALING_KEY, EPHEMERAL))


def test_messages_name_the_remedy() -> None:
    sealed = seal_fixed(b"data")
    cases = {
        b"": "not sealed data",
        b"AILK" + sealed[4:]: "not sealed data",
        sealed[:4] + b"\x02" + sealed[5:]: "version 2: update",
        sealed[:44]: "damaged or cut short: restore",
        sealed[:-1]: "damaged or cut short: restore",
    }
    for damaged, message in cases.items():
        with pytest.raises(SealedDataError, match=message):
            open_bytes(damaged, SECRET)
    with pytest.raises(SealedDataError, match="another lock: unlock the one"):
        open_bytes(sealed, OTHER_SECRET)


# Points of small order (RFC 7748, section 7): every private key maps them to zero.
SMALL_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    b"\xec" + b"\xff" * 30 + b"\x7f",
    b"\xed" + b"\xff" * 30 + b"\x7f",
    b"\xee" + b"\xff" * 30 + b"\x7f",
]


@pytest.mark.parametrize("point", SMALL_ORDER, ids=lambda point: point[:2].hex())
def test_points_of_small_order_are_refused(point: bytes) -> None:
    header = seal_header(SEALING_KEY, point)
    cipher = seal_cipher(bytes(32), point, SEALING_KEY)
    forged = header + cipher.encrypt(bytes(11) + b"\x01", b"anyone's", header)
    assert x25519(EPHEMERAL, point) == bytes(32)
    assert refused(forged)
    with pytest.raises(ValueError, match="key"):
        seal_bytes(b"data", point)


def test_wrong_key_lengths_are_refused() -> None:
    for length in (0, 31, 33):
        with pytest.raises(ValueError, match="32"):
            seal_bytes(b"data", bytes(length))


# -- files -------------------------------------------------------------------------------------


def test_files_round_trip_privately(tmp_path: Path) -> None:
    data = data_of(200_000)
    (tmp_path / "plain").write_bytes(data)
    previous = os.umask(0)
    try:
        seal_file(tmp_path / "plain", tmp_path / "sealed", SEALING_KEY)
        open_file(tmp_path / "sealed", tmp_path / "opened", SECRET)
    finally:
        os.umask(previous)
    assert (tmp_path / "opened").read_bytes() == data
    for name in ("sealed", "opened"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["opened", "plain", "sealed"]


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"new")
    (tmp_path / "sealed").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        seal_file(tmp_path / "plain", tmp_path / "sealed", SEALING_KEY)
    assert (tmp_path / "sealed").read_bytes() == b"old"
    seal_file(tmp_path / "plain", tmp_path / "sealed", SEALING_KEY, overwrite=True)
    with pytest.raises(FileExistsError):
        open_file(tmp_path / "sealed", tmp_path / "plain", SECRET)
    (tmp_path / "plain").write_bytes(b"old")
    open_file(tmp_path / "sealed", tmp_path / "plain", SECRET, overwrite=True)
    assert (tmp_path / "plain").read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["plain", "sealed"]


def test_a_link_at_the_target_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"new")
    (tmp_path / "precious").write_bytes(b"old")
    (tmp_path / "sealed").symlink_to("precious")
    with pytest.raises(FileExistsError):
        seal_file(tmp_path / "plain", tmp_path / "sealed", SEALING_KEY)
    seal_file(tmp_path / "plain", tmp_path / "sealed", SEALING_KEY, overwrite=True)
    assert (tmp_path / "precious").read_bytes() == b"old"
    assert not (tmp_path / "sealed").is_symlink()


def test_a_file_can_be_sealed_in_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"data")
    seal_file(path, path, SEALING_KEY, overwrite=True)
    assert path.read_bytes()[:4] == b"AILS"
    open_file(path, path, SECRET, overwrite=True)
    assert path.read_bytes() == b"data"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failure_leaves_nothing_and_loses_nothing(tmp_path: Path, overwrite: bool) -> None:
    # The first two chunks are sound: they were already written when the third one fails.
    sealed = seal_fixed(data_of(3 * CHUNK))
    (tmp_path / "sealed").write_bytes(sealed[:-1])
    if overwrite:
        (tmp_path / "target").write_bytes(b"old")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(SealedDataError):
        open_file(tmp_path / "sealed", tmp_path / "target", SECRET, overwrite=overwrite)
    assert sorted(os.listdir(tmp_path)) == before
    if overwrite:
        assert (tmp_path / "target").read_bytes() == b"old"


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "plain").write_bytes(b"data")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        seal_file(tmp_path / "plain", tmp_path / "sealed", SEALING_KEY)
    assert os.listdir(tmp_path) == ["plain"]


def test_missing_places_are_plain_os_errors(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"data")
    with pytest.raises(FileNotFoundError):
        seal_file(tmp_path / "missing", tmp_path / "sealed", SEALING_KEY)
    with pytest.raises(FileNotFoundError):
        seal_file(tmp_path / "plain", tmp_path / "missing" / "sealed", SEALING_KEY)
    with pytest.raises(FileExistsError):
        seal_file(tmp_path / "plain", tmp_path, SEALING_KEY)
    assert os.listdir(tmp_path) == ["plain"]
