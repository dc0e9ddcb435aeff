"""Lists of versions and hashes, installed by the real pip from a folder of wheels."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from tools import install_locked

ROOT = Path(install_locked.__file__).parents[1]


def make_wheel(folder: Path, name: str) -> str:
    """A package with nothing in it; its line of the list."""
    file = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(f"{name}.py", "")
        packed.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    served = tmp_path / "served"
    served.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(served))
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "installed"))
    return [make_wheel(served, name) for name in ("cup", "pot")]


def install(tmp_path: Path, text: str, *words: str) -> tuple[int, list[str]]:
    (tmp_path / "list.txt").write_text(text)
    status = install_locked.main([str(tmp_path / "list.txt"), *words])
    return status, sorted(path.stem for path in (tmp_path / "installed").glob("*.py"))


@pytest.mark.long
def test_what_is_served_is_installed(tmp_path: Path, lines: list[str]) -> None:
    assert install(tmp_path, "".join(lines), "--strict") == (0, ["cup", "pot"])


@pytest.mark.long
def test_what_is_not_served_is_left_out_and_named(
    tmp_path: Path, lines: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    lines.insert(1, lines[0].replace("cup", "jug"))
    assert install(tmp_path, "".join(lines), "--strict") == (1, [])
    assert install(tmp_path, "".join(lines)) == (0, ["cup", "pot"])
    assert "NOT LOCKED: jug 1.0 is not served here" in capfd.readouterr().err


def test_another_file_is_never_installed(
    tmp_path: Path, lines: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    make_wheel(tmp_path / "served", "pot")
    with zipfile.ZipFile(tmp_path / "served" / "pot-1.0-py3-none-any.whl", "a") as packed:
        packed.writestr("more.py", "")
    assert install(tmp_path, "".join(lines)) == (1, [])
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err


@pytest.mark.long
def test_a_version_without_hash_is_refused(tmp_path: Path, lines: list[str]) -> None:
    assert install(tmp_path, "cup==1.0\n") == (1, [])


@pytest.mark.parametrize("name", ["ci.txt", "run.txt"])
def test_the_lists_have_hashes_of_every_version(name: str) -> None:
    text = (ROOT / "constraints" / name).read_text()
    blocks = [b for b in install_locked._BLOCK.split(text) if b and not b.startswith("#")]
    assert len(blocks) > 10
    assert [b for b in blocks if "==" not in b or "--hash=sha256:" not in b] == []
    numpys = [b.partition("\\")[0] for b in blocks if b.startswith("numpy==")]
    left = install_locked.without(text, "numpy")
    assert [line for line in numpys if line in left] == []
    # 32-bit ARM needs NumPy 1, which one list for all machines would spread to all of them.
    assert [line for line in numpys if "armv7l" not in line] == []
    old = [line for line in numpys if line.startswith("numpy==1.")]
    assert len(numpys) > len(old)
    assert [line for line in old if "== 'armv7l'" not in line] == []
