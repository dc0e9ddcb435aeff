"""Where an unlock is timed: this machine, an emulated one, or a device reached from here."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.speed.arm_bundle import emulated_command, emulator_problem
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.programs import output_of, run_program

ArmFolder = Callable[[str], Path]
"""Architecture to a folder with everything that ``ailock`` needs there, built when needed."""


class Target(ABC):
    """One device, and how a program is run on it.

    Parameters
    ----------
    name : as the user gave it, such as ``ssh:pi@bench``
    timeout_s : the longest that one program may take, in seconds
    """

    def __init__(self, name: str, timeout_s: float) -> None:
        self.name = name
        self.timeout_s = timeout_s

    @abstractmethod
    def prepare(self) -> None:
        """Reach the device and put there what is missing."""

    @abstractmethod
    def place(self, file: Path) -> str:
        """The path on the device of a copy of ``file`` that may be executed."""

    @abstractmethod
    def ailock(self, arguments: Sequence[str], doing: str) -> str:
        """Standard output of ``ailock`` there."""

    @abstractmethod
    def run(self, command: Sequence[str], doing: str) -> str:
        """Standard output of a program there."""

    @abstractmethod
    def clean(self) -> None:
        """Remove from the device what was put there."""

    def doing(self, what: str) -> str:
        """The beginning of a message about this target."""
        return f"{self.name}: {what}"


class LocalTarget(Target):
    """This machine, with the interpreter that runs the harness."""

    def prepare(self) -> None:
        pass

    def place(self, file: Path) -> str:
        return str(file.resolve())

    def ailock(self, arguments: Sequence[str], doing: str) -> str:
        return self.run([sys.executable, "-m", "ailock_sdk", *arguments], doing)

    def clean(self) -> None:
        pass

    def run(self, command: Sequence[str], doing: str) -> str:
        doing = self.doing(doing)
        return output_of(run_program(command, doing, self.timeout_s), doing)


class EmulatedTarget(LocalTarget):
    """An ARM processor that this machine plays; its times say nothing of a device's."""

    def __init__(self, name: str, timeout_s: float, arch: str, arm_folder: ArmFolder) -> None:
        super().__init__(name, timeout_s)
        self._arch = arch
        self._arm_folder = arm_folder

    def prepare(self) -> None:
        problem = emulator_problem(self._arch)
        if problem is not None:
            raise SpeedError(self.doing(problem))
        self._folder = self._arm_folder(self._arch)

    def ailock(self, arguments: Sequence[str], doing: str) -> str:
        command = emulated_command(self._folder, ["ailock", *arguments], self._arch)
        return super().run(command, doing)

    def run(self, command: Sequence[str], doing: str) -> str:
        raise SpeedError(
            self.doing(f"{doing}: only ailock runs emulated; leave --benchmark-model out")
        )
