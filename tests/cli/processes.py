"""The ailock command as a process of its own, as a shell starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AILOCK = [sys.executable, "-m", "ailock_sdk"]
ENROLLING = [
    *(sys.executable, "-c"),
    "import ailock_sdk.lock; from ailock_sdk.sketch import CHEAPEST; "
    "ailock_sdk.lock.tune = lambda: CHEAPEST; "
    "from ailock_sdk.cli import main; raise SystemExit(main())",
]
"""The same; its new records ask for the least Argon2id, not for the quarter of a second that this
machine is measured for, and then each unlock, which does what its record says, takes none."""


@dataclass
class Ailock:
    """Runs commands in a home of a test's own."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {k: v for k, v in os.environ.items() if k not in ("AILOCK_VAULT", "AILOCK_MODELS")}
        kept = {k: v for k, v in kept.items() if not k.startswith("XDG_")}
        self.environment = {**kept, "HOME": str(self.home), **self.environment}

    @property
    def vault(self) -> Path:
        return self.home / ".local/share/ailock/vault.db"

    @property
    def pepper(self) -> Path:
        return self.home / ".config/ailock/pepper"

    def __call__(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
        options = {"capture_output": True, "env": self.environment, **options}
        command = ENROLLING if {"enroll", "add"}.intersection(arguments[:3]) else AILOCK
        return subprocess.run([*command, *map(os.fspath, map(_word, arguments))], **options)

    def shell(self, script: str, *arguments: object, shell: str = "bash") -> tuple[int, str, str]:
        """Run a script in which ``ailock`` is the command; its arguments are ``$1`` and so on."""
        prelude = f'ailock() {{ {sys.executable} -m ailock_sdk "$@"; }}\n'
        done = subprocess.run(
            [shell, "-c", prelude + script, shell, *map(str, arguments)],
            capture_output=True,
            env=self.environment,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def _word(argument: object) -> Any:
    return argument if isinstance(argument, bytes | os.PathLike) else str(argument)
