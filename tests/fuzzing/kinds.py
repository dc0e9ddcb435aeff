"""Every kind of input that is fuzzed by coverage: those of ``campaign_fuzz``, and more of ours.

A kind is a :class:`Target`, so that one oracle judges them all: what is read, or the error that is
documented for it; anything else is a finding.
"""

from __future__ import annotations

import io
import os
import random
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np

from ailock_sdk import FilePepper
from ailock_sdk.camera import open_camera
from ailock_sdk.capture.decode import decode_photo
from ailock_sdk.cli.age_plugin import _Plugin
from ailock_sdk.cli.app import app
from ailock_sdk.embedding.model_file import only_outputs
from ailock_sdk.embedding.neuralhash import read_matrix
from ailock_sdk.errors import AilockError, PepperError, PhotoFormatError, SealedDataError
from ailock_sdk.secret import Hidden
from ailock_sdk.server.certificate import _is_due
from ailock_sdk.server.devices import Devices
from ailock_sdk.server.history import History
from ailock_sdk.store import age_identity, keyring_pepper, pepper_provider, tpm
from ailock_sdk.store.age_stanzas import (
    X25519,
    Stanza,
    check_stanza,
    file_key,
    named_recipient,
    plugin_identity,
)
from ailock_sdk.store.pepper import read_backup
from ailock_sdk.store.pepper_places import described
from ailock_sdk.store.tpm_pepper import TpmPepper
from lab.errors import LayerFileError
from tests import campaign_fuzz
from tests.campaign_fuzz import MEMORY, PLAIN, Target, all_commands, captured, furnish, obey
from tests.campaign_records import Mutation, use_vault
from tests.fuzz_images import MUTATIONS as IMAGE_MUTATIONS
from tests.fuzz_images import SHORT_SIDE_PIXELS
from tests.fuzzing.requests import answer, edit_request
from tests.store.examples import LOCK_KEY
from tools.conversion.layer_files import read_layer_files

CORPORA = Path(__file__).resolve().parents[1] / "corpora"
COMMAND_LINE = "command line"
PIN = "739201"
_FRAMES = 8
_SEED_HEADER_BYTES = 128


@cache
def folder() -> Path:
    """A folder of this process's own, in memory, for what is read from files."""
    kept = tempfile.TemporaryDirectory(prefix="fuzz-", dir=MEMORY)
    _KEPT.append(kept)
    return Path(kept.name)


_KEPT: list[object] = []


def as_file(name: str, data: bytes) -> Path:
    path = folder() / name
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
    return path


# -- age ----------------------------------------------------------------------------------------


def read_stanzas(data: bytes) -> str:
    """All that a stream begins with; each is opened by a key of ours if it is for one."""
    stream, read = io.BytesIO(data), 0
    while stream.tell() < len(data):
        begin = stream.tell()
        stanza = Stanza.read(stream)
        if stanza.encode() != data[begin : stream.tell()]:
            return "FAILED: not canonical"
        if stanza.words[0] == X25519:
            check_stanza(stanza)
            file_key(stanza, age_identity(LOCK_KEY))
        read += 1
    return f"{min(read, 2)} read"


def read_identity(data: bytes) -> str:
    typed = data.decode("utf-8", "replace")
    same = plugin_identity(named_recipient(typed)) == typed.upper()
    return "read" if same else "FAILED: another identity"


def converse(data: bytes) -> str:
    """What age says to its plugin, wrapping and unwrapping; the first lock has a camera of none."""
    said = io.BytesIO()
    with at_home():
        for wrapping in (True, False):
            try:
                _Plugin(io.BytesIO(data), said).serve(wrapping)
            except SealedDataError:
                said.write(b"broken off")
    return "answered" if b"broken off" not in said.getvalue() else "broken off"


@cache
def home() -> dict[str, str]:
    place = folder() / "home"
    place.mkdir()
    return furnish(place)


@contextmanager
def at_home() -> Iterator[Path]:
    """Be in a home with a vault, as every input finds it."""
    places = home()
    place, before = Path(places["HOME"]), os.getcwd()
    kept = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    os.chdir(place)
    try:
        # Nothing is to be run or found there but what is ours.
        with mock.patch.dict(os.environ, {**places, "AILOCK_CAMERA": "none", "PATH": ""}):
            yield place
    finally:
        os.chdir(before)
        restore(place, kept)


def restore(place: Path, kept: dict[Path, bytes]) -> None:
    for path in place.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    for path, data in kept.items():
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(data)
            path.chmod(0o600)


# -- models and pictures --------------------------------------------------------------------------


def cut_model(data: bytes) -> str:
    try:
        cut = only_outputs(data, {"first"})
    except ValueError as error:
        return f"ValueError: {error}"
    return "cut" if len(cut) == len(data) else "FAILED: another length"


def read_seed(data: bytes) -> str:
    """The header of a NeuralHash seed file; its values are sound."""
    body = np.ones((96, 128), "<f4").tobytes()
    path = as_file("seed.dat", data[:_SEED_HEADER_BYTES].ljust(_SEED_HEADER_BYTES, b"\0") + body)
    return "read" if read_matrix(path).shape == (96, 128) else "FAILED: another shape"


def read_layers(data: bytes) -> str:
    try:
        read_layer_files([as_file("layers.npz", data)])
    except LayerFileError:
        return "LayerFileError"
    return "read"


def decode(data: bytes) -> str:
    try:
        pixels = decode_photo(data, SHORT_SIDE_PIXELS).pixels
    except PhotoFormatError:
        return "PhotoFormatError"
    return "photo" if pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size else "FAILED: none"


def image_mutation(mutate: Callable[..., bytes]) -> Mutation:
    return lambda draw, data: mutate(draw, data, draw.choice(examples("photo")))


def watch(data: bytes) -> str:
    """The first frames of a stream or a recording."""
    frames = 0
    with open_camera(as_file("stream", data), silence_seconds=20) as camera:
        for frame in camera:
            if frame.pixels.dtype != np.uint8 or frame.pixels.shape[2:] != (3,):
                return f"FAILED: {frame.pixels.shape}"
            frames += 1
            if frames == _FRAMES:
                break
    return "frames" if frames else "no frames"


# -- peppers and what the server keeps ------------------------------------------------------------


def read_pepper_places(data: bytes) -> str:
    """What names a pepper's place, and what a file, a keyring and a TPM's file may hold."""
    text = data.decode("utf-8", "replace")
    path = as_file("pepper.tpm", data)
    keyring = SimpleNamespace(get_password=lambda *_: text)
    readings: list[Callable[[], object]] = [
        lambda: described(pepper_provider(text)),
        FilePepper(path).pepper,
        lambda: read_backup(path),
        keyring_pepper.KeyringPepper().pepper,
        TpmPepper(folder=folder()).pepper,
    ]
    with ExitStack() as patches:
        for owner, name, instead in (
            (keyring_pepper, "_keyring", partial(_given, keyring)),
            (tpm.Tpm, "_connected", _given_tpm),
            (tpm, "_primary", _of_another_tpm),
        ):
            patches.enter_context(mock.patch.object(owner, name, instead))
        outcomes = [_judged(reading) for reading in readings]
    return next((o for o in outcomes if o.startswith("FAILED")), "/".join(sorted(set(outcomes))))


def _judged(reading: Callable[[], object]) -> str:
    try:
        reading()
    except PepperError as error:
        return "FAILED: the message shows a PIN" if PIN in str(error) else "refused"
    except AilockError:  # no such user
        return "refused"
    return "read"


@contextmanager
def _given(what: object) -> Iterator[object]:
    yield what


@contextmanager
def _given_tpm(*_: object) -> Iterator[tuple[None, object]]:
    try:
        import tpm2_pytss
    except ImportError:
        raise PepperError("no library") from None
    yield None, tpm2_pytss


def _of_another_tpm(*_: object) -> object:
    raise ValueError("of another TPM")


def read_server_state(data: bytes) -> str:
    """Each file of the server's state folder, whatever stands in it."""
    place = as_file("devices.json", data).parent
    as_file("history.json", data)
    certificate = as_file("certificate.pem", data)
    outcomes = []
    for reading in (Devices(place).all, History(place).newest, lambda: _is_due(certificate)):
        try:
            reading()
            outcomes.append("read")
        except AilockError:
            outcomes.append("refused")
    return "/".join(outcomes)


def open_vault_file(data: bytes) -> str:
    path = as_file("vault.db", data)
    try:
        found = use_vault(path)
    finally:
        for left in path.parent.glob("vault.db*"):
            left.unlink()
    return next((o for o in found if o.startswith("FAILED")), "/".join(sorted(found)))


# -- command lines --------------------------------------------------------------------------------


class Chosen(random.Random):
    """Draws what an input says, byte after byte; of an input at its end, zeros."""

    def __new__(cls, data: bytes) -> Chosen:
        return super().__new__(cls)

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        super().__init__(0)

    def getrandbits(self, count: int, /) -> int:
        size = (count + 7) // 8
        return int.from_bytes(self._data.read(size).ljust(size, b"\0"), "little") % (1 << count)

    def random(self) -> float:
        return self.getrandbits(8) / 256


def type_command(data: bytes) -> str:
    line = campaign_fuzz.command_line(Chosen(data), all_commands(app))
    with at_home(), captured() as written:
        return obey(line, written)


# -- all of them ----------------------------------------------------------------------------------


@cache
def examples(kind: str) -> list[bytes]:
    """The committed corpus of a kind."""
    found = [path.read_bytes() for path in sorted(place_of(kind).iterdir())]
    assert found, f"no corpus of {kind}"
    return found


def place_of(kind: str) -> Path:
    return CORPORA / kind.replace(" ", "-")


def edit_base64(draw: random.Random, data: bytes) -> bytes:
    """Another body of the right length behind a line of words."""
    words, _, body = data.partition(b"\n")
    length = len(b64decode(body + b"==")) if body.isalnum() else 32
    stanza = Stanza(["X25519", "A" * 43], Hidden(draw.randbytes(length)))
    return draw.choice([words + b"\n" + stanza.encode(), stanza.encode(), data + stanza.encode()])


OWN: dict[str, tuple[dict[str, Mutation], Callable[[bytes], str]]] = {
    "age stanza": ({**PLAIN, "bodies": edit_base64}, read_stanzas),
    "age identity": ({**PLAIN, "typing": campaign_fuzz.mistype}, read_identity),
    "age plugin": ({**PLAIN, "lines": campaign_fuzz.edit_line}, converse),
    "TFLite model": (PLAIN, cut_model),
    "NeuralHash seed": (PLAIN, read_seed),
    "layer file": (PLAIN, read_layers),
    "photo": (
        {**PLAIN, **{one.__name__: image_mutation(one) for one in IMAGE_MUTATIONS}},
        decode,
    ),
    "camera": (PLAIN, watch),
    "HTTP request": ({**PLAIN, "parts": edit_request}, answer),
    "pepper": (PLAIN, read_pepper_places),
    "server state": ({**PLAIN, "fields": campaign_fuzz.edit_json}, read_server_state),
    "vault file": (PLAIN, open_vault_file),
    COMMAND_LINE: (PLAIN, type_command),
}
NAMES = [*campaign_fuzz.TARGETS, *OWN]
"""Every kind."""


def planted(data: bytes) -> str:
    """What fuzzing must find: a crash and too much work behind words that nobody guesses."""
    if data[:1] == b"!" and data[1:2] == b"?":
        if data[2:3] == b"x":
            raise IndexError("planted")
        if data[2:3] == b"y":
            started = time.process_time()
            while time.process_time() < started + 2.5:
                pass
    return "read"


PLANTED = "planted"


def target(kind: str) -> Target:
    """A kind with the committed corpus as examples."""
    if kind == PLANTED:
        return Target([b"seed"], PLAIN, planted)
    if kind in OWN:
        return Target(examples(kind), *OWN[kind])
    known = campaign_fuzz.TARGETS[kind]
    return Target(examples(kind), known.mutations, known.read)


def mutate(kind: Target, draw: random.Random, data: bytes) -> bytes:
    """Change an input as this kind's own mutations do, where they can."""
    mutation = draw.choice(list(kind.mutations.values()))
    try:
        return mutation(draw, data)
    except Exception:  # it is for sound inputs, and this one is damaged
        return data + draw.randbytes(draw.randint(1, 8))
