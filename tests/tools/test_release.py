"""The recipe of a release: a wheel that is the same twice, an audit that is not taken on trust."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.bundles import copy_bundle
from tests.minisign import make_key
from tools import release

EPOCH = 1_700_000_000


def checkout(folder: Path, *, mode: int, mtime: int) -> Path:
    """What the wheel is made of, with other permissions and dates."""
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("ailock_sdk", "models"):
        shutil.copytree(release.ROOT / name, folder / name, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(release.ROOT / name, folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(mode)
        os.utime(path, (mtime, mtime))
    return folder


@pytest.mark.long
def test_the_wheel_is_the_same_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another folder, with other dates, permissions, time zone and order of sets."""
    first = checkout(tmp_path / "a", mode=0o644, mtime=EPOCH - 10)
    one = release.build_wheel(first, tmp_path / "one", EPOCH)
    second = checkout(tmp_path / "another-name", mode=0o600, mtime=EPOCH + 99_999)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    two = release.build_wheel(second, tmp_path / "two", EPOCH)
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as packed:
        names = packed.namelist()
        assert {info.date_time[:3] for info in packed.infolist()} == {(2023, 11, 14)}
    assert "ailock_sdk/models/inception_v3_slim/manifest.json" in names
    assert not [name for name in names if name.startswith(("tests", "tools", "constraints"))]


@pytest.mark.long
def test_what_is_not_committed_is_no_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, out = checkout(tmp_path / "a", mode=0o644, mtime=EPOCH), tmp_path / "out"
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(release, "ROOT", root)
    assert "built twice: SHA-256" in release.wheel(out)
    (root / "ailock_sdk" / "more.py").write_text("")
    with pytest.raises(release.ReleaseError, match="is not what the last commit makes"):
        release.wheel(out)


def service(tmp_path: Path, answer: object, status: int, error: str = "") -> tuple[str, ...]:
    """A program that answers as pip-audit does."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    (tmp_path / "answer").write_text(text)
    code = "import sys; print(open(sys.argv[1]).read(), end=''); "
    code += f"print({error!r}, file=sys.stderr); sys.exit({status})"
    return (sys.executable, "-c", code, str(tmp_path / "answer"))


KNOWN = {"name": "numpy", "version": "2.0", "vulns": []}
HIT = {"name": "pillow", "version": "10.3", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}
SKIPPED = {"name": "click", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        ("", 1, "NOT AUDITED: pip-audit gave no answer.*cannot connect"),
        ({"dependencies": []}, 0, "NOT AUDITED: the service does not know"),
        ({"dependencies": [KNOWN, SKIPPED]}, 0, "NOT AUDITED: the service does not know click"),
        ({"dependencies": [KNOWN, HIT, SKIPPED]}, 1, "known vulnerabilities: pillow PYSEC-1"),
        ({"dependencies": [KNOWN]}, 1, "NOT AUDITED: pip-audit ended with 1"),
    ],
)
def test_no_audit_is_no_pass(tmp_path: Path, answer: object, status: int, message: str) -> None:
    with pytest.raises(release.ReleaseError, match=message):
        release.audit(tmp_path, service(tmp_path, answer, status, "cannot connect"))


def test_an_audit_that_passes(tmp_path: Path) -> None:
    program = service(tmp_path, {"dependencies": [KNOWN]}, 0)
    assert release.audit(tmp_path, program) == "1 packages, no known vulnerability"


def test_bundles_must_be_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, folder = make_key(), copy_bundle(tmp_path / "models" / "mugs")
    monkeypatch.setattr(release, "shipped_folder", lambda: tmp_path / "models")
    monkeypatch.setattr(release, "RELEASE_KEYS", ())
    with pytest.raises(release.ReleaseError, match="no key of the owners"):
        release.signatures(tmp_path)
    monkeypatch.setattr(release, "RELEASE_KEYS", (key.public,))
    with pytest.raises(release.BundleError, match="has no signature"):
        release.signatures(tmp_path)
    key.sign(folder, "mugs 1")
    assert release.signatures(tmp_path).startswith("mugs by ")


def test_a_failed_part_fails_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bad(_: Path) -> str:
        raise release.ReleaseError("so it is")

    def good(_: Path) -> str:
        return "well"

    monkeypatch.setattr(release, "PARTS", (bad, good))
    assert release.main(["--out", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert out == "FAILED  bad: so it is\nok      good: well\nnot a release: 1 of 2 failed\n"
    monkeypatch.setattr(release, "PARTS", (good,))
    assert release.main(["--out", str(tmp_path)]) == 0


def test_no_private_key_is_committed() -> None:
    """Those of minisign, of ssh and of PEM files, in what git has."""
    listed = subprocess.run(
        ["git", "grep", "-lE", "^RWRTY0Iy|^RWQAAEIy|BEGIN [A-Z ]*PRIVATE KEY-----$"],
        cwd=release.ROOT,
        capture_output=True,
        text=True,
    )
    assert listed.stdout.split() == []
    assert listed.returncode == 1, listed.stderr
