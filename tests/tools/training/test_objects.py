"""Training on objects before changing backgrounds, in miniature."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("tomllib", reason="training reads TOML with Python 3.11's tomllib")

from ailock_sdk.embedding import DEFAULT_BUNDLE, Embedder, find_bundle, load_bundle  # noqa: E402
from lab.photos.embeddings import InputView, view_pixels  # noqa: E402
from tests.tools.training.test_training import SIDE, random_layers  # noqa: E402
from tools.conversion.layer_files import read_layer_files  # noqa: E402
from tools.training import dequantise  # noqa: E402
from tools.training.average import average  # noqa: E402
from tools.training.checkpoints import load_checkpoint, save_checkpoint  # noqa: E402
from tools.training.config import Source  # noqa: E402
from tools.training.cutouts import CARD, KEY, MASK, ObjectSource, read_cut_outs  # noqa: E402
from tools.training.dequantise import read_tflite  # noqa: E402
from tools.training.kept import Again  # noqa: E402
from tools.training.losses import grid_contrast  # noqa: E402
from tools.training.network import MIXED_8  # noqa: E402
from tools.training.object_batches import (  # noqa: E402
    Ahead,
    ObjectBatches,
    read_backgrounds,
)
from tools.training.object_config import (  # noqa: E402
    BackgroundSource,
    ObjectConfig,
    WatchSource,
    read_object_config,
)
from tools.training.object_trainer import ObjectTrainer, deviation_of  # noqa: E402
from tools.training.pack import TooLargeError, pack  # noqa: E402
from tools.training.photos import as_input  # noqa: E402
from tools.training.printer import Printer  # noqa: E402
from tools.training.scene_views import SceneViews  # noqa: E402
from tools.training.scenes import Scenes  # noqa: E402
from tools.training.starts import Student, open_student, with_projection  # noqa: E402
from tools.training.watch import (  # noqa: E402
    Watch,
    equal_error_rate,
    radius_at,
    rates,
    read_watched,
    score,
    trials,
    whitening,
    whole_looks,
)

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "models" / "inception_v3_slim"
CPU = torch.device("cpu")
GENERAL = torch.randint(0, 256, (9, 1, 3, SIDE, SIDE), dtype=torch.uint8)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small lose time to threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four cups and two pens, two photos and masks each: a bright blob before a dark ground."""
    rng = np.random.default_rng(0)
    rows = ["path,object,kind"]
    with zipfile.ZipFile(tmp_path / "cups.zip", "w") as archive:
        for index in range(12):
            image = np.full((96, 96, 3), 20, np.uint8)
            image[30:66, 24:60] = rng.integers(90, 255, 3)
            mask = np.zeros((96, 96), np.uint8)
            mask[30:66, 24:60] = 1
            for name, array in ((f"{index}.png", image), (f"{index}-mask.png", mask)):
                data = io.BytesIO()
                Image.fromarray(array).save(data, "PNG")
                archive.writestr(name, data.getvalue())
            kind = "cup" if index < 8 else "pen"
            rows.append(f"{index}.png,{kind}_{index // 2},object")
        archive.writestr("labels.csv", "\n".join(rows))
    return tmp_path


@pytest.fixture
def config() -> ObjectConfig:
    """The shipped configuration, made tiny."""
    shipped = read_object_config(ROOT / "tools" / "train_objects.toml")
    return dataclasses.replace(
        shipped,
        input_size=SIDE,
        source_size=SIDE,
        optimisation=dataclasses.replace(
            shipped.optimisation,
            steps=4,
            quantised_steps=1,
            warmup_steps=1,
            grids=1,
            pairs=2,
            queue=6,
        ),
        scenes=dataclasses.replace(shipped.scenes, objects=2, backgrounds=2),
        training=(Source("cups.zip", weight=1, general=True),),
        objects=(
            ObjectSource("cups.zip", MASK, weight=1),
            ObjectSource("cups.zip", CARD, weight=1, limit=6),
        ),
        backgrounds=(BackgroundSource("cups.zip"),),
        watch=(WatchSource("cups.zip", "same_place"), WatchSource("cups.zip", "targeted")),
    )


@pytest.fixture
def start() -> Student:
    layers = random_layers(0.1)
    noise = torch.rand(20, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return with_projection(Student(layers), noise)


def trainer(config: ObjectConfig, start: Student, batches: ObjectBatches) -> ObjectTrainer:
    deviation = deviation_of(Printer(start), batches.general(6), CPU)
    return ObjectTrainer(config.optimisation, start, deviation, CPU)


def test_a_run_from_the_shipped_bundle_starts_at_its_figures() -> None:
    printer = Printer(open_student(SHIPPED))
    bundle = load_bundle(SHIPPED)
    embedder, projection = Embedder(bundle, threads=1), bundle.projections[MIXED_8]
    arrays = np.load(SHIPPED / "projection.npz")
    view = InputView(bundle.input.height, bundle.input.width, 1.0)
    differing = []
    for path in sorted((ROOT / "tests" / "photos").glob("*.jpg")):
        pixels = view_pixels(path.read_bytes(), view).copy()
        (shipped,) = embedder.embed(pixels, [MIXED_8])
        with torch.no_grad():
            margins = printer(printer.frozen(as_input(pixels[None])))[0].numpy()
        expected = arrays[f"{MIXED_8}/weights"].astype(np.float64) @ shipped
        expected -= arrays[f"{MIXED_8}/offsets"]
        assert np.corrcoef(margins, expected)[0, 1] > 0.98
        differing.append(np.mean((margins >= 0) != (expected >= 0)))
    assert projection.lambda_bits == len(margins)
    assert np.mean(differing) < 0.05


def test_a_student_survives_the_round_trip_through_a_layer_file(
    tmp_path: Path, start: Student
) -> None:
    from tools.train_objects import write_student

    trunk = Printer(start).student()
    write_student(tmp_path / "best.npz", trunk)
    again = open_student(tmp_path / "best.npz")
    assert again.layers.keys() == trunk.layers.keys()
    assert np.allclose(again.weight, trunk.weight, rtol=1e-3)
    stored = np.load(tmp_path / "best.npz")
    assert {stored[name].dtype for name in stored.files} == {np.dtype(np.float16)}
    assert sum(stored[name].nbytes for name in stored.files) < 16_000_000


@pytest.mark.parametrize("outline", [KEY, MASK])
def test_outlines_are_those_of_the_objects(photos: Path, outline: str) -> None:
    found = read_cut_outs(ObjectSource("cups.zip", outline, 1), photos, 96, seed=0)
    assert len(found) == 12
    assert list(found.objects) == [index // 2 for index in range(12)]
    assert found.masks[:, 34:62, 28:56].min() == 255
    assert found.masks[:, :20].max() == 0
    assert found.boxes[0] == pytest.approx([42 / 48 - 1, 0, 18 / 48, 18 / 48], abs=0.06)


def test_a_shaded_ground_is_no_object(tmp_path: Path) -> None:
    ramp = np.linspace(150, 230, 96).astype(np.uint8)
    image = np.repeat(np.tile(ramp, (96, 1))[:, :, None], 3, axis=2)
    image[36:60, 36:60] = 40
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        data = io.BytesIO()
        Image.fromarray(image).save(data, "PNG")
        archive.writestr("a.png", data.getvalue())
        archive.writestr("labels.csv", "path,object\na.png,a")
    found = read_cut_outs(ObjectSource("one.zip", KEY, 1), tmp_path, 96, seed=0)
    assert found.masks[0, 40:56, 40:56].min() == 255
    assert found.masks[0, :24].max() == 0


def test_a_grid_shows_every_object_on_every_background(config: ObjectConfig, photos: Path) -> None:
    source = read_cut_outs(config.objects[0], photos, SIDE, seed=0)
    layout = dataclasses.replace(config.scenes, objects=3, backgrounds=2)
    scenes = Scenes([(source, 1.0)], read_backgrounds(config, photos))
    grid = scenes.grid(SIDE, layout, config.augmentation, np.random.default_rng(0))
    assert grid.views.shape == (6, 3, SIDE, SIDE)
    assert torch.equal(grid.objects[:3], grid.objects[3:])
    assert len(set(grid.objects.tolist())) == 3
    assert len(set(grid.backgrounds[:3].tolist())) == 1
    assert grid.backgrounds[0] != grid.backgrounds[3]
    again = scenes.grid(SIDE, layout, config.augmentation, np.random.default_rng(0))
    assert torch.equal(grid.views, again.views)


def test_scene_views_name_their_objects(config: ObjectConfig, photos: Path) -> None:
    views = SceneViews(config, photos, grids=2, size=48, seed=0)
    shown = list(views)
    assert {view.shape for view in shown} == {(48, 48, 3)}
    assert len(views.names) == len(shown) == 2 * 2 * 2
    assert views.names[:2] == views.names[2:4]
    assert len(set(views.names)) >= 2


def test_what_follows_the_trained_part_is_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = find_bundle(DEFAULT_BUNDLE).model_path
    monkeypatch.setattr("sys.argv", ["dequantise", str(model), "--out", str(tmp_path / "head.npz")])
    dequantise.main()
    head, trunk = read_layer_files([tmp_path / "head.npz"]), open_student(model).layers
    assert head
    assert not head.keys() & trunk.keys()
    whole = read_tflite(model)
    assert head.keys() | trunk.keys() == whole.keys()
    for name, values in head.items():
        np.testing.assert_allclose(values, whole[name], rtol=1e-3, atol=1e-6)


def test_networks_of_one_start_are_averaged(start: Student) -> None:
    doubled = Student({name: 2 * layer for name, layer in start.layers.items()})
    found = average([start, doubled])
    assert found.weight is None
    for name, layer in start.layers.items():
        np.testing.assert_allclose(found.layers[name], 1.5 * layer, rtol=1e-6)
    name = next(iter(start.layers))
    other = Student({**start.layers, name: start.layers[name][..., :1]})
    with pytest.raises(ValueError, match="only runs from one start"):
        average([start, other])


def test_no_background_answers_the_grid() -> None:
    objects, backgrounds = torch.arange(4).repeat(3), torch.arange(3).repeat_interleave(4)
    by_object = torch.eye(4)[objects]
    by_background = torch.eye(3)[backgrounds]
    told = grid_contrast(by_object, objects, backgrounds, 0.1)
    fooled = grid_contrast(by_background, objects, backgrounds, 0.1)
    assert told < 0.01 < 5 < fooled


def test_batches_are_alike_in_whatever_order_they_are_drawn(
    config: ObjectConfig, photos: Path
) -> None:
    batches = ObjectBatches(config, photos)
    ahead = Ahead(batches, first=1)
    drawn = [ahead() for _ in range(2)]
    ahead.close()
    assert torch.equal(drawn[1].views, batches(2).views)
    assert torch.equal(drawn[0].views, batches(1).views)
    assert len(drawn[0].views) == 2 * 2 + 2 * 2


def test_kept_batches_train_as_fresh_ones_do(
    config: ObjectConfig, start: Student, photos: Path
) -> None:
    batches = ObjectBatches(config, photos)
    fresh, kept = trainer(config, start, batches), trainer(config, start, batches)
    maps = kept.through_frozen(batches(0))
    assert maps.views.shape[1] != 3
    losses = fresh.train_step(batches(0)), kept.train_step(maps)
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    pool = Again([kept.through_frozen(batches(index)) for index in range(3)], seed=0)
    seen = [pool(step) for step in range(3)]
    assert len({float(batch.views[0].sum()) for batch in seen}) == 3
    assert torch.equal(pool(4).views, pool(4).views)


def test_kept_batches_and_sets_are_drawn_once(
    config: ObjectConfig, start: Student, photos: Path, tmp_path: Path
) -> None:
    from tools.train_objects import _prepared

    recipe = dataclasses.replace(config.optimisation, kept_batches=2, freeze_through="mixed_6")
    config = dataclasses.replace(config, optimisation=recipe)
    first = _prepared(config, photos, start, CPU, tmp_path / "kept.pt")
    again = _prepared(config, photos, start, CPU, tmp_path / "kept.pt")
    assert torch.equal(first.draw(1).views, again.draw(1).views)
    printer = Printer(start, "mixed_6")
    sets, looks = (
        read_watched(config.watch, photos, SIDE),
        ObjectBatches(config, photos).general(384),
    )
    from_photos = Watch(sets, whole_looks(looks), CPU)(printer)
    assert Watch(again.sets, again.general, CPU)(printer) == from_photos


def test_a_resumed_run_is_the_uninterrupted_one(
    config: ObjectConfig, start: Student, photos: Path, tmp_path: Path
) -> None:
    batches = ObjectBatches(config, photos)
    whole = trainer(config, start, batches)
    for step in range(config.optimisation.steps):
        if step == 2:
            save_checkpoint(whole, [{"step": 2.0}], tmp_path / "checkpoint")
        losses = whole.train_step(batches(step))
    assert losses.keys() == {"grid", "pairs", "keep", "decorrelation"}

    resumed = trainer(config, start, batches)
    assert load_checkpoint(resumed, tmp_path / "nothing") is None
    assert load_checkpoint(resumed, tmp_path / "checkpoint") == [{"step": 2.0}]
    while resumed.step < config.optimisation.steps:
        resumed.train_step(batches(resumed.step))
    for one, other in zip(
        whole.averaged.state_dict().values(), resumed.averaged.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
    one, other = whole.printer.student(), resumed.printer.student()
    assert all(np.array_equal(one.layers[name], other.layers[name]) for name in one.layers)
    frozen, free = "mixed_3_conv/weights", "mixed_7_conv/weights"
    assert np.array_equal(one.layers[frozen], start.layers[frozen].astype(np.float16))
    assert not np.array_equal(one.layers[free], start.layers[free].astype(np.float16))


def test_figures_of_known_distances() -> None:
    objects = np.array(["cup_a", "cup_a", "cup_b", "pen_a"])
    margins = np.ones((4, 8), np.float32)
    margins[1, :1] = margins[2, :3] = margins[3, :6] = -1
    found = trials(margins, objects)
    assert list(found.distances) == [1, 3, 6, 2, 5, 3]
    assert list(found.mated) == [True, False, False, False, False, False]
    assert list(found.same_kind) == [False, True, False, True, False, False]
    assert radius_at(found, 1e-4) == 1
    assert radius_at(found, 0.2) == 2
    at_two = rates(found, 2, targeted=True)
    assert at_two == {"eer": 0, "refused": 0, "same_kind": 0.5, "other_kind": 0, "kind_eer": 0}
    assert equal_error_rate(found) == 0


def test_whitening_removes_what_margins_share() -> None:
    rng = np.random.default_rng(0)
    margins = rng.standard_normal((500, 8)) + 2 * rng.standard_normal((500, 1))
    white = margins.astype(np.float32) @ whitening(margins.astype(np.float32))
    shared = np.corrcoef(margins, rowvar=False)[0, 1]
    assert abs(np.corrcoef(white, rowvar=False)[0, 1]) < 0.5 * shared


def test_the_score_pays_for_every_kind() -> None:
    kinds = {
        "same_place": [{"refused": 0.1}],
        "changed": [{"refused": 0.6}, {"refused": 0.2}],
        "targeted": [{"refused": 0.4, "kind_eer": 0.0}],
    }
    assert score(kinds, least=0.01) == pytest.approx((0.1 * 0.4 * 0.01) ** (1 / 3))


def test_a_watched_run_reports_every_set(
    config: ObjectConfig, start: Student, photos: Path
) -> None:
    watch = Watch(read_watched(config.watch, photos, SIDE), GENERAL, CPU)
    figures = watch(Printer(start))
    assert {"cups/refused", "cups/same_kind", "cups/other_kind", "radius", "score"} <= set(figures)
    with pytest.raises(ValueError, match="kind 'other'"):
        WatchSource("cups.zip", "other")


def test_a_packed_file_serves_as_the_folder(
    config: ObjectConfig, photos: Path, tmp_path: Path
) -> None:
    from tools.train_objects import _unpacked

    packed = tmp_path / "packed.zip"
    assert pack(config, photos, packed) == 90
    folder = _unpacked(packed, tmp_path / "run")
    before, after = (ObjectBatches(config, place)(0) for place in (photos, folder))
    assert torch.equal(before.paired, after.paired)
    assert (before.views - after.views).abs().mean() < 0.1
    with pytest.raises(TooLargeError):
        pack(config, photos, packed, largest=1000)


def test_a_run_writes_its_record_and_continues(
    config: ObjectConfig, start: Student, photos: Path, tmp_path: Path
) -> None:
    from tools.train_objects import run

    batches = ObjectBatches(config, photos)
    watch = Watch(read_watched(config.watch, photos, SIDE), GENERAL, CPU)
    history: list = []
    run(trainer(config, start, batches), batches, watch, history, tmp_path, {"seed": 1})
    record = json.loads((tmp_path / "training.json").read_text())
    assert [row["step"] for row in record["evaluations"]] == [0, 4]
    assert (tmp_path / "curves.png").exists()
    assert (tmp_path / "final.npz").exists()
    finished = trainer(config, start, batches)
    assert load_checkpoint(finished, tmp_path / "checkpoint") == record["evaluations"]
