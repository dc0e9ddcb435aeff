"""FaceNet's networks against the paper's table, its loss counted by hand, and a short run."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from math import prod
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("tomllib", reason="training reads TOML with Python 3.11's tomllib")

from tests.tools.training.test_training import photos as photos  # noqa: E402
from tools import train_embedder  # noqa: E402
from tools.training.config import Source  # noqa: E402
from tools.training.facenet import Normalisation, build  # noqa: E402
from tools.training.photos import TrainingPhotos  # noqa: E402
from tools.training.quiet_keras import keras  # noqa: E402
from tools.training.triplet_config import TripletConfig, read_triplet_config  # noqa: E402
from tools.training.triplet_run import TripletTrainer  # noqa: E402
from tools.training.triplets import triplet_loss  # noqa: E402

pytestmark = pytest.mark.filterwarnings(  # of Keras, where it makes arrays of tensors
    "ignore:__array__ implementation:DeprecationWarning"
)

CONFIGS = sorted((Path(__file__).resolve().parents[3] / "tools").glob("train_facenet*.toml"))
NORM = Normalisation(momentum=0.995, epsilon=1e-3)

TABLE = {  # output, parameters, multiply-adds as the paper prints them
    "conv1": ((112, 112, 64), 9e3, 119e6),
    "pool1": ((56, 56, 64), 0, 0),
    "inception2": ((56, 56, 192), 115e3, 360e6),
    "pool2": ((28, 28, 192), 0, 0),
    "inception3a": ((28, 28, 256), 164e3, 128e6),
    "inception3b": ((28, 28, 320), 228e3, 179e6),
    "inception3c": ((14, 14, 640), 398e3, 108e6),
    "inception4a": ((14, 14, 640), 545e3, 107e6),
    "inception4b": ((14, 14, 640), 595e3, 117e6),
    "inception4c": ((14, 14, 640), 654e3, 128e6),
    "inception4d": ((14, 14, 640), 722e3, 142e6),
    "inception4e": ((7, 7, 1024), 717e3, 56e6),
    "inception5a": ((7, 7, 1024), 1.6e6, 78e6),
    "inception5b": ((7, 7, 1024), 1.6e6, 78e6),
    "avg_pool": ((1024,), 0, 0),
    "fully_conn": ((128,), 131e3, 0.1e6),
}
L2_POOLED = ("3b", "4a", "4b", "4c", "4d", "5a")


def trained_parameters(layer: keras.layers.Layer) -> int:
    return sum(prod(variable.shape) for variable in layer.trainable_variables)


def multiply_adds(layer: keras.layers.Layer) -> int:
    if isinstance(layer, keras.layers.Conv2D):
        return prod(layer.kernel.shape) * prod(layer.output.shape[1:3])
    return prod(layer.kernel.shape) if isinstance(layer, keras.layers.Dense) else 0


def test_nn2_is_the_table_row_by_row() -> None:
    network = build("nn2", 224, 128, NORM)
    total = total_adds = 0
    for row, (output, parameters, adds) in TABLE.items():
        assert network.get_layer(row).output.shape[1:] == output, row
        mine = [x for x in network.layers if x.name == row or x.name.startswith(f"{row}_")]
        found, found_adds = sum(map(trained_parameters, mine)), sum(map(multiply_adds, mine))
        # The table rounds or cuts to thousands, and to a million or a tenth of one.
        assert found == pytest.approx(parameters, rel=0.01, abs=500), row
        assert found_adds == pytest.approx(adds, rel=0.01, abs=4e4), row
        total, total_adds = total + found, total_adds + found_adds
    whole = sum(map(trained_parameters, network.layers))
    assert whole == total + 64 + 192  # the offsets of the two rows that only normalise
    assert round(whole / 1e6, 1) == 7.5
    assert round(total_adds / 1e9, 1) == 1.6
    squared = {x.name for x in network.layers if x.name.endswith("_pool_square")}
    assert squared == {f"inception{name}_pool_square" for name in L2_POOLED}
    norms = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {(x.momentum, x.epsilon, x.scale) for x in norms} == {(0.995, 1e-3, False)}


@pytest.mark.parametrize("kind", ["nn2", "inception_resnet_v2"])
def test_embeddings_have_length_one(kind: str) -> None:
    network = build(kind, 80, 128, NORM)
    pixels = torch.rand(3, 80, 80, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        rows = network(pixels, training=False).numpy()
    assert rows.shape == (3, 128)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    if kind == "inception_resnet_v2":
        # That of keras.applications without its classes, and 1,536 x 128 and 128 after it.
        assert network.count_params() == 54_336_736 + 1536 * 128 + 128
        norms = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
        assert {(x.momentum, x.scale) for x in norms} == {(0.995, False)}


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match="'nn1' is none of nn2, inception_resnet_v2"):
        build("nn1", 80, 128, NORM)


def on_circle(*degrees: float) -> torch.Tensor:
    angle = torch.deg2rad(torch.tensor(degrees, dtype=torch.float64))
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def squared(degrees: float) -> float:
    return 2 - 2 * float(np.cos(np.deg2rad(degrees)))


def test_negatives_are_semi_hard() -> None:
    identities = torch.tensor([0, 0, 1, 1])
    # Anchor at 0, positive at 40: of the negatives at 20 and 45 the latter is just further away.
    # From 40 its positive is 40 away, all negatives nearer (20, 5): the furthest of them, 20.
    # From 20, positive at 25 degrees: negatives 20 (nearer, both): 20. From 45: 45 and 5: 45.
    loss = triplet_loss(on_circle(0, 40, 20, 45), identities, 0.2)
    terms = [(40, 45), (40, 20), (25, 20), (25, 45)]
    expected = sum(max(0, squared(p) - squared(n) + 0.2) for p, n in terms)
    assert max(0, squared(25) - squared(45) + 0.2) == 0 < expected
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_what_is_apart_by_the_margin_costs_nothing() -> None:
    embeddings = on_circle(0, 5, 90, 95).requires_grad_()
    loss = triplet_loss(embeddings, torch.tensor([0, 0, 1, 1]), 0.2)
    loss.backward()
    assert loss.item() == 0
    assert not embeddings.grad.any()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configurations_are_facenets(path: Path) -> None:
    config = read_triplet_config(path)
    recipe = config.triplets
    assert (recipe.dimensions, recipe.margin, recipe.momentum, recipe.nesterov) == (
        *(128, 0.2, 0.9),
        True,
    )
    if path.stem == "train_facenet":
        assert (recipe.learning_rate, recipe.decay) == (1e-5, 1e-6)
        assert (recipe.norm_momentum, recipe.norm_epsilon) == (0.995, 1e-3)
        assert recipe.identities * recipe.photos_each == 1800
        assert config.input_size == 224


@pytest.fixture
def config() -> TripletConfig:
    """The shipped configuration, made tiny."""
    shipped = read_triplet_config(CONFIGS[0])
    tiny = Source("tiny.zip", weight=1, general=True)
    recipe = dataclasses.replace(
        shipped.triplets, identities=3, photos_each=2, steps=4, evaluate_every=2
    )
    return dataclasses.replace(
        shipped, input_size=32, source_size=32, triplets=recipe, training=(tiny,), dev=(tiny,)
    )


def test_a_resumed_run_is_the_uninterrupted_one(
    config: TripletConfig, photos: Path, tmp_path: Path
) -> None:
    training = TrainingPhotos(config, photos)
    whole = TripletTrainer(config, training)
    for step in range(4):
        if step == 2:
            torch.save(whole.state(), tmp_path / "checkpoint.pt")
        loss = whole.train_step()
    assert loss > 0
    resumed = TripletTrainer(config, training)
    resumed.resume(torch.load(tmp_path / "checkpoint.pt", weights_only=True))
    while resumed.step < 4:
        assert resumed.train_step() > 0
    before = TripletTrainer(config, training).network.get_weights()
    changed = 0
    ends = zip(whole.network.get_weights(), resumed.network.get_weights(), before, strict=True)
    for one, other, start in ends:
        assert np.array_equal(one, other)
        changed += not np.array_equal(one, start)
    assert changed > len(before) / 2


def test_a_batch_of_more_identities_than_there_are_is_refused(
    config: TripletConfig, photos: Path
) -> None:
    wide = dataclasses.replace(config.triplets, identities=45)
    with pytest.raises(ValueError, match="45 identities cannot be drawn from 6"):
        TripletTrainer(dataclasses.replace(config, triplets=wide), TrainingPhotos(config, photos))


TOML = """\
seed = 1
input_size = 32
source_size = 32

[triplets]
{triplets}

[augmentation]
{augmentation}

[[training]]
file = "tiny.zip"
weight = 1
general = true

[[dev]]
file = "tiny.zip"
weight = 1
"""
READ = """\
import sys, numpy as np, keras
assert keras.backend.backend() == "tensorflow"
network = keras.saving.load_model(sys.argv[1])
pixels = np.load(sys.argv[2])
np.save(sys.argv[3], np.asarray(network(pixels)))
"""


def toml(fields: dict[str, object]) -> str:
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in fields.items())


def test_the_command_trains_a_network_that_tensorflow_reads(
    config: TripletConfig, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = TOML.format(
        triplets=toml(dataclasses.asdict(config.triplets)),
        augmentation=toml(dataclasses.asdict(config.augmentation)),
    )
    (tmp_path / "tiny.toml").write_text(text, "utf-8")
    out = tmp_path / "out"
    given = ["--config", str(tmp_path / "tiny.toml"), "--photos", str(photos), "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["train_embedder", *given])
    train_embedder.main()
    written = json.loads((out / "training.json").read_text("utf-8"))
    assert [row["step"] for row in written["evaluations"]] == [0, 2, 4]
    assert written["evaluations"][0]["tiny/gain"]["value"] == 0
    assert written["evaluations"][1]["loss"] > 0
    assert written["config"]["triplets"]["network"] == "nn2"
    assert (out / "curves.png").stat().st_size > 5_000
    train_embedder.main()  # nothing is left to do
    assert json.loads((out / "training.json").read_text("utf-8")) == written

    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "pixels.npy", pixels)
    files = [str(out / "final.keras"), str(tmp_path / "pixels.npy"), str(tmp_path / "rows.npy")]
    environment = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(
        [sys.executable, "-c", READ, *files],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    with torch.no_grad():
        network = keras.saving.load_model(out / "final.keras")
        ours = network(torch.from_numpy(pixels), training=False).numpy()
    assert np.load(tmp_path / "rows.npy") == pytest.approx(ours, abs=1e-4)
