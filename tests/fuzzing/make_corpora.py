"""Write the committed corpora anew, of our own vectors: ``python -m tests.fuzzing.make_corpora``.

A few inputs of a kind, sound ones first, from which fuzzing begins. Findings that were mended stay
beside them, as ``found-*``: those are kept.
"""

from __future__ import annotations

import io
import json
import random
import struct
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder
from PIL import Image

from ailock_sdk.embedding import neuralhash
from ailock_sdk.secret import Hidden
from ailock_sdk.server.certificate import own_certificate
from ailock_sdk.store import RecoveryCode, age_recipient, lock_recipient
from ailock_sdk.store.age_stanzas import Stanza, plugin_identity, wrapped
from ailock_sdk.store.pkcs11_pepper import EXAMPLE
from tests import campaign_fuzz, fuzz_images
from tests.campaign_records import make_vault
from tests.fuzzing.kinds import COMMAND_LINE, PIN, place_of
from tests.fuzzing.requests import page, request
from tests.store.examples import CODE, LOCK_KEY

FOUND = "found-"
_PHOTOS_BYTES_MAX = 2000


def network() -> bytes:
    """A TFLite file of three operators and two outputs, which runs nowhere."""

    def operator(takes: list[int], gives: list[int]) -> object:
        made = schema.OperatorT()
        made.inputs, made.outputs = takes, gives
        return made

    graph = schema.SubGraphT()
    graph.tensors = [schema.TensorT() for _ in range(4)]
    graph.inputs, graph.outputs = [0], [2, 3]
    graph.operators = [operator([0], [1]), operator([1], [2]), operator([1], [3])]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.outputs = []
    for name, index in ((b"first", 2), (b"second", 3)):
        each = schema.TensorMapT()
        each.name, each.tensorIndex = name, index
        signature.outputs.append(each)
    model = schema.ModelT()
    model.version, model.subgraphs, model.signatureDefs = 3, [graph], [signature]
    builder = Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def recording(suffix: str, codec: str, pixel_format: str) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        with av.open(file.name, "w") as container:
            stream = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 32, 32, pixel_format
            for shade in (40, 200):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), shade, np.uint8), "rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return Path(file.name).read_bytes()


def phone_stream() -> bytes:
    """What a phone's camera app sends."""
    parts = []
    for shade in (40, 200):
        stream = io.BytesIO()
        Image.new("RGB", (16, 16), (shade, shade, 99)).save(stream, "JPEG", quality=30)
        picture = stream.getvalue()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        parts.append(head.encode() + picture + b"\r\n")
    return b"".join(parts)


def requests() -> Iterator[bytes]:
    """One of every route that reads something."""
    picture = io.BytesIO()
    Image.new("RGB", (16, 16), (40, 90, 99)).save(picture, "JPEG", quality=30)
    sent = b64encode(picture.getvalue()).decode()
    form, jpeg, script = "application/x-www-form-urlencoded", "image/jpeg", "application/json"
    attempt = json.dumps({"name": "mug", "photos": [sent], "pin": "1234", "trial": True}).encode()
    for path in ("/", "/enroll", "/unlock?name=door", "/lock?name=door", "/recover?name=door"):
        yield request(f"GET {path}")
    for path in ("/history", "/devices", "/pair", "/static/app.css"):
        yield request(f"GET {path}", cookie="")
    for path in ("/api/enroll", "/api/recovery-code"):
        new = json.dumps({"name": "gate", "photos": [sent] * 3}).encode()
        yield request(f"POST {path}", new, script)
    yield request("POST /api/unlock", attempt, script)
    yield request("POST /api/look?page=1", picture.getvalue(), jpeg)
    yield request("POST /api/check?page=1", json.dumps({"photos": [sent]}).encode(), script)
    yield request("POST /pair", b"code=2345-6789&device_name=phone", form, cookie="", csrf="")
    for path, body in {
        "/recover": f"name=door&code={CODE.shown()}",
        "/rename": "name=door&new=gate",
        "/remove": "name=door",
        "/devices/code": "",
        "/devices/revoke": "id=00000000",
    }.items():
        yield request(f"POST {path}", body.encode(), form)


def conversations() -> Iterator[bytes]:
    recipient = age_recipient(lock_recipient(LOCK_KEY))
    identity, stranger = (
        plugin_identity(recipient),
        plugin_identity(age_recipient(bytes(range(32)))),
    )
    key = Hidden(bytes(16))
    answers = b"".join(one.encode() for one in [Stanza(["done"]), *[Stanza(["ok"])] * 5])
    ours = wrapped(key, recipient)
    for name in (identity, stranger, "AGE-PLUGIN-AILOCK-1"):
        asked = [
            Stanza(["add-identity", name]),
            Stanza(["recipient-stanza", "0", *ours.words], ours.body),
            Stanza(["recipient-stanza", "1", "scrypt", "x"], bytes(16)),
        ]
        yield b"".join(one.encode() for one in asked) + answers
    asked = [
        Stanza(["add-identity", identity]),
        Stanza(["add-recipient", "age1ailock1"]),
        Stanza(["wrap-file-key"], key),
    ]
    yield b"".join(one.encode() for one in asked) + answers


def seed_header() -> bytes:
    header = bytearray(neuralhash._HEADER_BYTES)
    header[: len(neuralhash._MAGIC)] = neuralhash._MAGIC
    struct.pack_into("<f", header, neuralhash._ROWS_AT, 96)
    struct.pack_into("<f", header, neuralhash._COLUMNS_AT, 128)
    struct.pack_into("<Q", header, neuralhash._VALUES_AT, 96 * 128)
    return bytes(header)


def layer_file() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **{"a/weights": np.ones((1, 1, 2, 2), np.float16), "a/bias": np.zeros(2)})
    return stream.getvalue()


def corpora() -> dict[str, list[bytes]]:
    """Sound inputs of every kind."""
    here = page()
    with tempfile.TemporaryDirectory() as name:
        vault = make_vault(Path(name) / "vault.db", ("mug", "cup"))
        pem = own_certificate(Path(name) / "state", "127.0.0.1").read_bytes()
        certificate = pem[pem.index(b"-----BEGIN CERTIFICATE") :]  # without its key
    draw = random.Random(1)
    event = {"at": 1, "what": "opened", "lock": "door", "device": "phone", "times": 2}
    found = {name: target.examples for name, target in campaign_fuzz.TARGETS.items()}
    found["recovery code"] = [*found["recovery code"], RecoveryCode(bytes(16)).shown().encode()]
    recipient = age_recipient(lock_recipient(LOCK_KEY))
    photos = fuzz_images.seeds().values()
    return {
        **found,
        "manifest": [campaign_fuzz.tiny_manifest()],
        "age stanza": [
            wrapped(Hidden(bytes(16)), recipient).encode(),
            Stanza(["scrypt", "salt", "18"], bytes(48)).encode() + Stanza(["done"]).encode(),
        ],
        "age identity": [plugin_identity(recipient).encode()],
        "age plugin": [*conversations()],
        "TFLite model": [network()],
        "NeuralHash seed": [seed_header()],
        "layer file": [layer_file()],
        "photo": [photo for photo in photos if len(photo) <= _PHOTOS_BYTES_MAX],
        "camera": [
            phone_stream(),
            recording(".avi", "mjpeg", "yuvj420p"),
            recording(".mp4", "mpeg4", "yuv420p"),
            recording(".mkv", "libx264", "yuv420p"),
        ],
        "HTTP request": [*requests()],
        "pepper": [
            *(b"tpm", b"keyring", b"tpm:swtpm:port=2321", b"~nobody/pepper", EXAMPLE.encode()),
            *(
                bytes(range(32)),
                bytes(range(32)).hex().encode(),
                f"{EXAMPLE}&pin-value={PIN}".encode(),
            ),
            b"AILT\x01" + struct.pack(">HHHIH", 12, 8, 11, 0x52, 0) + bytes(4) + b"\0\4abcd",
        ],
        "server state": [
            here.paired,
            json.dumps({"events": [event]}).encode(),
            certificate,
        ],
        "vault file": [vault],
        COMMAND_LINE: [draw.randbytes(24) for _ in range(40)],
    }


def main() -> None:
    """Write them; say how large they are."""
    for kind, inputs in corpora().items():
        place = place_of(kind)
        place.mkdir(parents=True, exist_ok=True)
        for old in place.iterdir():
            if not old.name.startswith(FOUND):
                old.unlink()
        for number, data in enumerate(inputs):
            (place / f"{number:02}").write_bytes(data)
        print(f"{kind:16} {len(inputs):3} inputs {sum(map(len, inputs)):7} bytes")


if __name__ == "__main__":
    main()
