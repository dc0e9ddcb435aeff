"""Embeddings of a role: a lock's own, whoever computes them, kept and resumed without loss."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock
from ailock_sdk.capture import crop_and_resize, decode_photo, segment_boxes
from ailock_sdk.embedding import Bundle, Embedder, load_bundle
from benchmarks.accuracy.paper import embeddings, store
from benchmarks.accuracy.paper.copies import leave_out_copies
from benchmarks.accuracy.paper.embed_batch import (
    Batch,
    Embedded,
    Job,
    contract,
    embed_batch,
    software,
)
from benchmarks.accuracy.paper.embeddings import RoleEmbeddings, embed_role
from benchmarks.accuracy.paper.roles import IMPOSTOR, REFERENCE, UNLABELLED, RolePhotos, open_roles
from lab.bundles.write import read_manifest, write_manifest
from lab.errors import EmbeddingsError, WorkersError
from lab.statistics import workers
from lab.statistics.workers import AHEAD, open_workers
from tests.conftest import PHOTOS

LAYERS = ("pool_3", "mixed_8/pool")
OVERLAPPING = ("top_left", "top_right", "bottom_left", "bottom_right", "centre")


@pytest.fixture(scope="module")
def bundle(lock: AiLock) -> Bundle:
    return lock.bundle


def save_picture(file: Path, seed: int) -> None:
    """A small photo of blocks in random colours."""
    file.parent.mkdir(parents=True, exist_ok=True)
    colours = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(colours).resize((64, 64), Image.Resampling.BICUBIC).save(file)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight photos of four objects; the fourth cannot be decoded."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(8):
        save_picture(folder / f"object{number // 2}" / f"{number}.png", number)
    (folder / "object1" / "3.png").write_bytes(b"not a photo")
    return folder


@pytest.fixture(scope="module")
def photos(source: Path) -> RolePhotos:
    return open_roles({REFERENCE: [source]})[REFERENCE]


@pytest.fixture(scope="module")
def serial(
    bundle: Bundle, photos: RolePhotos, tmp_path_factory: pytest.TempPathFactory
) -> RoleEmbeddings:
    """The embeddings of a run by one thread, in one batch, that nothing stopped."""
    return embed(bundle, photos, tmp_path_factory.mktemp("serial"))


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "BATCH_PHOTOS", 2)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many photos each batch had that was computed in this process."""
    sizes: list[int] = []

    def counted(batch: Batch) -> Embedded:
        sizes.append(len(batch.photos))
        return embed_batch(batch)

    monkeypatch.setattr(embeddings, "embed_batch", counted)
    return sizes


def embed(
    bundle: Bundle, photos: RolePhotos, folder: Path, workers: str = "1", role: str = REFERENCE
) -> RoleEmbeddings:
    return embed_role(bundle, role, photos, ["pool_3"], ["whole", "centre"], folder, workers)


def everything(found: RoleEmbeddings) -> list[np.ndarray]:
    rows = [found.read("pool_3", segment) for segment in ("whole", "centre")]
    return [*rows, found.rows, found.digests(), found.objects]


def assert_same(a: RoleEmbeddings, b: RoleEmbeddings) -> None:
    for one, other in zip(everything(a), everything(b), strict=True):
        np.testing.assert_array_equal(one, other)


def test_rows_are_those_of_a_lock(bundle: Bundle, tmp_path: Path) -> None:
    """As SLSS decodes for the whole photo and as SLMS does for its five segments."""
    with Image.open(PHOTOS / "mug-1.jpg") as photo:
        # The whole photo is decoded at a quarter of the size, the segments at half of it.
        photo.resize((1600, 1200)).save(tmp_path / "mug-1.jpg")
    (tmp_path / "labels.csv").write_text("path,object\nmug-1.jpg,mug\n")
    photos = open_roles({REFERENCE: [tmp_path / "labels.csv"]})[REFERENCE]
    found = embed_role(
        bundle, REFERENCE, photos, LAYERS, ("whole", *OVERLAPPING), tmp_path / "cache"
    )
    embedder, contract = Embedder(bundle), bundle.input
    sizes = set()
    for segments in (("whole",), OVERLAPPING):
        (box, *_) = segment_boxes(1000, 1000, contract.crop, segments)
        short_side = int(np.ceil(contract.height * 1000 / (box.right - box.left)))
        decoded = decode_photo(tmp_path / "mug-1.jpg", short_side).pixels
        sizes.add(decoded.shape)
        boxes = segment_boxes(decoded.shape[1], decoded.shape[0], contract.crop, segments)
        for segment, box in zip(segments, boxes, strict=True):
            pixels = crop_and_resize(decoded, box, contract.height, contract.width)
            for layer, row in zip(LAYERS, embedder.embed(pixels, LAYERS), strict=True):
                rows = found.read(layer, segment)
                assert rows.dtype == np.float32
                np.testing.assert_array_equal(rows, row[None])
    assert len(sizes) == 2, "a photo that both decode alike shows nothing"


def test_an_unreadable_photo_is_left_out_and_counted(
    bundle: Bundle, photos: RolePhotos, serial: RoleEmbeddings
) -> None:
    assert len(serial) == 7
    assert serial.left_out == 1
    assert serial.rows.tolist() == [0, 1, 2, 4, 5, 6, 7]
    assert serial.objects.tolist() == [photos.objects[i] for i in serial.rows]
    assert serial.paths == tuple(photos.paths[i] for i in serial.rows)
    assert serial.photo_sha256 == tuple(photos.photo_sha256[i] for i in serial.rows)
    whole = serial.read("pool_3", "whole")
    assert whole.shape == (7, bundle.layers["pool_3"].dimensions)
    assert len(np.unique(whole, axis=0)) == 7
    for start, stop in ((0, 3), (2, 5), (5, None), (4, 5), (6, 99)):
        np.testing.assert_array_equal(
            serial.read("pool_3", "whole", start, stop), whole[start:stop]
        )
    with pytest.raises(EmbeddingsError, match="no photo from number 7"):
        serial.read("pool_3", "whole", 7)
    with pytest.raises(EmbeddingsError, match="delete it and run again"):
        serial.read("mixed_8/pool", "whole")


def test_nothing_readable_is_an_error(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "photos" / "object").mkdir(parents=True)
    (tmp_path / "photos" / "object" / "0.png").write_bytes(b"not a photo")
    photos = open_roles({REFERENCE: [tmp_path / "photos"]})[REFERENCE]
    with pytest.raises(EmbeddingsError, match="none of the 1 photos of the reference role"):
        embed(bundle, photos, tmp_path / "cache")


def test_the_second_run_computes_nothing(
    bundle: Bundle,
    photos: RolePhotos,
    serial: RoleEmbeddings,
    tmp_path: Path,
    small_batches: None,
    computed: list[int],
) -> None:
    assert_same(serial, embed(bundle, photos, tmp_path / "cache"))
    assert computed == [2, 2, 2, 2]
    assert_same(serial, embed(bundle, photos, tmp_path / "cache"))
    assert len(computed) == 4


def test_threads_compute_the_same(
    bundle: Bundle,
    photos: RolePhotos,
    serial: RoleEmbeddings,
    tmp_path: Path,
    small_batches: None,
) -> None:
    assert_same(serial, embed(bundle, photos, tmp_path / "cache", "3"))


def test_a_dask_cluster_computes_the_same(
    bundle: Bundle,
    photos: RolePhotos,
    serial: RoleEmbeddings,
    tmp_path: Path,
    small_batches: None,
    cluster: str,
) -> None:
    assert_same(serial, embed(bundle, photos, tmp_path / "cache", cluster))


def test_a_dask_worker_refuses_another_bundle(bundle: Bundle, cluster: str) -> None:
    other = {**contract(bundle, ["pool_3"]), "model_sha256": "00" * 32}
    job = Job(str(bundle.path.resolve()), other, software(bundle), ("pool_3",), ("whole",), 1)
    with (
        open_workers(cluster) as opened,
        pytest.raises(WorkersError, match="a worker has another bundle"),
    ):
        list(opened.results(embed_batch, [Batch(job, (b"",))]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"software": {"runtime": "other 1"}}, "install the same versions on all workers"),
        ({"bundle": "no-such-folder"}, "put it in the same folder on every worker"),
    ],
)
def test_a_worker_refuses_what_would_not_be_the_same(
    bundle: Bundle, changed: dict[str, object], message: str
) -> None:
    fields = {
        "bundle": str(bundle.path),
        "contract": contract(bundle, ["pool_3"]),
        "software": software(bundle),
        "layers": ("pool_3",),
        "segments": ("whole",),
        "threads": 1,
    }
    with pytest.raises(WorkersError, match=message):
        embed_batch(Batch(Job(**{**fields, **changed}), (b"",)))  # type: ignore[arg-type]


KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from ailock_sdk.embedding import find_bundle
from benchmarks.accuracy.paper import embeddings, store
from benchmarks.accuracy.paper.roles import open_roles

where, after = sys.argv[3], int(sys.argv[4])
owner, name = {
    "writing": (store.Writer, "_to_disk"),
    "written": (store.Writer, "append"),
    "creating": (store.os, "replace"),
}[where]
real, calls = getattr(owner, name), 0

def counted(*arguments):
    global calls
    calls += 1
    if calls > after:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)

setattr(owner, name, counted)
embeddings.BATCH_PHOTOS = 2
photos = open_roles({"reference": [Path(sys.argv[1])]})["reference"]
embeddings.embed_role(
    find_bundle("inception_v3_slim"), "reference", photos, ["pool_3"], ["whole", "centre"],
    Path(sys.argv[2]),
)
"""


@pytest.mark.parametrize(
    ("where", "after", "kept"),
    [
        ("creating", 0, {0}),  # the file is not there yet
        ("written", 0, {0}),
        ("writing", 4, {4}),  # the third batch's rows are written, its state is not
        ("writing", 5, {4, 6}),  # its state is written, and may or may not have been flushed
    ],
)
def test_a_killed_run_is_resumed(
    bundle: Bundle,
    source: Path,
    photos: RolePhotos,
    serial: RoleEmbeddings,
    tmp_path: Path,
    small_batches: None,
    computed: list[int],
    where: str,
    after: int,
    kept: set[int],
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, source, tmp_path, where, str(after)],
        cwd=Path(__file__).resolve().parents[4],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert_same(serial, embed(bundle, photos, tmp_path))
    assert len(photos) - sum(computed) in kept


def test_an_interrupted_run_keeps_what_is_done(
    bundle: Bundle,
    photos: RolePhotos,
    serial: RoleEmbeddings,
    tmp_path: Path,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, calls = store.Writer.append, 0

    def stop_at_the_third(self: store.Writer, *arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        real(self, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(store.Writer, "append", stop_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            embed(bundle, photos, tmp_path)
    (file,) = tmp_path.glob("*.h5")
    done = [store.EMBEDDED] * 3 + [store.UNREADABLE]
    assert store.states(file).tolist() == done + [store.PENDING] * 4
    assert_same(serial, embed(bundle, photos, tmp_path))


@pytest.mark.parametrize("lost", [0.5, 5_000])
def test_a_file_cut_short_is_not_used(
    bundle: Bundle,
    photos: RolePhotos,
    serial: RoleEmbeddings,
    tmp_path: Path,
    computed: list[int],
    lost: float,
) -> None:
    file = Path(shutil.copy(serial.file, tmp_path))
    size = file.stat().st_size
    os.truncate(file, size - int(lost if lost > 1 else size * lost))
    with pytest.raises(EmbeddingsError, match="delete it and run again"):
        replace(serial, file=file).read("pool_3", "whole")
    assert_same(serial, embed(bundle, photos, tmp_path))
    assert sum(computed) == len(photos)


def test_a_file_in_use_is_named(
    bundle: Bundle, photos: RolePhotos, serial: RoleEmbeddings, tmp_path: Path
) -> None:
    file = shutil.copy(serial.file, tmp_path)
    hold = (
        "import sys, h5py\nwith h5py.File(sys.argv[1], 'r+'): print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"\n"
        with pytest.raises(EmbeddingsError, match="is in use by another run"):
            embed(bundle, photos, tmp_path)
        other.communicate()
    assert_same(serial, embed(bundle, photos, tmp_path))


def test_another_bundle_is_embedded_anew(
    bundle: Bundle, photos: RolePhotos, serial: RoleEmbeddings, tmp_path: Path
) -> None:
    folder = tmp_path / bundle.path.name
    shutil.copytree(bundle.path, folder)
    manifest = read_manifest(folder)
    manifest["input"]["low"] = -0.5
    write_manifest(folder, manifest)
    cache = Path(shutil.copytree(serial.file.parent, tmp_path / "cache"))
    other = embed(load_bundle(folder), photos, cache)
    assert other.file.name != serial.file.name
    assert (other.read("pool_3", "whole") != serial.read("pool_3", "whole")).any(axis=1).all()
    assert_same(serial, embed(bundle, photos, cache))


def test_another_photo_label_layer_or_segment_is_another_file(
    bundle: Bundle, source: Path, photos: RolePhotos, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(source, tmp_path / source.name))
    keys = [
        embeddings.cache_key(bundle, of, layers, segments)
        for of, layers, segments in (
            (photos, LAYERS, ["whole"]),
            (photos, LAYERS[:1], ["whole"]),
            (photos, LAYERS, ["centre"]),
        )
    ]
    (copy / "object0").rename(copy / "thing")
    for content in (None, b"another"):
        if content:
            (copy / "thing" / "0.png").write_bytes(content)
        changed = open_roles({REFERENCE: [copy]})[REFERENCE]
        keys.append(embeddings.cache_key(bundle, changed, LAYERS, ["whole"]))
    assert len({json.dumps(key) for key in keys}) == len(keys)


def test_the_file_says_what_it_holds(
    bundle: Bundle, photos: RolePhotos, serial: RoleEmbeddings
) -> None:
    with h5py.File(serial.file) as stored:
        key = json.loads(stored.attrs["key"])
        assert stored["objects"].asstr()[...].tolist() == list(photos.objects)
        assert stored["paths"].asstr()[...].tolist() == list(photos.paths)
        assert stored["photo_sha256"].asstr()[...].tolist() == list(photos.photo_sha256)
    assert key["model_sha256"] == bundle.model_sha256
    assert key["input"] == bundle.input.as_dict()
    assert key["photo_sets_sha256"] == list(photos.sha256)
    assert key["outputs"] == json.loads(json.dumps({"pool_3": bundle.layers["pool_3"].as_list()}))
    assert key["layers"] == ["pool_3"]
    assert key["segments"] == ["whole", "centre"]
    assert key["software"] == software(bundle)


def test_a_photo_that_changes_meanwhile_stops_the_run(
    bundle: Bundle, source: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(source, tmp_path / "photos"))
    photos = open_roles({REFERENCE: [copy]})[REFERENCE]
    shutil.copy(copy / "object0" / "1.png", copy / "object0" / "0.png")
    with pytest.raises(EmbeddingsError, match=r"object0/0\.png changed while this ran"):
        embed(bundle, photos, tmp_path / "cache")


@pytest.mark.parametrize(
    ("layers", "segments", "message"),
    [
        (["pool_9"], ["whole"], "has no layer pool_9; it has mixed_8"),
        (["pool_3"], ["edge"], "has no segment edge; it has whole, top_left"),
        ([], ["whole"], "at least one layer"),
        (["pool_3"], [], "at least one segment"),
    ],
)
def test_unknown_names_are_answered_with_the_known(
    bundle: Bundle,
    photos: RolePhotos,
    tmp_path: Path,
    layers: list[str],
    segments: list[str],
    message: str,
) -> None:
    with pytest.raises(EmbeddingsError, match=message):
        embed_role(bundle, REFERENCE, photos, layers, segments, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_copy_with_other_metadata_is_left_out(
    bundle: Bundle, source: Path, serial: RoleEmbeddings, tmp_path: Path
) -> None:
    folder = tmp_path / "impostors"
    save_picture(folder / "other" / "0.png", seed=100)
    original = (source / "object0" / "1.png").read_bytes()
    (folder / "other" / "copy.png").write_bytes(original + b"another file's end")
    roles = open_roles({REFERENCE: [source], IMPOSTOR: [folder]})
    impostors = embed(bundle, roles[IMPOSTOR], tmp_path / "cache", role=IMPOSTOR)
    assert len(impostors) == 2
    kept = leave_out_copies({REFERENCE: serial, IMPOSTOR: impostors}, "pool_3")
    assert kept[IMPOSTOR].paths == ("other/0.png",)
    assert kept[IMPOSTOR].copies == 1
    np.testing.assert_array_equal(
        kept[IMPOSTOR].read("pool_3", "whole"), impostors.read("pool_3", "whole")[:1]
    )
    assert_same(kept[REFERENCE], serial)
    assert kept[REFERENCE].copies == 0

    # Unlabelled photos are embedded as a whole only, and found out all the same.
    roles = open_roles({REFERENCE: [source], UNLABELLED: [folder]})
    photos = roles[UNLABELLED]
    whole = embed_role(bundle, UNLABELLED, photos, ["pool_3"], ["whole"], tmp_path / "cache")
    kept = leave_out_copies({REFERENCE: serial, UNLABELLED: whole}, "pool_3")
    assert kept[UNLABELLED].paths == ("other/0.png",)
    assert kept[UNLABELLED].copies == 1


def test_few_tasks_are_drawn_ahead() -> None:
    """A set of any size is never in memory."""
    drawn = 0

    def tasks() -> Iterator[int]:
        nonlocal drawn
        for number in range(1_000):
            drawn += 1
            yield number

    with open_workers("2") as opened:
        for index, result in enumerate(opened.results(lambda task: task * 3, tasks())):
            assert result == index * 3
            assert drawn <= index + AHEAD * 2 + 1
    assert drawn == 1_000


@pytest.mark.parametrize("text", ["0", "-1", "two", "", "1.5", "host:8786"])
def test_unusable_workers_are_answered_with_what_would_do(text: str) -> None:
    with pytest.raises(WorkersError, match="a number of threads"), open_workers(text):
        pass


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    with (
        pytest.raises(WorkersError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1:"),
        open_workers("tcp://127.0.0.1:1"),
    ):
        pass
