"""The rules of docs/architecture.md, read from the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "ailock_sdk"
STAGES = ("capture", "embedding", "imageprint", "sketch", "store")
BASE = {"profiles", "constants", "errors", "secret"}
COMPOSERS = ("lock", "vault", "benchmark", "doctor", "cli")
"""Lowest first: each may import the stages, the base and those before it."""

HOMES = {
    "PIL": {"capture"},
    "pillow_heif": {"capture"},
    "ai_edge_litert": {"embedding"},
    "tflite_runtime": {"embedding"},
    "tensorflow": {"embedding"},
    "reedsolo": {"sketch"},
    "cryptography": {"sketch", "store"},
    "sqlite3": {"store"},
    "shtab": {"cli"},
    "tqdm": {"cli", "benchmark"},
}
"""Third-party packages and the places in ailock_sdk that may import them."""


def modules(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.rglob("*.py") if "__pycache__" not in p.parts)
    assert found, f"no modules under {folder}"
    return found


def imports(path: Path) -> set[str]:
    """Absolute dotted names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def place(path: Path) -> str:
    """``capture`` for ailock_sdk/capture/decode.py, ``lock`` for ailock_sdk/lock.py."""
    return path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")


def inner_imports(path: Path) -> set[str]:
    prefix = PACKAGE + "."
    return {n.removeprefix(prefix).split(".")[0] for n in imports(path) if n.startswith(prefix)}


@pytest.mark.parametrize("path", modules(ROOT / PACKAGE), ids=str)
def test_imports_point_downwards(path: Path) -> None:
    here = place(path)
    if here == "__init__":
        return
    allowed = set(BASE)
    if here in STAGES:
        allowed.add(here)
    elif here in COMPOSERS:
        allowed |= {*STAGES, *COMPOSERS[: COMPOSERS.index(here) + 1], "__version__"}
    else:
        assert here in BASE, f"{here} has no place in the architecture"
    assert inner_imports(path) <= allowed


@pytest.mark.parametrize("path", modules(ROOT / PACKAGE), ids=str)
def test_third_party_packages_stay_at_home(path: Path) -> None:
    for name in imports(path):
        package = name.split(".")[0]
        assert place(path) in HOMES.get(package, {place(path)}), f"{name} in {path}"


@pytest.mark.parametrize("folder", ["tools", "benchmarks"])
def test_tools_and_benchmarks_use_public_names(folder: str) -> None:
    public = {PACKAGE, *(f"{PACKAGE}.{name}" for name in (*STAGES, *COMPOSERS, *BASE))}
    for path in modules(ROOT / folder):
        for name in imports(path):
            if not name.startswith(PACKAGE):
                continue
            module, _, attribute = name.rpartition(".")
            assert module in public or name in public, f"{path}: {name} is not public"
            assert not attribute.startswith("_"), f"{path}: {name}"


def test_public_names_are_pinned() -> None:
    import ailock_sdk

    assert set(ailock_sdk.__all__) == {
        *("AiLock", "Vault", "ImagePrint", "Record", "Secret", "PepperProvider", "FilePepper"),
        *("AilockError", "UnlockError", "LockedOutError"),
        *("CaptureError", "PhotoFormatError", "PhotoQualityError", "EnrollmentError"),
        *("RecordError", "RecordFormatError", "RecordMismatchError", "SealedDataError"),
        *("VaultError", "NameTakenError", "UnknownNameError", "PepperError"),
        *("BundleError", "RuntimeMissingError", "ProfileError"),
    }
    for name in ailock_sdk.__all__:
        assert getattr(ailock_sdk, name).__doc__


@pytest.mark.parametrize("stage", STAGES)
def test_stage_exports_exist(stage: str) -> None:
    module = __import__(f"{PACKAGE}.{stage}", fromlist=["__all__"])
    assert module.__all__
    for name in module.__all__:
        assert hasattr(module, name)


def test_error_tree_is_the_one_drawn() -> None:
    """The tree at the top of errors.py is drawn by hand; it must be the real one."""
    from ailock_sdk import errors

    drawn: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    assert errors.__doc__
    for line in errors.__doc__.splitlines():
        name = next((w for w in line.split() if w.endswith("Error")), None)
        if name is None:
            continue
        depth = line.index(name)
        while stack and stack[-1][0] >= depth:
            stack.pop()
        drawn[name] = stack[-1][1] if stack else "Exception"
        stack.append((depth, name))
    real = {
        kind.__name__: kind.__base__.__name__
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.AilockError) and kind.__base__
    }
    assert drawn == real


def test_import_loads_no_runtime() -> None:
    code = (
        "import sys, ailock_sdk\n"
        "runtimes = {'ai_edge_litert', 'tflite_runtime', 'tensorflow'}\n"
        "print(sorted(runtimes & {m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
