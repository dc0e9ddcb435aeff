"""Which files of the packages and wheels a folder holds, and where.

    FOLDER/python, FOLDER/ailock   launchers
    FOLDER/folder.json             what it was made of
    FOLDER/bin/python3             the interpreter
    FOLDER/lib/*.so.*              shared libraries and the dynamic loader
    FOLDER/lib/python3.X           the standard library
    FOLDER/lib/python3/dist-packages   wheels and ailock_sdk (where Debian's Python looks)
    FOLDER/photos                  photos to try it with

There are no links in it: not every way onto a phone carries them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks.speed.arm_bundle.architectures import Architecture

PACKAGES = Path("lib") / "python3" / "dist-packages"
"""Folder of the wheels and of ailock_sdk."""

_STANDARD_LIBRARY_UNUSED = (
    *("test", "curses", "dbm", "distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data"),
    *("tkinter", "turtle*", "venv", "sitecustomize.py", "EXTERNALLY-MANAGED", "_sysconfigdata_*"),
    # Modules whose libraries are left out.
    *("_crypt.*", "_curses*", "_dbm.*", "nis.*", "ossaudiodev.*", "readline.*", "crypt.py"),
    *("_test*", "_ctypes_test*", "_xxtest*", "xxlimited*"),
)
_WHEELS_UNUSED = (
    *("tests", "f2py", "distutils", "*.pyi", "*.h", "*.a", "*.c", "*.pxd", "*.pyx"),
    *("aot", "libLiteRtWebGpuAccelerator.so"),  # compilers for NPUs and a GPU's backend
)
_LIBRARIES_UNUSED = (
    *("libBrokenLocale.*", "libanl.*", "libc_malloc_debug.*", "libnsl.*", "libnss_*"),
    *("libthread_db.*",),
)

Ignore = Callable[[str, list[str]], set[str]]


def copy_python(root: Path, folder: Path, architecture: Architecture, python: str) -> None:
    """From Debian's packages, unpacked in ``root``: interpreter, libraries, standard library."""
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(root / "usr" / "bin" / f"python{python}", folder / "bin" / "python3")
    shutil.copytree(
        root / "usr" / "lib" / f"python{python}",
        folder / "lib" / f"python{python}",
        ignore=_ignoring(_STANDARD_LIBRARY_UNUSED),
    )
    for source in ("lib", "usr/lib"):
        for path, name in _libraries(root / source / architecture.library_folder):
            shutil.copy2(path, folder / "lib" / name)


def prune_wheels(packages: Path) -> None:
    """Remove from a folder of packages what the unlock path never loads."""
    for path in sorted(packages.rglob("*"), reverse=True):
        if _matches(path.name, _WHEELS_UNUSED):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def copy_sources(sources: Path, folder: Path) -> None:
    """From the checkout: ailock_sdk with its models inside, as the wheel holds them."""
    ignore = _ignoring(("__pycache__",))
    shutil.copytree(sources / "ailock_sdk", folder, ignore=ignore)
    shutil.copytree(sources / "models", folder / "models", ignore=ignore)


def _libraries(folder: Path) -> Iterable[tuple[Path, str]]:
    """Shared libraries, each under the names by which others ask for it."""
    if not folder.is_dir():  # a release keeps them in lib or in usr/lib, or in both
        return
    found = [p for p in folder.iterdir() if fnmatchcase(p.name, "l*.so.*") and p.is_file()]
    aliased = {p.resolve() for p in found if p.is_symlink()}
    for path in found:
        known = path.is_symlink() or path.resolve() not in aliased
        if known and not _matches(path.name, _LIBRARIES_UNUSED):
            yield path.resolve(), path.name


def _ignoring(patterns: tuple[str, ...]) -> Ignore:
    return lambda _folder, names: {name for name in names if _matches(name, patterns)}


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
