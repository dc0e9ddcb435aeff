"""Photos changed by gradients; the parts alone, and both commands on the default bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.attacks.__main__ import main
from tests.conftest import PHOTOS

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-tools")
pytest.importorskip("skimage", reason="needs scikit-image: make test-tools")

from benchmarks.attacks.gradient import descent, evasion, likeness, master, recapture  # noqa: E402
from benchmarks.attacks.gradient.scene import distances  # noqa: E402

SIDE_PIXELS, LAMBDA = 48, 64


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    with Image.open(PHOTOS / "mug-1.jpg") as opened:
        return np.array(opened.convert("RGB").resize((SIDE_PIXELS, SIDE_PIXELS)))


class TinyNetwork(torch.nn.Module):
    """Two random layers: pictures (N, 3, H, W) of 0 to 255 to margins (N, LAMBDA)."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(5)
        self.first = torch.randn((24, 3, 5, 5), generator=rng) / 5
        self.second = torch.randn((LAMBDA, 24 * 36), generator=rng)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        maps = torch.nn.functional.conv2d(pictures / 127.5 - 1, self.first, stride=4)
        pooled = torch.nn.functional.adaptive_avg_pool2d(maps.relu(), 6).flatten(1)
        return (pooled - pooled.mean(dim=1, keepdim=True)) @ self.second.T

    def bits(self, picture: np.ndarray) -> np.ndarray:
        return np.asarray(self(recapture.as_tensor(picture) * 255)[0].numpy() >= 0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tiny() -> TinyNetwork:
    return TinyNetwork()


def apart(tiny: TinyNetwork, picture: np.ndarray, bits: np.ndarray) -> int:
    return int(np.count_nonzero(tiny.bits(picture) != bits))


# --- parts ----------------------------------------------------------------------------------


def test_ssim_is_scikit_images(picture: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    other = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
    found = likeness.Ssim(recapture.as_tensor(picture))(recapture.as_tensor(other))
    measured = likeness.distortion(picture, other)
    assert measured.ssim < 0.95
    assert float(found) == pytest.approx(measured.ssim, abs=0.01)


def test_distortion_is_of_pixels_from_0_to_1(picture: np.ndarray) -> None:
    other = picture.copy()
    other[3, 4] = (picture[3, 4].astype(int) + 51) % 256
    changed = (other[3, 4].astype(float) - picture[3, 4]) / 255
    found = likeness.distortion(picture, other)
    assert found.l2 == pytest.approx(float(np.linalg.norm(changed)))
    assert found.l_infinity == pytest.approx(float(np.abs(changed).max()))
    assert likeness.distortion(picture, picture) == likeness.Distortion(0.0, 0.0, 1.0)


def test_a_camera_that_moves_nothing_changes_nothing(picture: np.ndarray) -> None:
    still = recapture.Camera(0.0, (0.01, 0.01), (1.0, 1.0), (0.0, 0.0))
    rng = np.random.default_rng(1)
    found = recapture.recaptured(recapture.as_tensor(picture), rng, still)
    assert np.abs(recapture.as_picture(found).astype(int) - picture).max() <= 1


def test_recaptures_differ_and_show_the_same(picture: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    tensor = recapture.as_tensor(picture)
    first, second = (recapture.as_picture(recapture.recaptured(tensor, rng)) for _ in range(2))
    assert not np.array_equal(first, second)
    for found in (first, second):
        assert np.corrcoef(found.ravel(), picture.ravel())[0, 1] > 0.7


def test_gradients_pass_through_jpeg_and_camera(picture: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    pixels = recapture.as_tensor(picture).requires_grad_()
    recapture.through_jpeg(recapture.recaptured(pixels, rng)).sum().backward()
    assert pixels.grad is not None
    assert (pixels.grad != 0).float().mean() > 0.8


def test_edges_are_few_and_where_the_picture_changes() -> None:
    half = np.zeros((64, 64, 3), np.uint8)
    half[:, 32:] = 200
    mask = descent.edge_mask(half).numpy()
    assert mask.any()
    assert set(np.flatnonzero(mask.any(axis=0))) <= {30, 31, 32, 33}


# --- descents on a tiny network -------------------------------------------------------------


@pytest.mark.parametrize("variant", [descent.STANDARD, descent.EDGES])
def test_a_picture_gets_the_bits_of_another(
    variant: str, tiny: TinyNetwork, picture: np.ndarray
) -> None:
    target = tiny.bits(np.ascontiguousarray(picture[::-1]))
    most = 0 if variant == descent.STANDARD else apart(tiny, picture, target) // 2
    assert apart(tiny, picture, target) > 8
    recipe = descent.Recipe(1e-2, ssim_weight=0.05, steps=2_000)
    found = descent.attack(
        variant,
        tiny,
        picture,
        descent.collision_loss(target, 0.0),
        lambda seen, _: apart(tiny, seen, target) <= most,
        recipe,
    )
    assert found.reached
    assert apart(tiny, found.picture, target) <= most
    if variant == descent.EDGES:
        changed = (found.picture != picture).any(axis=2)
        assert not changed[descent.edge_mask(picture).numpy() == 0].any()


def test_the_weight_of_looking_alike_keeps_it_alike(tiny: TinyNetwork, picture: np.ndarray) -> None:
    bits = tiny.bits(picture)
    alike = []
    for weight in (0.0, 5.0):
        recipe = descent.Recipe(1e-2, weight, steps=40)
        found = descent.attack(
            descent.STANDARD,
            tiny,
            picture,
            descent.evasion_loss(bits),
            lambda _seen, _step: False,
            recipe,
        )
        assert (found.steps, found.reached) == (40, False)
        alike.append(likeness.distortion(picture, found.picture).ssim)
    assert alike[0] < alike[1]


def test_few_pixels_are_few(tiny: TinyNetwork, picture: np.ndarray) -> None:
    bits = tiny.bits(picture)
    found = descent.attack(
        descent.FEW_PIXELS,
        tiny,
        picture,
        descent.evasion_loss(bits),
        lambda seen, _: apart(tiny, seen, bits) >= 3,
        descent.Recipe(max_pixels=20),
    )
    changed = int((found.picture != picture).any(axis=2).sum())
    assert found.reached
    assert found.steps == descent.PIXEL_STEPS * changed
    assert 1 <= changed <= 20


def test_limits_ascend_and_hold_c() -> None:
    found = evasion.limits((0.01, 0.1, 0.5), 512, 166)
    assert found == {"h = 0.01": 6, "h = 0.1": 52, "beyond c": 167, "h = 0.5": 256}


def test_a_search_finds_the_bits_that_most_are_near() -> None:
    rng = np.random.default_rng(2)
    crowd = rng.normal(size=LAMBDA)
    members = crowd * np.where(rng.random((30, LAMBDA)) < 0.3, -1, 1)  # some 19 bits from it
    own = np.concatenate([members, rng.normal(size=(40, LAMBDA))])
    found = master.search(own, radius=22, seed=1)
    assert found.shape == (master.TRIES, LAMBDA)
    near = (distances(own, found[:1]) <= 22).sum()
    alone = (distances(own, own) <= 22).sum(axis=1).max()
    wanted = (distances(own, crowd[None]) <= 22).sum()
    assert near >= 0.8 * wanted > 2 * alone


# --- commands -------------------------------------------------------------------------------


def run(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, object], str]:
    name = arguments[0]
    common = ("--photos", str(PHOTOS / "labels.csv"), "--out", str(tmp_path))
    status = main([*arguments, *common])
    document = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
    return status, document, (tmp_path / f"{name}.md").read_text("utf-8")


def test_collision_on_the_default_bundle(tmp_path: Path) -> None:
    options = ("--pairs", "1", "--learning-rate", "1e-2", "--ssim-weight", "0", "--steps", "60")
    status, document, text = run(tmp_path, "collision", *options)
    assert status == 0
    rows = (tmp_path / "each.csv").read_text("utf-8")
    assert ",yes," in rows
    assert document["format"] == "ailock-collision/1"
    assert "The target's photo itself" in text
    assert "look as often as at a reference" in text
    assert list((tmp_path / "pictures").glob("*.png"))


def test_evasion_on_the_default_bundle(tmp_path: Path) -> None:
    options = ("--pairs", "1", "--thresholds", "0.01", "--learning-rate", "1e-2", "--steps", "40")
    status, _, text = run(tmp_path, "evasion", *options, "--ssim-weight", "0")
    assert status == 0
    assert "h = 0.01" in text
    assert "beyond c" in text


def test_too_many_pairs_is_one_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = ("--photos", str(PHOTOS / "labels.csv"))
    assert main(["collision", *photos, "--pairs", "999", "--out", str(tmp_path)]) == 2
    assert "999 pairs need as many objects" in capsys.readouterr().err
