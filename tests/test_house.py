"""The rules of docs/explanation/architecture.md, read from the imports themselves."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "ailock_sdk"
FOLDERS = (PACKAGE, "lab", "tools", "benchmarks")

MAY_IMPORT = {
    PACKAGE: set(),
    "lab": {PACKAGE},
    "tools": {PACKAGE, "lab"},
    "benchmarks": {PACKAGE, "lab"},
}
"""Which of the other folders a folder imports."""
HAND_OVERS = {
    ("ailock_sdk/cli", f"tools.{name}")
    for name in ("convert_tflite", "convert_onnx", "import_facenet")
}
"""What the command line hands over to, by ``importlib``, in a checkout that has it."""

MAX_LINES = 350

BENCHMARKS = ("accuracy", "attacks", "speed")
STAGES = ("camera", "capture", "embedding", "imageprint", "sketch", "store")
BASE = {"profiles", "parameters", "paths", "strict_json", "constants", "errors", "secret"}
BASE |= {"limits", "workers"}
COMPOSERS = (
    "photo_lists",
    "photo_reader",
    "viewfinder",
    "record_rules",
    "record_keys",
    "lock",
    "vault_parts",
    "vault",
    "benchmark",
    "doctor",
    "server",
    "cli",
    "__main__",
)
"""Lowest first: each may import the stages, the base and those before it."""
ADVISORY = ("capture.presentation", "capture.parallax")
"""Public, and imported by nothing in the package, so that no start pays for them."""

OUTSIDE = ("lab", "tools", "benchmarks")
HOMES = {
    "PIL": ("ailock_sdk/capture", *OUTSIDE),
    "av": ("ailock_sdk/camera", "tools/rendering/film.py"),
    "picamera2": ("ailock_sdk/camera",),
    "pillow_heif": ("ailock_sdk/capture",),
    "ai_edge_litert": (
        *("ailock_sdk/embedding", "tools/training/dequantise.py", "lab/differentiable"),
    ),
    "tflite_runtime": ("ailock_sdk/embedding",),
    "onnxruntime": ("ailock_sdk/embedding",),
    "tensorflow": ("ailock_sdk/embedding", "tools/conversion", "benchmarks/speed"),
    "keras": ("tools/conversion", "tools/training/quiet_keras.py"),
    "onnx2tf": ("tools/conversion",),
    "torch": (
        *("tools/train_embedder.py", "tools/train_objects.py", "tools/training"),
        "tools/projection",
        "benchmarks/accuracy/hash_experiments",
        "lab/synthetic",
        *("lab/differentiable", "benchmarks/attacks/gradient"),
    ),
    "skimage": ("benchmarks/attacks/gradient",),
    "onnx": ("lab/differentiable", "tools/conversion"),
    "mtcnn": ("tools/align_faces.py",),
    "sklearn": ("lab/fitting",),
    "mitsuba": ("tools/rendering",),
    **dict.fromkeys(("starlette", "uvicorn", "h11", "jinja2", "segno"), ("ailock_sdk/server",)),
    "gpiozero": ("ailock_sdk/server/actions.py",),
    "reedsolo": ("ailock_sdk/sketch",),
    "cryptography": (
        *("ailock_sdk/sketch", "ailock_sdk/store", "ailock_sdk/server/certificate.py"),
        "ailock_sdk/embedding/signature.py",
    ),
    "sqlite3": ("ailock_sdk/store", "benchmarks/attacks/tampering"),
    "pyrage": ("ailock_sdk/store",),
    "bech32": ("ailock_sdk/store",),
    "keyring": ("ailock_sdk/store/keyring_pepper.py",),
    "pkcs11": ("ailock_sdk/store/pkcs11_pepper.py",),
    "fido2": ("ailock_sdk/store/fido2_pepper.py",),
    "tpm2_pytss": ("ailock_sdk/store/tpm.py",),
    "click": ("ailock_sdk/cli", "tools/site"),
    "griffe": ("tools/site",),
    "platformdirs": ("ailock_sdk/paths.py",),
    "msgspec": ("ailock_sdk/strict_json.py", "ailock_sdk/embedding", "lab", "benchmarks"),
    "matplotlib": ("lab/report", "tools/train_embedder.py"),
    "imagehash": ("benchmarks/accuracy/compare/perceptual.py",),
    "pdqhash": ("benchmarks/accuracy/compare/perceptual.py",),
    "h5py": ("benchmarks/accuracy/paper",),
    "distributed": ("lab/statistics", "benchmarks/accuracy"),
    "tqdm": ("ailock_sdk/cli", "ailock_sdk/benchmark", *OUTSIDE),
}
"""Packages and the places that may import them; what is not here may be imported anywhere."""


@cache
def sources() -> dict[str, Path]:
    """Every module of the house by its dotted name; a package's name stands for its __init__."""
    found = {}
    for folder in FOLDERS:
        paths = [p for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts]
        assert paths, f"no modules under {folder}"
        for path in paths:
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return dict(sorted(found.items()))


@cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names that a module imports: anywhere in it, and by ``importlib`` as well."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return frozenset(names)


def module_of(name: str) -> str | None:
    """The module that a dotted name is, or is found in; ``None`` outside the house."""
    while name not in sources():
        name, _, _ = name.rpartition(".")
        if not name:
            return None
    return name


@cache
def imported_modules(module: str) -> frozenset[str]:
    """Modules of the house whose names this one imports.

    Python also runs the packages around an imported module. They are not counted: a package's
    __init__ may gather names of its own modules, as long as those do not take any from it.
    """
    found = map(module_of, imports(sources()[module]))
    return frozenset(name for name in found if name is not None)


def is_at(path: Path, *places: str) -> bool:
    """Whether a file is one of ``places``, or lies in one."""
    return any(path.is_relative_to(ROOT / place) for place in places)


def place(path: Path) -> str:
    """``capture`` for ailock_sdk/capture/decode.py, ``lock`` for ailock_sdk/lock.py."""
    return path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")


def modules(folder: str) -> list[Path]:
    return [path for path in sources().values() if is_at(path, folder)]


def inner_imports(path: Path) -> set[str]:
    prefix = PACKAGE + "."
    return {n.removeprefix(prefix).split(".")[0] for n in imports(path) if n.startswith(prefix)}


def circles() -> Iterator[list[str]]:
    """Each set of modules that reach each other, the longest first to be found."""
    reached: dict[str, set[str]] = {}
    for start in sources():
        found: set[str] = set()
        waiting = [start]
        while waiting:
            new = imported_modules(waiting.pop()) - found
            found |= new
            waiting += new
        reached[start] = found
    told: set[str] = set()
    for name, found in reached.items():
        if name in found and name not in told:
            circle = [other for other in found if name in reached[other]]
            told |= set(circle)
            yield sorted(circle)


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_downwards(folder: str) -> None:
    """tools -> lab <- benchmarks, all of them -> ailock_sdk; nothing imports the tests."""
    forbidden = {*FOLDERS, "tests"} - MAY_IMPORT[folder] - {folder}
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in modules(folder)
        for name in imports(path)
        if name.split(".")[0] in forbidden
    }
    allowed = {
        (path, name)
        for path, name in found
        if any(name == handed and is_at(ROOT / path, home) for home, handed in HAND_OVERS)
    }
    assert found == allowed


@pytest.mark.parametrize("folder", BENCHMARKS)
def test_benchmarks_do_not_import_each_other(folder: str) -> None:
    others = {f"benchmarks.{name}" for name in BENCHMARKS if name != folder}
    for path in modules(f"benchmarks/{folder}"):
        for name in imports(path):
            assert ".".join(name.split(".")[:2]) not in others, f"{path}: {name}"


def test_no_circle_of_files() -> None:
    assert list(circles()) == []


def test_files_are_short() -> None:
    lengths = {name: path.read_text("utf-8").count("\n") for name, path in sources().items()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


@pytest.mark.parametrize("path", modules(PACKAGE), ids=str)
def test_imports_point_downwards(path: Path) -> None:
    here = place(path)
    if here == "__init__":
        return
    allowed = set(BASE)
    if here in STAGES:
        allowed.add(here)
    elif here in COMPOSERS:
        allowed |= {*STAGES, *COMPOSERS[: COMPOSERS.index(here) + 1]}
        allowed |= {"__version__", "UNSUPPORTED"}
    else:
        assert here in BASE, f"{here} has no place in the architecture"
    assert inner_imports(path) <= allowed


@pytest.mark.parametrize("package", HOMES)
def test_third_party_packages_stay_at_home(package: str) -> None:
    users = {p for p in sources().values() for name in imports(p) if name.split(".")[0] == package}
    for path in users:
        assert is_at(path, *HOMES[package]), f"{path} imports {package}"


@pytest.mark.parametrize("folder", OUTSIDE)
def test_the_package_is_used_by_its_public_names(folder: str) -> None:
    public = {PACKAGE, *(f"{PACKAGE}.{name}" for name in (*STAGES, *COMPOSERS, *BASE, *ADVISORY))}
    for path in modules(folder):
        for name in imports(path):
            if not name.startswith(f"{PACKAGE}."):
                continue
            module, _, attribute = name.rpartition(".")
            assert module in public or name in public, f"{path}: {name} is not public"
            assert not attribute.startswith("_"), f"{path}: {name}"
            exported = getattr(importlib.import_module(module), "__all__", None)
            assert exported is None or name in public or attribute in exported, f"{path}: {name}"


def test_public_names_are_pinned() -> None:
    import ailock_sdk

    assert set(ailock_sdk.__all__) == {
        *("AiLock", "Vault", "ImagePrint", "Record", "Secret", "PepperProvider", "FilePepper"),
        *("KeyringPepper", "TpmPepper", "Fido2Pepper", "Pkcs11Pepper", "StateCounter"),
        "Limits",
        *("AilockError", "UnlockError", "LockedOutError", "PinError", "RecoveryCodeError"),
        *("SlotError", "OutOfMemoryError"),
        *("CaptureError", "PhotoFormatError", "PhotoQualityError", "CameraError"),
        "EnrollmentError",
        *("RecordError", "RecordFormatError", "LockFormatError", "RecordMismatchError"),
        *("SealedDataError",),
        *("VaultError", "VaultMissingError", "VaultBusyError", "VaultReadOnlyError"),
        *(
            "VaultFullError",
            "VaultRolledBackError",
            "BadNameError",
            "NameTakenError",
            "UnknownNameError",
        ),
        *("LockChangedError", "PepperError"),
        *("BundleError", "RuntimeMissingError", "ProfileError"),
        *("Hidden", "Pin", "KdfCost", "Bundle", "PhotoSource", "PhotoSources", "StageObserver"),
        *("PepperSource", "RecordHeader", "RecordObject", "QualityFinding", "Limits"),
        *("Reader", "Writer", "RecoveryCode", "Opener", "References", "TypedCode"),
        *("Enrolled", "Exported", "SlotInfo", "PepperReplaced", "PepperStatus"),
        *("Progress",),
    }
    for name in ailock_sdk.__all__:
        kind = getattr(ailock_sdk, name)
        assert not isinstance(kind, type) or kind.__doc__


def test_the_version_is_the_same_in_both_places() -> None:
    import ailock_sdk

    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'\nversion = "{ailock_sdk.__version__}"\n' in project


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
        "unwanted = {'ai_edge_litert', 'tflite_runtime', 'tensorflow', 'onnxruntime'}\n"
        f"unwanted |= {{'{PACKAGE}.' + name for name in {ADVISORY}}}\n"
        "print(sorted(unwanted & {*sys.modules, *(m.split('.')[0] for m in sys.modules)}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
