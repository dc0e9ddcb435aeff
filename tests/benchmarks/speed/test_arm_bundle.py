"""The ARM folder: same bits as here, any place, any shell."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ailock_sdk import AiLock
from ailock_sdk.embedding import DEFAULT_BUNDLE, load_bundle
from ailock_sdk.sketch import CHEAPEST
from benchmarks.speed.arm_bundle import (
    EMULATOR_VARIABLE,
    FACTS_NAME,
    build_arm_folder,
    emulated_command,
    emulated_shell,
    emulator_command,
    emulator_problem,
)
from benchmarks.speed.arm_bundle.__main__ import main
from benchmarks.speed.arm_bundle.architectures import ARCHITECTURES
from benchmarks.speed.arm_bundle.launchers import write_launchers
from benchmarks.speed.errors import SpeedError
from tests.bundles import copy_bundle, edit_manifest
from tests.conftest import PHOTOS

HERE = Path(__file__).resolve().parent
PHOTO = PHOTOS / "mug-1.jpg"
OTHER_VIEW = PHOTOS / "mug-2.jpg"
LOADER = "ld-test.so.1"
SHELLS = (("sh",), ("bash", "--posix"), ("dash",), ("mksh",), ("busybox", "sh"))
"""Android's is mksh."""


def run(command: Sequence[str], **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sha256(secret: object) -> str:
    return hashlib.sha256(bytes(secret)).hexdigest()  # type: ignore[call-overload]


# Under emulation.


def with_fewer_looks(manifest: dict[str, Any]) -> None:
    """Each costs more than a second under emulation, and all go the same way."""
    for profile in manifest["profiles"].values():
        profile |= {
            "looks": profile["looks"][:1],
            "reference_looks": profile["reference_looks"][:2],
        }


@pytest.fixture(
    scope="module", params=["fewer looks", pytest.param("all looks", marks=pytest.mark.long)]
)
def lock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AiLock:
    """A lock of the shipped bundle, or of one that differs from it in this alone."""
    bundle = copy_bundle(tmp_path_factory.mktemp("models") / DEFAULT_BUNDLE)
    if request.param == "fewer looks":
        edit_manifest(bundle, with_fewer_looks)
    return AiLock(load_bundle(bundle), pepper=None, cost=CHEAPEST)


@pytest.fixture(scope="module")
def elsewhere(
    arm_folder: Path, lock: AiLock, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What emulated ARM makes of a record made here and of its photo."""
    record, secret = lock.enroll([PHOTO])
    file = tmp_path_factory.mktemp("arm") / "record"
    file.write_bytes(bytes(record))
    script = HERE / "unlock_elsewhere.py"
    arguments = map(str, (script, file, PHOTO, OTHER_VIEW))
    command = emulated_command(arm_folder, ["python", *arguments])
    models = {**os.environ, "AILOCK_MODELS": str(lock.bundle.path.parent)}
    return {**json.loads(run(command, env=models)), "sent_sha256": sha256(secret)}


@pytest.mark.parametrize("looks", ["probe", "reference", "two probes"])
def test_imageprint_is_the_same_bit_for_bit(
    elsewhere: dict[str, Any], lock: AiLock, looks: str
) -> None:
    assert elsewhere["machine"] == "aarch64"
    assert elsewhere["fingerprint"] == lock.fingerprint.hex()
    if looks == "two probes":
        (here,) = lock.probes([PHOTO, OTHER_VIEW])
    else:
        here = lock.imageprint(PHOTO, reference=looks == "reference")
    np.testing.assert_array_equal(here.bits, elsewhere["bits"][looks])
    assert here.bits.any()
    assert not here.bits.all()


def test_record_made_here_opens_there(elsewhere: dict[str, Any]) -> None:
    assert elsewhere["unlocked_sha256"] == elsewhere["sent_sha256"]


def test_record_made_there_opens_here(elsewhere: dict[str, Any], lock: AiLock) -> None:
    secret = lock.unlock(PHOTO, bytes.fromhex(elsewhere["record"]))
    assert sha256(secret) == elsewhere["secret_sha256"]
    assert elsewhere["secret_sha256"] != elsewhere["sent_sha256"]


def test_copied_folder_runs_and_so_do_its_children(arm_folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "another place"
    shutil.copytree(arm_folder, moved)
    child = "import platform, sys; print(platform.machine(), sys.executable)"
    parent = (
        "import subprocess, sys, ailock_sdk; print(ailock_sdk.__file__, flush=True); "
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    )
    # From the checkout: its ailock_sdk is not the one to be found.
    lines = run(emulated_command(moved, ["python", "-c", parent]), cwd=HERE.parents[2]).splitlines()
    assert Path(lines[0]).is_relative_to(moved)
    assert lines[1] == f"aarch64 {moved / 'python'}"


def test_namespace_shows_the_emulated_cpu_to_its_programs_only(arm_folder: Path) -> None:
    before = Path("/proc/cpuinfo").read_text()
    script = f'cat /proc/cpuinfo; echo "${EMULATOR_VARIABLE}"'
    *cpuinfo, setting = run([*emulated_shell(), "sh", "-c", script]).splitlines()
    assert cpuinfo.count("CPU part\t: 0xd0b") == os.cpu_count()
    assert setting.split() == emulator_command()
    assert "CPU part\t: 0xd0b" not in before
    assert len(Path("/proc/cpuinfo").read_text().splitlines()) == len(before.splitlines())


# The folder.


def test_folder_needs_no_links_and_names_what_it_is_made_of(arm_folder: Path) -> None:
    assert not [path for path in arm_folder.rglob("*") if path.is_symlink()]
    facts = json.loads((arm_folder / FACTS_NAME).read_text())
    assert facts["architecture"] == "aarch64"
    made_of = [*facts["packages"], *facts["wheels"]]
    names = {entry["name"] for entry in made_of}
    assert {"libc6", f"python{facts['python']}-minimal", "numpy", "ai_edge_litert"} <= names
    assert all(entry["version"] and len(entry["sha256"]) == 64 for entry in made_of)


def test_folder_up_to_date_is_left_alone(arm_folder: Path) -> None:
    build_arm_folder(arm_folder)  # the sources may have changed since the session began
    files = [arm_folder / FACTS_NAME, arm_folder / "bin" / "python3", arm_folder / "ailock"]
    before = [file.stat().st_ino for file in files]
    assert build_arm_folder(arm_folder) == arm_folder
    assert [file.stat().st_ino for file in files] == before


def test_folder_is_made_whole_again_and_equal(arm_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(build_arm_folder(arm_folder), other)
    package = other / "lib" / "python3" / "dist-packages" / "ailock_sdk"
    library = other / "lib" / "libz.so.1"
    facts = json.loads((other / FACTS_NAME).read_text())

    # Other sources: only these are copied again.
    (package / "__init__.py").write_text("changed = True\n")
    stale = {**facts, "sources_sha256": "0" * 64, "content_sha256": content_of(other)}
    (other / FACTS_NAME).write_text(json.dumps(stale))
    kept = library.stat().st_ino
    build_arm_folder(other)
    assert library.stat().st_ino == kept
    assert json.loads((other / FACTS_NAME).read_text()) == facts

    # A damaged file: all is made anew, from the downloads.
    library.write_bytes(library.read_bytes()[:-1])
    build_arm_folder(other)
    assert json.loads((other / FACTS_NAME).read_text()) == facts
    assert library.read_bytes() == (arm_folder / "lib" / "libz.so.1").read_bytes()


def content_of(folder: Path) -> str:
    """SHA-256 over name, size and content of each file, as ``content_sha256`` has it."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if {"__pycache__", "home", "tmp"} & set(name.parts) or str(name) == FACTS_NAME:
            continue
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def test_something_else_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert main(["--out", str(tmp_path), "--cache", str(tmp_path / "cache")]) == 2
    assert "is no ARM folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("call", [emulator_problem, emulated_shell, emulator_command])
def test_unknown_architecture_is_refused(call: Any, tmp_path: Path) -> None:
    with pytest.raises(SpeedError, match="aarch64"):
        call("sparc64")
    with pytest.raises(SpeedError, match="aarch64"):
        build_arm_folder(tmp_path / "out", "sparc64")


def test_missing_emulator_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for arch, architecture in ARCHITECTURES.items():
        assert architecture.emulator in str(emulator_problem(arch))
        with pytest.raises(SpeedError, match="qemu-user-static"):
            emulated_shell(arch)


# The launchers, without emulation: a script stands for the loader and prints what it is given.


@pytest.fixture
def launchers(tmp_path: Path) -> Path:
    """A folder of launchers whose loader and emulator print arguments and environment."""
    folder = tmp_path / "a folder"
    library = folder / "lib" / "python3.0"
    library.mkdir(parents=True)
    write_launchers(folder, LOADER, "3.0")
    report = "import json, os, sys; print(json.dumps([sys.argv, dict(os.environ)]))"
    for program in (folder / "lib" / LOADER, tmp_path / "emulator"):
        program.write_text(f"#!{sys.executable} -IS\n{report}\n")
        program.chmod(0o755)
    return folder


def launched(
    command: Sequence[str], environment: Mapping[str, str | None], cwd: Path
) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment that reach the loader; a variable that is None is not set."""
    merged = {**os.environ, **environment}
    kept = {name: value for name, value in merged.items() if value is not None}
    arguments, seen = json.loads(run(command, env=kept, cwd=cwd))
    return arguments, seen


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_launchers_in_every_shell(launchers: Path, tmp_path: Path, shell: tuple[str, ...]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    start = [str(launchers / "lib" / LOADER), "--library-path", str(launchers / "lib")]
    start.append(str(launchers / "bin" / "python3"))
    unset = {EMULATOR_VARIABLE: None}
    arguments, seen = launched(
        [*shell, "a folder/python", "-c", "print( 'x y' )", ""], unset, tmp_path
    )
    assert arguments == [*start, "-c", "print( 'x y' )", ""]
    assert seen["PYTHONHOME"] == str(launchers)
    # From inside, where the name has no folder in it; the other launcher starts the first.
    arguments, _ = launched([*shell, "ailock", "unlock", "a b"], unset, launchers)
    assert arguments == [*start, "-m", "ailock_sdk", "unlock", "a b"]


def test_emulator_comes_first_with_its_options(launchers: Path, tmp_path: Path) -> None:
    emulator = {EMULATOR_VARIABLE: f"{tmp_path}/emulator -cpu some"}
    command = ["sh", str(launchers / "ailock"), "--version"]
    arguments, seen = launched(command, emulator, tmp_path)
    assert arguments[:4] == [
        *(f"{tmp_path}/emulator", "-cpu", "some"),
        str(launchers / "lib" / LOADER),
    ]
    assert arguments[-3:] == ["-m", "ailock_sdk", "--version"]
    assert seen[EMULATOR_VARIABLE] == emulator[EMULATOR_VARIABLE]  # for child processes


def test_environment_is_the_folders_own(launchers: Path, tmp_path: Path) -> None:
    outer = {
        **{EMULATOR_VARIABLE: None, "PYTHONPATH": "/elsewhere", "PYTHONHOME": "/elsewhere"},
        **{"HOME": None, "TMPDIR": "/no/such/folder", "LD_PRELOAD": ""},
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = ["sh", str(launchers / "python")]
    _, seen = launched(command, outer, tmp_path)
    assert not {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LD_PRELOAD"} & set(seen)
    assert seen["PYTHONHOME"] == str(launchers)
    assert seen["PYTHONSAFEPATH"] == seen["PYTHONNOUSERSITE"] == "1"
    for name, folder in (("HOME", "home"), ("TMPDIR", "tmp")):
        assert seen[name] == str(launchers / folder)
        assert (launchers / folder).is_dir()
    usable = {**outer, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    _, seen = launched(command, usable, tmp_path)
    assert seen["HOME"] == seen["TMPDIR"] == str(tmp_path)
