"""Real programs, an installation of ours that they start, and the commands of the how-tos."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def needs(*programs: str, package: str) -> pytest.MarkDecorator:
    """A mark: skipped where a program, or a package's file, is missing; with `CI` it fails then."""
    missing = [
        p for p in programs if not shutil.which(p, path=SYSTEM_PATH) and not Path(p).exists()
    ]
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("CI"),
        reason=f"needs {' and '.join(missing)}: apt-get install {package}",
    )


def install(folder: Path, *, source: Path = ROOT, packages: Path | None = None) -> Path:
    """An environment with `ailock` as it is here, which a program may start with nothing of ours.

    Where it is moved, `source` and `packages` are where this checkout and what it needs will be.
    """
    venv.create(folder, symlinks=True)
    packages = packages or Path(sysconfig.get_path("purelib"))
    site = next((folder / "lib").glob("python3*/site-packages"))
    (site / "here.pth").write_text(f"{source}\n{packages}\n")
    for name, module in (("ailock", "cli"), ("age-plugin-ailock", "cli.age_plugin")):
        script = folder / "bin" / name
        script.write_text(
            f"#!{folder}/bin/python\nimport sys\nfrom ailock_sdk.{module} import main\n"
            "sys.exit(main())\n"
        )
        script.chmod(0o755)
    return folder


def blocks(document: str, language: str = "sh") -> list[str]:
    """The code blocks of a how-to, in their order."""
    text = (ROOT / "docs" / "how-to" / document).read_text("utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"no {language} blocks in {document}"
    return found


def block(document: str, word: str, language: str = "sh") -> str:
    """The one block of a how-to in which a word stands."""
    (found,) = [each for each in blocks(document, language) if word in each]
    return found


def run(
    words: Sequence[object], *, data: bytes = b"", **options: object
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with nothing but `data` on its standard input."""
    given: dict[str, object] = {"input": data, "capture_output": True, "check": False, **options}
    return subprocess.run([*map(str, words)], **given)  # type: ignore[call-overload]
