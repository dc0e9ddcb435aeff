"""Row 8: a process that forks while its threads are at work; the child finds nothing taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ailock_sdk.capture import decode, decode_photo
from ailock_sdk.sketch import ReedSolomon, reed_solomon
from ailock_sdk.workers import ForkLock
from tests.forks import in_a_fork

PHOTO = Path(__file__).parent / "photos" / "mug-1.jpg"


def test_row_8_a_photo_is_decoded_in_a_forked_process() -> None:
    with decode._one_at_a_time:
        assert in_a_fork(lambda: decode_photo(PHOTO, 128).pixels.shape[2]) == 3


def test_row_8_a_code_is_computed_in_a_forked_process() -> None:
    code = ReedSolomon(8, 4, 7)
    message = np.arange(4)
    expected = code.encode(message).tolist()
    with reed_solomon._REEDSOLO_LOCK:
        assert in_a_fork(lambda: code.encode(message).tolist()) == expected


def test_every_lock_of_the_stages_is_one_that_forks() -> None:
    root = Path(decode.__file__).parents[1]
    for folder in ("capture", "embedding", "imageprint", "sketch"):
        for path in (root / folder).glob("*.py"):
            assert "threading.Lock" not in path.read_text("utf-8"), path
    lock = ForkLock()
    with lock, pytest.raises(AssertionError):
        assert lock._lock.acquire(blocking=False)
    assert lock._lock.acquire(blocking=False)
