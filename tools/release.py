"""What a release consists of, made and checked: ``make release``.

    python -m tools.release --out dist

The wheel, built twice, of the checkout and of its last commit, and equal; the list of what it
contains and needs (SBOM, CycloneDX); the owners' signatures on its bundles; known vulnerabilities
of what it needs. All four are tried and told. The status is 0 only if all of them hold: what could
not be looked up is no pass.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import ailock_sdk
from ailock_sdk import BundleError
from ailock_sdk.embedding import (
    RELEASE_KEYS,
    check_signature,
    load_bundle,
    parse_public_key,
    shipped_folder,
)
from lab.command import run_module
from lab.errors import LabError

MODULE = "tools.release"
ROOT = Path(__file__).resolve().parents[1]
LOCKED = ROOT / "constraints" / "run.txt"
"""What the wheel needs at run time, by version and hash."""
AUDIT = (sys.executable, "-m", "pip_audit")


class ReleaseError(LabError):
    """A part of the release does not hold; the text says which and what to do."""


def build_wheel(source: Path, out: Path, epoch: int) -> Path:
    """The wheel of a folder with the sources, its files dated ``epoch`` (seconds since 1970)."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out.resolve())]
    _ran(command, cwd=source, env=environment)
    (wheel,) = out.glob("*.whl")
    return wheel


def wheel(out: Path) -> str:
    """Build it of the checkout and of the last commit, and compare."""
    epoch = int(_ran(["git", "log", "-1", "--format=%ct"], cwd=ROOT))
    for old in out.glob("*.whl"):
        old.unlink()
    built = build_wheel(ROOT, out, epoch)
    with tempfile.TemporaryDirectory() as folder:
        archive = _ran(["git", "archive", "--format=zip", "HEAD"], cwd=ROOT)
        source, second = Path(folder) / "source", Path(folder) / "dist"
        with zipfile.ZipFile(BytesIO(archive)) as packed:
            packed.extractall(source)
        again = build_wheel(source, second, epoch)
        if again.name != built.name or again.read_bytes() != built.read_bytes():
            raise ReleaseError(f"{built} is not what the last commit makes: commit, and try again")
    return f"{built}, built twice: SHA-256 {_sha256(built)}"


def sbom(out: Path) -> str:
    """List the wheel's bundles, and what it needs by version and hash."""
    file = out / f"ailock_sdk-{ailock_sdk.__version__}.cdx.json"
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(LOCKED)]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "library"]
    found: dict[str, Any] = json.loads(_ran([*command, "--output-reproducible"], cwd=ROOT))
    found["metadata"]["component"]["version"] = ailock_sdk.__version__
    found["components"] += [_model(folder) for folder in _bundles()]
    file.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    return f"{file}: {len(found['components'])} components"


def _model(folder: Path) -> dict[str, object]:
    """A bundle, as CycloneDX tells of one: its manifest's hash, and those of its files."""
    bundle = load_bundle(folder)
    hashes = {name: entry.sha256 for name, entry in bundle.files.items()}
    hashes["manifest.json"] = _sha256(folder / "manifest.json")
    files = [
        {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": sha256}]}
        for name, sha256 in sorted(hashes.items())
    ]
    return {
        "type": "machine-learning-model",
        "bom-ref": f"bundle-{bundle.name}",
        "name": bundle.name,
        "version": bundle.version,
        "components": files,
    }


def signatures(_: Path) -> str:
    """Check that the owners signed every bundle of the wheel."""
    keys = [parse_public_key(key) for key in RELEASE_KEYS]
    if not keys:
        raise ReleaseError(
            "no key of the owners: put its public line into RELEASE_KEYS of "
            "ailock_sdk/embedding/signature.py, and sign with minisign -S"
        )
    signed = {folder.name: check_signature(folder, keys, required=True) for folder in _bundles()}
    return ", ".join(f"{name} by {each.key_name}" for name, each in signed.items() if each)


def audit(_: Path, program: Sequence[str] = AUDIT) -> str:
    """Look what the wheel needs up in a list of known vulnerabilities.

    pip-audit ends with the same status when it finds one and when it finds no service, and with 0
    when the service did not know a package: its list tells.
    """
    command = [*program, "--requirement", str(LOCKED), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ReleaseError(
            "NOT AUDITED: pip-audit gave no answer; run this where it reaches its service of "
            f"vulnerabilities ({last})"
        ) from None
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    hit = [f"{each['name']} {v['id']}" for each in packages for v in each.get("vulns", ())]
    if hit:
        raise ReleaseError(f"known vulnerabilities: {', '.join(hit)}: `make lock` takes newer ones")
    if unknown or not packages:
        raise ReleaseError(
            f"NOT AUDITED: the service does not know {', '.join(unknown) or 'a package'}; run this "
            "where pip-audit reaches its service of vulnerabilities"
        )
    if done.returncode != 0:
        raise ReleaseError(f"NOT AUDITED: pip-audit ended with {done.returncode}")
    return f"{len(packages)} packages, no known vulnerability"


PARTS: tuple[Callable[[Path], str], ...] = (wheel, sbom, signatures, audit)


def _bundles() -> list[Path]:
    found = sorted(path.parent for path in shipped_folder().glob("*/manifest.json"))
    if not found:
        raise ReleaseError(f"no bundle in {shipped_folder()}")
    return found


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _ran(command: Sequence[str], **rest: Any) -> bytes:
    """What a program prints that must succeed."""
    done = subprocess.run(command, capture_output=True, **rest)
    if done.returncode:
        error = done.stderr.decode(errors="replace").strip()
        raise ReleaseError(f"{' '.join(command)} failed: {error}")
    return done.stdout


def run(options: argparse.Namespace, _: str) -> int:
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for part in PARTS:
        try:
            print(f"ok      {part.__name__}: {part(options.out)}")
        except (ReleaseError, BundleError) as error:
            failed += 1
            print(f"FAILED  {part.__name__}: {error}")
    print(f"not a release: {failed} of {len(PARTS)} failed" if failed else "ready to be published")
    return int(failed > 0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Make a release.")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder [default: dist]")
    parser.set_defaults(run=run)
    return run_module(MODULE, parser, arguments)


if __name__ == "__main__":
    sys.exit(main())
