"""A folder with everything ailock needs on an ARM machine, and its emulation on this one.

The folder holds a CPython, its libraries and its dynamic loader from Debian, the run-time
dependencies as wheels, ailock_sdk with its models, and two launchers: ``sh FOLDER/python ...`` and
``sh FOLDER/ailock ...``. It is copied as it is, to any place, on any Linux or Android machine of
its architecture: no root, no app, nothing of the system's but the kernel and a POSIX shell.

``python -m benchmarks.speed.arm_bundle --out FOLDER`` builds one.
"""

from benchmarks.speed.arm_bundle.emulation import (
    EMULATOR_VARIABLE,
    emulated_command,
    emulated_shell,
    emulator_command,
    emulator_problem,
)
from benchmarks.speed.arm_bundle.folder import (
    DEFAULT_CACHE,
    FACTS_NAME,
    build_arm_folder,
    build_problem,
    read_facts,
)

__all__ = [
    "DEFAULT_CACHE",
    "EMULATOR_VARIABLE",
    "FACTS_NAME",
    "build_arm_folder",
    "build_problem",
    "emulated_command",
    "emulated_shell",
    "emulator_command",
    "emulator_problem",
    "read_facts",
]
