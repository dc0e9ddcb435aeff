"""Why the quality gate refuses images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.quality import gate_issues, reasons, refused_at_any_size


def test_the_gate_tells_size_from_the_rest(tmp_path: Path) -> None:
    (tmp_path / "DS1").mkdir()
    rng = np.random.default_rng(0)
    texture = np.repeat(np.repeat(rng.integers(0, 255, (64, 64, 3)), 1, 0), 1, 1)
    Image.fromarray(texture.astype(np.uint8)).save(tmp_path / "DS1" / "0.png")
    Image.new("RGB", (64, 64), (128, 128, 128)).save(tmp_path / "DS1" / "1.png")
    Image.new("RGB", (256, 256), (5, 5, 5)).save(tmp_path / "DS1" / "2.png")
    (tmp_path / "DS1" / "3.png").write_bytes(b"no photo")
    issues = gate_issues(open_labelled_photos([tmp_path]))
    assert list(issues.values()) == ["too_small", "too_small,no_texture", "too_dark", "unreadable"]
    assert refused_at_any_size(list(issues.values())).tolist() == [False, True, True, True]
    assert reasons(list(issues.values()))["too_small"] == 2
