"""Building the ARM folder, and knowing whether one is up to date."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ailock_sdk.strict_json import StrictJsonError, check_json, read_json
from benchmarks.speed.arm_bundle import debian, layout, wheels
from benchmarks.speed.arm_bundle.architectures import Architecture, architecture
from benchmarks.speed.arm_bundle.downloads import Download
from benchmarks.speed.arm_bundle.launchers import write_launchers
from benchmarks.speed.errors import SpeedError
from lab.files import write_whole
from lab.report.provenance import commit

SCHEMA = "ailock-arm-folder/1"
FACTS_NAME = "folder.json"
ROOT = Path(__file__).resolve().parents[3]
DEFAULT_CACHE = ROOT / "out" / "arm" / "cache"
PHOTOS = ("mug-1.jpg", "mug-2.jpg")
"""Committed photos of one object that go along."""
_LEFT_BY_USE = {"__pycache__", "home", "tmp"}
"""Folders that Python and the launchers make."""


def build_problem() -> str | None:
    """Why a folder cannot be built here; ``None`` if it can, the network permitting."""
    missing = debian.missing_programs()
    return f"no {' and no '.join(missing)}: Debian's packages are needed" if missing else None


def build_arm_folder(out: Path, arch: str = "aarch64", cache: Path | None = None) -> Path:
    """Make ``out`` a complete ARM folder, or leave it if it is one and up to date.

    Up to date means: made of the same sources, by the same recipe, from what the cache holds, and
    not altered since.
    ``folder.json`` in it names every Debian package and wheel with version and SHA-256, the commit
    of the checkout, and ``content_sha256``, which changes exactly when its files do (apart from
    bytecode and what is kept in its ``home`` and ``tmp``).

    Parameters
    ----------
    out : the folder; one that was not made by this function is refused
    arch : ``uname -m`` of the machine it is for
    cache : keeps downloads for the next time; by default ``out/arm/cache`` in the checkout

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    SpeedError
        Unknown architecture, no apt or dpkg, no network, or ``out`` is something else.
    """
    wanted = architecture(arch)
    cache = (DEFAULT_CACHE if cache is None else cache).resolve()
    out = out.absolute()
    if out.exists() and not (out / FACTS_NAME).is_file():
        raise SpeedError(f"{out} exists and is no ARM folder: remove it or name another place")
    with _locked(cache), tqdm(total=4, desc="ARM folder", disable=None) as progress:
        progress.set_postfix_str("Debian packages")
        python, packages = debian.fetch_packages(wanted, cache)
        progress.update()
        progress.set_postfix_str("wheels")
        fetched = wheels.fetch_wheels(wanted, python, cache)
        progress.update()
        facts: dict[str, Any] = {
            "schema": SCHEMA,
            "architecture": wanted.name,
            "python": python,
            "packages": [package.facts() for package in packages],
            "wheels": [wheel.facts() for wheel in fetched],
            "recipe_sha256": _digest(Path(__file__).parent),
        }
        sources = {"commit": commit(), "sources_sha256": _digest(ROOT, "ailock_sdk", "models")}
        before = _facts_before(out)
        usable = facts.items() <= before.items() and before["content_sha256"] == _digest(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".arm-") as name:
            work = Path(name)
            progress.set_postfix_str("files")
            if not usable:
                _make(work, wanted, python, packages, fetched)
                _swap(work / "folder", out)
            elif before["sources_sha256"] != sources["sources_sha256"]:
                # The rest stays, and with it the bytecode that running it left.
                layout.copy_sources(ROOT, work / "ailock_sdk")
                _swap(work / "ailock_sdk", out / layout.PACKAGES / "ailock_sdk")
        progress.update()
        progress.set_postfix_str("checksum")
        facts = {**facts, **sources, "content_sha256": _digest(out)}
        if facts != _facts_before(out):
            write_whole(out / FACTS_NAME, json.dumps(facts, indent=1) + "\n")
        progress.update()
    return out


def read_facts(folder: Path) -> dict[str, Any]:
    """What an ARM folder was made of, by its own account.

    Raises
    ------
    SpeedError
        It is no ARM folder, or its account is damaged.
    """
    try:
        facts = read_json((folder / FACTS_NAME).read_bytes(), dict[str, Any])
        check_json(facts.get("content_sha256"), str)
    except (OSError, StrictJsonError) as error:
        raise SpeedError(f"{folder} is no ARM folder ({error}): remove it and run again") from None
    return facts


def _facts_before(folder: Path) -> dict[str, Any]:
    """Empty where there is none, or one that cannot be used as it is."""
    try:
        return read_facts(folder)
    except SpeedError:
        return {}


def _make(
    work: Path,
    wanted: Architecture,
    python: str,
    packages: list[Download],
    fetched: list[Download],
) -> None:
    """A whole new folder, ``work/folder``, but for its facts."""
    folder = work / "folder"
    debian.unpack(packages, work / "root")
    layout.copy_python(work / "root", folder, wanted, python)
    wheels.unpack(fetched, folder / layout.PACKAGES)
    layout.prune_wheels(folder / layout.PACKAGES)
    layout.copy_sources(ROOT, folder / layout.PACKAGES / "ailock_sdk")
    (folder / "photos").mkdir()
    for photo in PHOTOS:
        shutil.copyfile(ROOT / "tests" / "photos" / photo, folder / "photos" / photo)
    write_launchers(folder, wanted.loader, python)


def _swap(new: Path, place: Path) -> None:
    """Put ``new`` in its place; what was there is left where ``new`` was, to be removed."""
    old = new.with_name("old")
    if place.exists():
        place.rename(old)
    new.rename(place)


def _digest(root: Path, *folders: str) -> str:
    """SHA-256 over names and contents of the files in these folders of ``root``, or in all."""
    found = [path for folder in folders or (".",) for path in (root / folder).rglob("*")]
    digest = hashlib.sha256()
    for path in sorted(found):
        name = path.relative_to(root)
        if path.is_file() and name != Path(FACTS_NAME) and not _LEFT_BY_USE & set(name.parts):
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One build at a time: others wait, and then find everything there."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
