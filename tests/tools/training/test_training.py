"""Training in miniature: the graph in PyTorch, reconstruction, views, and resuming."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("tomllib", reason="training reads TOML with Python 3.11's tomllib")

from tools.conversion.inception_v3 import INPUT, NODES, Concat, Conv  # noqa: E402
from tools.training.augmentation import augment, cut_out  # noqa: E402
from tools.training.config import Config, Source, read_config  # noqa: E402
from tools.training.evaluation import equal_error_rate  # noqa: E402
from tools.training.loop import Trainer  # noqa: E402
from tools.training.losses import MapDistillation, Queue, contrast, decorrelation  # noqa: E402
from tools.training.network import (  # noqa: E402
    HEAD,
    MIXED_8,
    TRUNK,
    Inception,
    Layers,
)
from tools.training.photos import TrainingPhotos, as_input, as_pixels  # noqa: E402
from tools.training.preparation import Known, Start, prepare  # noqa: E402
from tools.training.projections import discriminant, unit, whitened_pca  # noqa: E402
from tools.training.reconstruction import (  # noqa: E402
    Maps,
    complete,
    kept_count,
    reconstruct,
)

CONFIG = Path(__file__).resolve().parents[3] / "tools" / "train_embedder.toml"
SIDE = 80
"""Smallest convenient input: 80 pixels leave a 1x1 map at ``mixed_8``."""


def random_layers(width: float, seed: int = 0) -> Layers:
    """A layer file of He-initialised weights at a share ``width`` of the channels."""
    rng = np.random.default_rng(seed)
    channels = {INPUT: 3}
    layers: Layers = {}
    for node in NODES:
        if isinstance(node, Conv):
            shape = (*node.kernel, channels[node.source], kept_count(node.filters, width))
            scale = np.sqrt(2 / np.prod(shape[:3]))
            weights = rng.standard_normal(shape, np.float32) * np.float32(scale)
            layers[f"{node.name}/weights"] = weights
            layers[f"{node.name}/bias"] = rng.random(shape[-1], np.float32) * np.float32(0.1)
            channels[node.name] = shape[-1]
        elif isinstance(node, Concat):
            channels[node.name] = sum(channels[source] for source in node.sources)
        else:
            channels[node.name] = channels[node.source]
    return layers


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small lose time to threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def pixels(count: int, side: int = SIDE, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one photo set: six objects, two photos each, a blob before black."""
    rng = np.random.default_rng(0)
    rows = ["path,set,object,view,kind"]
    with zipfile.ZipFile(tmp_path / "tiny.zip", "w") as archive:
        for index in range(12):
            image = np.zeros((90, 110, 3), np.uint8)
            image[20:70, 30:80] = rng.integers(60, 255, (50, 50, 3))
            data = io.BytesIO()
            Image.fromarray(image).save(data, "PNG")
            archive.writestr(f"{index}.png", data.getvalue())
            rows.append(f"{index}.png,tiny,object{index // 2},{index % 2},object")
        archive.writestr("labels.csv", "\n".join(rows))
    return tmp_path


@pytest.fixture
def config() -> Config:
    """The shipped configuration, made tiny."""
    shipped = read_config(CONFIG)
    tiny = Source("tiny.zip", weight=1, cut_outs=True, general=True)
    return dataclasses.replace(
        shipped,
        input_size=SIDE,
        source_size=88,
        network=dataclasses.replace(
            shipped.network,
            trunk_width=0.1,
            head_width=0.1,
            trunk_photos=4,
            trunk_samples=60,
            head_samples=24,
            slots=8,
            views=3,
            watch_slots=5,
        ),
        optimisation=dataclasses.replace(
            shipped.optimisation,
            head_steps=2,
            head_objects=4,
            joint_steps=2,
            joint_objects=2,
            quantised_steps=1,
            warmup_steps=1,
            queue=5,
        ),
        training=(tiny,),
        dev=(tiny,),
    )


def test_full_width_has_the_published_shapes() -> None:
    layers, filled = complete(random_layers(1.0), seed=0)
    assert not filled
    with torch.no_grad():
        mixed_8, mixed_10 = Inception(layers)(pixels(1, 299))
    assert mixed_8.shape == (1, 1280, 8, 8)
    assert mixed_10.shape == (1, 2048, 8, 8)


def test_channel_counts_come_from_the_layer_file() -> None:
    network = Inception(random_layers(0.2))
    with torch.no_grad():
        mixed_8, mixed_10 = network(pixels(2))
    assert mixed_8.shape[:2] == (2, 64 + 40 + 4 * 40)
    assert mixed_10.shape[:2] == (2, 64 + 4 * 80 + 40)
    assert mixed_10.min() >= 0


def test_layers_survive_the_round_trip() -> None:
    layers = random_layers(0.1)
    again = Inception(layers).layers()
    assert layers.keys() == again.keys()
    assert all(np.array_equal(layers[key], again[key]) for key in layers)


@pytest.mark.parametrize(("width", "count"), [(0.7, 136), (1.0, 192), (0.01, 8), (0.78, 152)])
def test_kept_counts_are_multiples_of_eight(width: float, count: int) -> None:
    assert kept_count(192, width) == count


def test_missing_weights_are_filled_with_the_seed() -> None:
    layers = random_layers(0.1)
    removed = layers.pop("mixed_9_tower_1_conv_1/weights")
    completed, filled = complete(layers, seed=1)
    assert filled == ["mixed_9_tower_1_conv_1"]
    assert completed["mixed_9_tower_1_conv_1/weights"].shape == removed.shape
    again = complete(layers, seed=1)[0]["mixed_9_tower_1_conv_1/weights"]
    assert np.array_equal(completed["mixed_9_tower_1_conv_1/weights"], again)


@pytest.mark.parametrize("nodes", [TRUNK, HEAD], ids=["trunk", "head"])
def test_reconstruction_at_full_width_is_the_teacher(nodes: tuple) -> None:
    teacher = random_layers(0.1)
    source = INPUT if nodes is TRUNK else MIXED_8
    features = pixels(3)
    if nodes is HEAD:
        with torch.no_grad():
            features = Inception(teacher).trunk(features)
    channels = torch.arange(features.shape[1])
    maps = Maps({source: features}, {source: features}, {source: channels})
    solved = reconstruct(nodes, teacher, maps, width=1.0, samples=40, seed=0)
    for key, values in solved.items():
        np.testing.assert_allclose(values, teacher[key], atol=2e-3)


def test_reconstruction_imitates_the_channels_it_kept() -> None:
    teacher, features = random_layers(0.2), pixels(12)
    maps = Maps({INPUT: features}, {INPUT: features}, {INPUT: torch.arange(3)})
    layers = reconstruct(TRUNK, teacher, maps, width=0.7, samples=2000, seed=0)
    with torch.no_grad():
        student = Inception(layers, TRUNK).trunk(features)
        wanted = Inception(teacher, TRUNK).trunk(features)[:, maps.kept[MIXED_8]]
    error = (student - wanted).square().mean() / (wanted - wanted.mean(dim=0)).square().mean()
    assert error < 0.5


def test_views_stay_in_range_and_repeat_with_the_seed(config: Config) -> None:
    rng = np.random.default_rng(0)
    source = torch.from_numpy(rng.integers(0, 256, (4, 48, 48, 3), np.uint8))
    marks = torch.tensor([True, True, False, False])
    cards = torch.tensor([0.0, 0.0, 0.8, 0.0])
    recipe = dataclasses.replace(config.augmentation, background_share=1.0, card_share=1.0)

    def draw(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return augment(source, marks, cards, source.flip(0), 32, recipe, generator)

    views = draw(0)
    assert views.shape == (4, 3, 32, 32)
    assert views.dtype == torch.float32
    assert views.min() >= -1
    assert views.max() <= 1
    assert torch.equal(views, draw(0))
    assert not torch.equal(views, draw(1))


def test_a_card_lies_whole_on_its_background(config: Config) -> None:
    white = torch.full((32, 64, 64, 3), 255, dtype=torch.uint8)
    plain = dataclasses.replace(
        config.augmentation,
        card_share=1.0,
        perspective=0,
        brightness=0,
        contrast=0,
        noise=0,
        cast=0,
    )
    views = augment(
        white,
        torch.zeros(32, dtype=torch.bool),
        torch.full((32,), 2.0),
        torch.zeros_like(white),
        64,
        plain,
        torch.Generator().manual_seed(0),
    )
    lit = views[:, 0] > 0
    # Between a card of the smallest side and one that fills the view.
    assert 0.15 < lit.float().mean(dim=(1, 2)).min() < lit.float().mean(dim=(1, 2)).max() <= 1
    assert (lit.flatten(1).float().mean(dim=1) < 0.6).any()
    assert not lit[:, [0, 0, -1, -1], [0, -1, 0, -1]].all()


def test_cut_out_is_the_object() -> None:
    image = torch.full((1, 3, 64, 64), 0.9)
    image[:, :, 20:44, 20:44] = 0.3
    mask = cut_out(image)[0, 0]
    assert mask[22:42, 22:42].min() > 0.99
    assert mask[:17].max() == 0


def test_pixels_and_inputs_are_inverse() -> None:
    values = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    assert np.array_equal(as_pixels(as_input(values)), values)


def test_drawn_objects_are_distinct_and_photos_differ(config: Config, photos: Path) -> None:
    training = TrainingPhotos(config, photos)
    drawn = training.draw(6, 2, np.random.default_rng(0))
    first, second = drawn.photos
    assert len(set(drawn.objects)) == 6
    assert set(first // 2) == set(range(6))
    assert np.array_equal(first // 2, second // 2)
    assert not (first == second).any()


def test_losses_are_least_for_what_they_ask() -> None:
    maps = torch.rand(4, 5, 2, 2)
    distil = MapDistillation(torch.full((5,), 2.0))
    assert distil(maps, maps) == 0
    assert distil(maps + 2, maps).item() == pytest.approx(1, rel=1e-5)
    vectors, numbers = torch.eye(8), torch.arange(8)
    apart = contrast(vectors, vectors, numbers, 0.1)
    assert apart < 0.01 < contrast(vectors, vectors.roll(1, 0), numbers, 0.1)


def test_rows_of_one_object_are_no_impostors_of_each_other() -> None:
    rows = unit(np.random.default_rng(0).standard_normal((3, 4)))
    vectors = torch.from_numpy(np.concatenate([rows, rows[:1]])).float()
    distinct, repeated = torch.arange(4), torch.tensor([0, 1, 2, 0])
    assert contrast(vectors, vectors, repeated, 0.1) < contrast(vectors, vectors, distinct, 0.1)
    nothing = Queue(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    own, other = (
        nothing.push(vectors[:1], torch.tensor([0]), 5),
        nothing.push(vectors[:1], torch.tensor([9]), 5),
    )
    without = contrast(vectors, vectors, repeated, 0.1, nothing)
    assert torch.isclose(without, contrast(vectors, vectors, repeated, 0.1))
    assert without < contrast(vectors, vectors, repeated, 0.1, other)
    assert contrast(vectors, vectors, repeated, 0.1, own) < contrast(
        vectors, vectors, repeated, 0.1, other
    )
    assert len(own.push(vectors, repeated, 3).objects) == 3


def test_repeated_components_are_redundant() -> None:
    rows = torch.randn(4000, 6, generator=torch.Generator().manual_seed(0))
    repeated = torch.cat([rows[:, :3], rows[:, :3]], dim=1)
    assert decorrelation(rows, rows).abs() < 0.01 < decorrelation(repeated, repeated)
    assert decorrelation(rows, rows.flip(0)) > 0.9


def test_rounding_is_int8s() -> None:
    network = Inception(random_layers(0.1))
    exact, _ = network(pixels(2))
    network.quantised = True
    rounded, _ = network(pixels(2))
    assert not torch.equal(exact, rounded)
    assert len(rounded.unique()) <= 256 * 4  # four branches, each with a scale of its own
    assert (rounded - exact).square().mean() < 0.01 * exact.square().mean()


def test_silent_channels_are_drawn_anew() -> None:
    layers = random_layers(0.1)
    layers["mixed_10_conv/bias"] = np.full_like(layers["mixed_10_conv/bias"], -1e3)
    network = Inception(layers)
    maps, count = network.trunk(pixels(8)), len(layers["mixed_10_conv/bias"])
    assert not network.head(maps)[:, :count].any()
    revived = network.revive(maps, torch.Generator().manual_seed(0))
    assert revived >= count
    assert network.head(maps)[:, :count].any()


def test_discriminant_ignores_what_varies_within_an_object() -> None:
    rng = np.random.default_rng(0)
    objects = np.arange(60).repeat(4)
    signal, nuisance = rng.standard_normal((60, 8)), rng.standard_normal((240, 8)) * 2
    embeddings = np.hstack([signal[objects] + 0.1 * rng.standard_normal((240, 8)), nuisance])
    fitted = discriminant(embeddings.reshape(60, 4, 16))(embeddings)
    unfitted = whitened_pca(embeddings)(embeddings)
    assert equal_error_rate(fitted, objects) < 0.75 * equal_error_rate(unfitted, objects)


def test_equal_error_rate_of_known_scores() -> None:
    objects = np.array([0, 0, 1, 1])
    apart = unit(np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]]))
    assert equal_error_rate(apart, objects) == 0
    assert equal_error_rate(apart[[0, 2, 1, 3]], objects) > 0.4


def test_a_resumed_run_ends_in_the_same_state(config: Config, photos: Path) -> None:
    teacher = random_layers(0.1)
    training = TrainingPhotos(config, photos)
    start: Start = prepare(config, teacher, training, None)

    def trainer() -> Trainer:
        return Trainer(config, start, teacher, training)

    whole = trainer()
    for _ in range(whole.steps):
        losses = whole.train_step()
    assert losses.keys() == {MIXED_8, "objects", "teacher", "decorrelation"}

    first, second = trainer(), trainer()
    first.train_step()
    file = io.BytesIO()
    torch.save(first.state(), file)
    file.seek(0)
    second.resume(torch.load(file, weights_only=True))
    while second.step < second.steps:
        second.train_step()
    expected, resumed = whole.student.layers(), second.student.layers()
    assert all(np.array_equal(expected[key], resumed[key]) for key in expected)
    frozen = "conv_1/weights"
    assert np.array_equal(expected[frozen], start.layers[frozen])
    assert not np.array_equal(
        expected["mixed_7_conv/weights"], start.layers["mixed_7_conv/weights"]
    )


def test_a_run_starts_from_an_earlier_ones_student(config: Config, photos: Path) -> None:
    teacher, layers = random_layers(0.1), random_layers(0.1, seed=1)
    kept = torch.arange(Inception(layers).trunk(pixels(1)).shape[1])
    start = prepare(config, teacher, TrainingPhotos(config, photos), Known(layers, kept))
    assert all(np.array_equal(start.layers[key], layers[key]) for key in layers)
