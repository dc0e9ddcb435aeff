"""ailock models: list, verify and build."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.cli import checkout, main
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.embedding import DEFAULT_BUNDLE, SIGNATURE_NAME, find_bundle
from tests.bundles import copy_bundle, turn_bits_over
from tests.minisign import make_key
from tools.conversion.inception_v3 import INPUT, NODES, Concat, Conv

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("AILOCK_MODELS", str(tmp_path / "models"))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["models", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    return call


def test_json_may_stand_on_either_side_of_the_action(run: Run) -> None:
    plain = run()
    assert plain == run("list")
    assert "inception_v3_slim" in plain[1]
    found = [run(*a)[1] for a in (["--json"], ["--json", "list"], ["list", "--json"])]
    assert found == [found[0]] * 3
    assert "inception_v3_slim" in json.loads(found[0])


def test_records_of_an_old_bundle_open_while_it_is_installed(
    run: Run,
    tmp_path: Path,
    photos: dict[str, list[Path]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([*map(str, arguments), "--vault", str(tmp_path / "vault.db")])
        captured = capsys.readouterr()
        return int(code), captured.out, captured.err

    old = copy_bundle(tmp_path / "models" / "inception_v3_slim")
    turn_bits_over(old)
    first, second, third, *_ = next(iter(photos.values()))
    letter = tmp_path / "letter"
    letter.write_text("blue pot")
    assert call("enroll", "door", first, second)[0] == ExitCode.OK
    assert call("seal", "door", letter)[0] == ExitCode.OK
    letter.unlink()

    kept = old.rename(tmp_path / "models" / "inception_v3_slim-old")
    assert call("unlock", "door", third) == (ExitCode.OK, "unlocked 'door'\n", "")
    assert call("open", "door", f"{letter}.sealed", third)[0] == ExitCode.OK
    assert letter.read_text() == "blue pot"

    fingerprint = json.loads(call("show", "door", "--json")[1])["slots"][0]["record"]["objects"][0][
        "fingerprint"
    ]
    verified = json.loads(run("verify", "--json")[1])
    assert verified["inception_v3_slim-old"]["fingerprints"]["default"] == fingerprint
    assert verified["inception_v3_slim"]["fingerprints"]["default"] != fingerprint
    profiles = "default, easy, strict"
    version = find_bundle(DEFAULT_BUNDLE).version
    text = f"ok  inception_v3_slim-old version {version}  {profiles}: {fingerprint[:16]}"
    assert text in run("verify")[1]

    shutil.rmtree(kept)
    code, out, err = call("unlock", "door", third)
    assert (code, out) == (ExitCode.DAMAGED, "")
    assert fingerprint[:16] in err
    assert f"for example as {tmp_path / 'models' / 'NAME-VERSION'}, or enroll again" in err
    assert err.count("\n") == 1


def test_verify_says_who_signed(run: Run, tmp_path: Path) -> None:
    key, other = make_key(), make_key()
    mugs = copy_bundle(tmp_path / "models" / "mugs")
    assert run("verify", "mugs")[1].endswith("  not signed\n")
    key.sign(mugs, "mugs 1")
    (tmp_path / "a.pub").write_text(f"untrusted comment: mine\n{key.public}\n")
    for given in (key.public, tmp_path / "a.pub"):
        for bundle in ("mugs", mugs):
            code, out, err = run("verify", bundle, "--key", other.public, given)
            assert (code, err) == (ExitCode.OK, "")
            assert out.rstrip().endswith(": mugs 1")
    told = json.loads(run("verify", "mugs", "--json")[1])["mugs"]["signature"]
    assert told["comment"] is None
    assert told["key_name"] in run("verify", "mugs")[1]
    assert "unchecked: give that key by --key" in run("verify", "mugs")[1]

    turn_bits_over(mugs)  # whole by its own hashes
    assert run("verify", "mugs")[0] == ExitCode.OK, "nobody said whom he trusts"
    code, out, err = run("verify", "mugs", "--key", key.public)
    assert (code, out) == (ExitCode.SETUP, "")
    assert "changed or exchanged" in err
    (mugs / SIGNATURE_NAME).unlink()
    code, out, err = run("verify", "--key", key.public)
    assert (code, out) == (ExitCode.SETUP, "")
    assert "has no signature" in err


def test_a_shipped_bundle_must_have_the_owners_signature(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is from the first release on, when the package has a key."""
    key = make_key()
    shipped = copy_bundle(tmp_path / "site" / "ailock_sdk" / "models" / "mugs")
    copy_bundle(tmp_path / "models" / "own")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nothing"))
    installed = tmp_path / "site" / "ailock_sdk" / "embedding" / "installed.py"
    monkeypatch.setattr("ailock_sdk.embedding.installed.__file__", str(installed))
    assert run("verify", "mugs")[0] == ExitCode.OK
    monkeypatch.setattr("ailock_sdk.embedding.RELEASE_KEYS", (key.public,))
    code, out, err = run("verify")
    assert (code, out) == (ExitCode.SETUP, "")
    assert f"{shipped} has no signature" in err
    key.sign(shipped, "the owners")
    own, ours = run("verify")[1].splitlines()[-2:]
    assert own.endswith("not signed")
    assert ours.endswith(": the owners")
    assert run("verify", "mugs", "--key", make_key().public)[0] == ExitCode.SETUP


@pytest.mark.parametrize("key", ["nowhere.pub", "RWx"])
def test_a_wrong_key_is_one_line(run: Run, key: str) -> None:
    code, out, err = run("verify", "--key", key)
    assert (code, out) == (ExitCode.SETUP, "")
    assert err.startswith(f"ailock: --key {key}")
    assert err.count("\n") == 1


def test_build_without_tensorflow_says_how_to_get_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith(("tools.convert", "tools.conversion"))]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)
    code, out, err = run("build", "inception_v3", "--representative", tmp_path)
    assert (code, out) == (ExitCode.SETUP, "")
    assert err.startswith("ailock: building needs TensorFlow: pip install 'ailock-sdk[convert]'")
    assert err.count("\n") == 1


def test_build_outside_a_checkout_says_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "site-packages" / "ailock_sdk" / "cli" / "checkout.py"
    monkeypatch.setattr(checkout, "__file__", str(elsewhere))
    code, out, err = run("build", "inception_v3", "--representative", tmp_path)
    assert (code, out) == (ExitCode.SETUP, "")
    assert "needs a checkout" in err
    assert err.count("\n") == 1


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="building needs the [convert] extra"
)
@pytest.mark.filterwarnings("ignore")  # TensorFlow's own deprecations
def test_built_bundle_is_listed_and_verified(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    channels, layers = {INPUT: 3}, {}
    for node in NODES:
        if isinstance(node, Conv):
            shape = (*node.kernel, channels[node.source], 2)
            layers[f"{node.name}/weights"] = np.float32(rng.standard_normal(shape))
            layers[f"{node.name}/bias"] = np.zeros(2, np.float32)
        sources = node.sources if isinstance(node, Concat) else (node.source,)
        summed = sum(channels[source] for source in sources)
        channels[node.name] = 2 if isinstance(node, Conv) else summed
    np.savez(tmp_path / "tiny.npz", **layers)
    (tmp_path / "photos").mkdir()
    noise = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photos" / "noise.png")

    build = ["build", "inception_v3", "--weights", tmp_path / "tiny.npz", "--json"]
    code, out, err = run(*build, "--representative", tmp_path / "photos")
    assert code == 0, err
    facts = json.loads(out)
    assert facts["path"] == str(tmp_path / "models" / "inception_v3")
    assert json.loads(run("list", "--json")[1])["inception_v3"] == facts["path"]
    verified = json.loads(run("verify", "--json")[1])["inception_v3"]
    assert verified.pop("signature") is None
    assert verified == {key: facts[key] for key in ("version", "model_sha256", "fingerprints")}

    code, _, err = run(*build, "--representative", tmp_path / "photos")
    assert code == ExitCode.SETUP
    assert "--replace" in err
