"""The committed vector of a committed photo, from pixels to secret."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

from ailock_sdk import AiLock, Record
from tests.make_vectors import HERE, VECTOR_PATH, FixedPepper, photo_vector


def test_photo_vector_is_reproduced() -> None:
    stored = json.loads(VECTOR_PATH.read_text("utf-8"))
    photo = HERE / stored["photo"]
    assert hashlib.sha256(photo.read_bytes()).hexdigest() == stored["photo_sha256"]
    assert photo_vector(photo, HERE / stored["other_view"]) == stored


def test_vector_opens_with_its_photo() -> None:
    stored = json.loads(VECTOR_PATH.read_text("utf-8"))
    for case in stored["cases"]:
        lock = AiLock(pepper=FixedPepper() if "with pepper" in case["comment"] else None)
        case_bytes = bytes.fromhex(case["record"])
        photo, other_view = HERE / stored["photo"], HERE / stored["other_view"]
        pin = case["pin"]
        if case["objects"] == 1:
            secret = lock.unlock(photo, case_bytes, pin=pin)
            together = lock.unlock([photo, other_view], case_bytes, pin=pin)
        else:
            secret = lock.unlock([[photo], [other_view]], case_bytes, pin=pin)
            together = lock.unlock(((photo,), (other_view,)), case_bytes, pin=pin)
        assert bytes(secret).hex() == case["secret"]
        assert together == secret
        assert bytes(Record.from_bytes(bytes.fromhex(case["record"]))).hex() == case["record"]


def test_secret_is_equal_in_another_process() -> None:
    stored = json.loads(VECTOR_PATH.read_text("utf-8"))
    code = (
        "import sys; from ailock_sdk import AiLock\n"
        "print(bytes(AiLock(pepper=None).unlock(sys.argv[1], bytes.fromhex(sys.argv[2]))).hex())"
    )
    command = [sys.executable, "-c", code, str(HERE / stored["photo"])]
    for _ in range(2):
        done = subprocess.run(
            [*command, stored["cases"][0]["record"]], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == stored["cases"][0]["secret"]
