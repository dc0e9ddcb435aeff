"""Sealed data: age files, written and read both ways with the real `age` program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from io import BytesIO
from pathlib import Path

import pyrage
import pytest

from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    age_identity,
    age_recipient,
    checked_age_file,
    lock_identity,
    lock_recipient,
    open_stream,
    seal_stream,
)
from tests.age import age, needs_age, open_bytes, seal_bytes
from tests.store.reference import x25519

KEY = Hidden(range(32))
IDENTITY, RECIPIENT = lock_identity(KEY), lock_recipient(KEY)
OTHER = lock_identity(Hidden(bytes(32)))
CHUNK = 64 * 1024
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]
ARMOR = pytest.mark.parametrize("armor", [False, True], ids=["binary", "armoured"])


def content(size: int) -> bytes:
    return bytes(i % 251 for i in range(size))


def test_keys_are_written_as_age_writes_them() -> None:
    """The identity's own text, and its public key by the ladder of RFC 7748."""
    identity = pyrage.x25519.Identity.from_str(age_identity(IDENTITY).decode())
    assert str(identity.to_public()) == age_recipient(RECIPIENT)
    assert x25519(IDENTITY) == RECIPIENT
    assert type(age_identity(IDENTITY)) is Hidden
    assert age_identity(IDENTITY).startswith(b"AGE-SECRET-KEY-1")


@ARMOR
@pytest.mark.parametrize("size", SIZES)
def test_round_trip(size: int, armor: bool) -> None:
    sealed = seal_bytes(content(size), RECIPIENT, armor=armor)
    assert sealed.startswith(b"-----BEGIN AGE" if armor else b"age-encryption.org/v1\n")
    assert open_bytes(sealed, IDENTITY) == content(size)
    assert sealed != seal_bytes(content(size), RECIPIENT, armor=armor)


@needs_age
@ARMOR
@pytest.mark.parametrize("size", SIZES)
def test_age_opens_what_we_sealed(size: int, armor: bool, tmp_path: Path) -> None:
    (tmp_path / "identity").write_bytes(age_identity(IDENTITY))
    sealed = seal_bytes(content(size), RECIPIENT, armor=armor)
    assert age("-d", "-i", tmp_path / "identity", data=sealed) == content(size)


@needs_age
@ARMOR
@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_age_sealed(size: int, armor: bool) -> None:
    options = ["-a"] if armor else []
    sealed = age("-r", age_recipient(RECIPIENT), *options, data=content(size))
    assert open_bytes(sealed, IDENTITY) == content(size)


@needs_age
def test_sealed_to_several_recipients_opens_for_each() -> None:
    others = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(100)]
    words = [word for other in others for word in ("-r", other)]
    sealed = age(*words, "-r", age_recipient(RECIPIENT), data=b"letter")
    assert open_bytes(sealed, IDENTITY) == b"letter"


def test_another_lock_opens_nothing() -> None:
    with pytest.raises(SealedDataError, match="sealed to another lock"):
        open_bytes(seal_bytes(b"letter", RECIPIENT), OTHER)


@ARMOR
def test_damage_is_noticed_wherever_it_is(armor: bool) -> None:
    sealed = seal_bytes(content(2 * CHUNK), RECIPIENT, armor=armor)
    for at in range(0, len(sealed), len(sealed) // 150):
        damaged = bytearray(sealed)
        damaged[at] ^= 1
        if armor and damaged[at : at + 1].isspace() != sealed[at : at + 1].isspace():
            continue
        with pytest.raises(SealedDataError):
            open_bytes(bytes(damaged), IDENTITY)
    for length in [*range(0, 300, 7), CHUNK, len(sealed) - 40, len(sealed) - 1]:
        if length < len(sealed.rstrip(b"\n")):
            with pytest.raises(SealedDataError):
                open_bytes(sealed[:length], IDENTITY)
    with pytest.raises(SealedDataError):
        open_bytes(sealed + b"more", IDENTITY)


WHOLE = seal_bytes(b"letter", RECIPIENT)
HEADER = WHOLE[: WHOLE.index(b"\n---") + 1]
# By hand: to make one takes a second, by design, and every process of the tests reads this file.
PASSPHRASE = (
    b"age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 15\n"
    b"ZV/AhotwSGqaPCU43cepl4WYUouAa17a3xpu4G2yi5k\n"
    b"--- fgMiVLJHMlg9fW7CVG/hPS5EAU4Zeg19LyCP7SoH5nA\n" + bytes(16 + 16 + 6)
)
NO_AGE_FILES = {
    "nothing": (b"", "damaged or cut short"),
    "a text": (b"Dear Alice,\n", "not an age file"),
    "a later version": (b"age-encryption.org/v2\n" + WHOLE[22:], "another version"),
    "a cut header": (WHOLE[:60], "damaged or cut short"),
    "a header without its mac": (HEADER, "damaged or cut short"),
    "a damaged header": (
        HEADER.replace(b"X25519 ", b"X25519 !") + b"--- " + b"A" * 43 + b"\n",
        "damaged",
    ),
    "another format of armour": (b"-----BEGIN PGP MESSAGE-----\n" * 3, "not an age file"),
    "armour around nothing": (b"-----BEGIN AGE ENCRYPTED FILE-----\nA\n", "damaged"),
    "armour without end": (b"-----BEGIN AGE ENCRYPTED FILE-----" + b"A" * 10**6, "damaged"),
    "a passphrase": (PASSPHRASE, "with a passphrase"),
    "a header without end": (HEADER * 1000, "too many recipients"),
}


@pytest.mark.parametrize("kind", NO_AGE_FILES)
def test_row_4_what_is_no_age_file_is_known_without_a_key(kind: str) -> None:
    data, message = NO_AGE_FILES[kind]
    with pytest.raises(SealedDataError, match=message):
        checked_age_file(BytesIO(data))


@ARMOR
def test_looking_at_the_header_takes_nothing_away(armor: bool) -> None:
    class Dribble(BytesIO):
        """A pipe: gives what it happens to have."""

        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, 7))

    sealed = seal_bytes(content(1000), RECIPIENT, armor=armor)
    data = BytesIO()
    open_stream(checked_age_file(Dribble(sealed)), data, IDENTITY)
    assert data.getvalue() == content(1000)


def test_the_reading_of_a_long_header_is_bounded() -> None:
    class Endless:
        read_bytes = 0

        def read(self, size: int, /) -> bytes:
            start = HEADER if self.read_bytes == 0 else b""
            self.read_bytes += size
            return start.ljust(size, b"A")

    endless = Endless()
    with pytest.raises(SealedDataError):
        checked_age_file(endless)
    assert endless.read_bytes <= 64 * 1024


class Broken:
    """A stream whose every use fails as it was told to."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def read(self, size: int, /) -> bytes:
        raise self.error

    def write(self, data: bytes, /) -> None:
        raise self.error


@pytest.mark.parametrize("error", [OSError(28, "No space left", "letter"), KeyboardInterrupt()])
def test_errors_of_streams_come_out_as_they_are_and_without_contents(error: BaseException) -> None:
    data = content(3 * CHUNK)
    for call in (
        lambda: seal_stream(Broken(error), BytesIO(), RECIPIENT),
        lambda: seal_stream(BytesIO(data), Broken(error), RECIPIENT),
        lambda: open_stream(BytesIO(seal_bytes(data, RECIPIENT)), Broken(error), IDENTITY),
    ):
        with pytest.raises(type(error)) as caught:
            call()
        assert caught.value is error
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        frames = [frame for frame in told.stack if "tests" not in frame.filename]
        assert repr(data[100:120])[2:-1] not in "".join(str(frame.locals) for frame in frames)


def test_a_signal_ends_sealing_at_once() -> None:
    """Its exception must not become a text in an error of pyrage's."""

    class Zeros:
        def read(self, size: int, /) -> bytes:
            return bytes(size)

    class Nowhere:
        def write(self, data: bytes, /) -> int:
            return len(data)

    # Where the tests run in the background it is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for tenths in range(100):  # one signal in fifty comes where Python jumps back
            timer = threading.Timer(0.003 + tenths / 1e4, os.kill, [os.getpid(), signal.SIGINT])
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the timer starts inside
                timer.start()
                seal_stream(Zeros(), Nowhere(), RECIPIENT)
            timer.join()
    finally:
        signal.signal(signal.SIGINT, before)


MEASURED = """
import resource, sys
from ailock_sdk.secret import Hidden
from ailock_sdk.store import lock_identity, lock_recipient, open_stream, seal_stream
key, size, armor = Hidden(range(32)), int(sys.argv[1]), sys.argv[2] == "True"

class Zeros:
    left = size
    def read(self, most):
        piece = min(most, self.left)
        self.left -= piece
        return bytes(piece)

class Counted:
    count = 0
    def write(self, data):
        self.count += len(data)

with open(sys.argv[3], "wb") as file:
    seal_stream(Zeros(), file, lock_recipient(key), armor=armor)
with open(sys.argv[3], "rb") as file:
    counted = Counted()
    open_stream(file, counted, lock_identity(key))
assert counted.count == size
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@ARMOR
def test_memory_does_not_grow_with_the_file(armor: bool, tmp_path: Path) -> None:
    def peak_mb(size: int) -> int:
        words = [sys.executable, "-c", MEASURED, str(size), str(armor), str(tmp_path / "sealed")]
        return int(subprocess.run(words, check=True, capture_output=True).stdout)

    assert peak_mb(200_000_000) <= peak_mb(1000) + 4


@needs_age
def test_a_large_file_of_age_opens(tmp_path: Path) -> None:
    """Across many chunks, read from a file and written to one."""
    size = 20_000_000
    sealed = age("-r", age_recipient(RECIPIENT), data=bytes(size))
    (tmp_path / "sealed").write_bytes(sealed)
    with (tmp_path / "sealed").open("rb") as reader, (tmp_path / "plain").open("wb") as writer:
        open_stream(checked_age_file(reader), writer, IDENTITY)
    assert (tmp_path / "plain").read_bytes() == bytes(size)
