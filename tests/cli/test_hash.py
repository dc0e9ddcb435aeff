"""ailock models import neuralhash, and ailock hash: bits in hexadecimal for any bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ailock_sdk import AiLock
from ailock_sdk.cli import main
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.embedding import load_bundle
from tests.onnx_networks import write_files

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("AILOCK_MODELS", str(tmp_path / "models"))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([*map(str, arguments)])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return call


def test_neuralhash_is_imported_and_hashes(
    run: Run, tmp_path: Path, photos: dict[str, list[Path]]
) -> None:
    model, seed = write_files(tmp_path)
    files = ("--model", model, "--seed", seed)
    folder = tmp_path / "models" / "neuralhash"
    assert run("models", "import", "neuralhash", *files)[:2] == (
        ExitCode.OK,
        f"imported  neuralhash  {folder}\n",
    )
    assert "neuralhash" in run("models")[1]
    code, out, err = run("models", "import", "neuralhash", *files)
    assert (code, out, err.count("\n")) == (ExitCode.SETUP, "", 1)
    assert "--replace" in err
    elsewhere = tmp_path / "elsewhere"
    facts = json.loads(
        run("models", "import", "neuralhash", *files, "--out", elsewhere, "--json")[1]
    )
    bundle = load_bundle(elsewhere)
    assert facts["fingerprints"] == {n: f.hex() for n, f in bundle.fingerprints.items()}

    views = photos["mug"][:2]
    expected = [bytes(AiLock(bundle, pepper=None).imageprint(view)).hex() for view in views]
    code, out, err = run("hash", *views, "--bundle", "neuralhash")
    assert (code, err) == (ExitCode.OK, "")
    assert out == "".join(f"{h}  {v}\n" for h, v in zip(expected, views, strict=True))
    assert {len(one) for one in expected} == {24}


def test_any_bundle_hashes_any_photo(run: Run, tmp_path: Path, lock: AiLock) -> None:
    dull = tmp_path / "dull.png"
    Image.new("RGB", (40, 30), "grey").save(dull)
    found = json.loads(run("hash", "--json", dull)[1])
    assert found["lambda_bits"] == lock.lambda_bits
    (one,) = found["photos"]
    assert one["photo"] == str(dull)
    assert len(one["imageprint"]) == lock.lambda_bits // 4


def test_what_is_no_photo_is_one_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no photo")
    code, out, err = run("hash", tmp_path / "letter.txt")
    assert (code, out, err.count("\n")) == (ExitCode.PHOTO_REJECTED, "", 1)


def test_the_two_are_compared_only_if_there_are_two(run: Run, tmp_path: Path) -> None:
    model, seed = write_files(tmp_path)
    words = ("--model", model, "--seed", seed, "--report", tmp_path)
    code, _, err = run("models", "import", "neuralhash", *words)
    assert code == ExitCode.USAGE
    assert "--to tflite" in err
