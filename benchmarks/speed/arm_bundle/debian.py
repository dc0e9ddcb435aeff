"""CPython and its libraries from the distribution, for another architecture.

apt works in a root of its own below the cache: it uses the system's sources and keys, and changes
nothing of the system's.
"""

from __future__ import annotations

import re
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

from benchmarks.speed.arm_bundle.architectures import Architecture
from benchmarks.speed.arm_bundle.downloads import Download, load_list, save_list
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.programs import output_of, run_program

ROOTS = ("python3-minimal", "libpython3-stdlib", "libstdc++6")
"""Their dependencies are resolved by apt; ``WANTED`` of them are fetched."""
WANTED = (
    "python3.*-minimal",
    "libpython3.*-minimal",
    "libpython3.*-stdlib",
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "zlib1g",
    "libexpat1",
    "libssl3*",
    "libsqlite3-0",
    "libffi*",
    "libbz2-1.0",
    "liblzma5",
    "libuuid1*",
)
"""Patterns of package names; the others serve parts of the standard library that are left out."""
_APT_CONFIGURATION = """\
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
#clear APT::Architectures;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""
_LIST = "packages.json"
_TIMEOUT_SECONDS = 900


def missing_programs() -> list[str]:
    """The programs that fetching needs and this machine lacks."""
    return [name for name in ("apt-get", "dpkg") if shutil.which(name) is None]


def fetch_packages(architecture: Architecture, cache: Path) -> tuple[str, list[Download]]:
    """The distribution's Python, as ``"3.11"``, and its packages; reused when fetched before.

    Raises
    ------
    SpeedError
        apt is missing, or the packages cannot be fetched.
    """
    folder = cache / f"debian-{architecture.debian}"
    packages = load_list(folder / _LIST)
    if packages is None:
        packages = save_list(folder / _LIST, _fetch(architecture, folder))
    return _python_version([p.name for p in packages]), packages


def unpack(packages: list[Download], folder: Path) -> None:
    """Lay the packages' files out under ``folder``, as under ``/``."""
    folder.mkdir()
    for package in packages:
        _output(["dpkg", "-x", str(package.path), str(folder)], f"unpacking {package.path.name}")


def _fetch(architecture: Architecture, folder: Path) -> list[Download]:
    missing = missing_programs()
    if missing:
        raise SpeedError(f"no {' and no '.join(missing)}: build the ARM folder on a Debian machine")
    root = folder / "apt"
    for part in ("state/lists/partial", "cache/archives/partial"):
        (root / part).mkdir(parents=True, exist_ok=True)
    (root / "status").touch()
    configuration = root / "apt.conf"
    configuration.write_text(
        _APT_CONFIGURATION.format(root=root.resolve(), architecture=architecture.debian)
    )
    apt = ["apt-get", f"--config-file={configuration.resolve()}", "--quiet=2"]
    purpose = f"fetching Debian's Python for {architecture.debian}"
    _output([*apt, "update"], purpose)
    resolved = _output(
        [*apt, "install", "--print-uris", "--no-install-recommends", "--yes", *ROOTS], purpose
    )
    # 'URI' name_version_architecture.deb size hash
    files = re.findall(r"^'[^']+' ((\S+?)_(\S+)_\S+\.deb) ", resolved, re.MULTILINE)
    found = [
        (file, name, unquote(version))
        for file, name, version in files
        if any(fnmatchcase(name, pattern) for pattern in WANTED)
    ]
    absent = [p for p in WANTED if not any(fnmatchcase(name, p) for _, name, _ in found)]
    if absent:
        raise SpeedError(
            f"{purpose}: the sources of this machine's apt have no {', '.join(absent)}"
        )
    # apt downloads to where it runs.
    download = [*apt, "download", *(f"{name}={version}" for _, name, version in found)]
    _output(["env", f"--chdir={folder}", *download], purpose)
    return [Download.of(folder / file, name, version) for file, name, version in found]


def _output(command: list[str], purpose: str) -> str:
    return output_of(run_program(command, purpose, _TIMEOUT_SECONDS), purpose)


def _python_version(names: list[str]) -> str:
    (version,) = {m[1] for n in names if (m := re.fullmatch(r"python(3\.\d+)-minimal", n))}
    return version
