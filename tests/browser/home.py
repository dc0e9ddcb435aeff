"""The real `ailock serve` in a process of its own, which can be killed and started anew."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from ailock_sdk import Vault

START_SECONDS = 30.0


class Home:
    """A vault in a folder, and its server on this machine.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = folder / "opened"
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self.address = ""
        self.code = ""

    def start(self) -> None:
        """Serve; on the same port as before, if there was one."""
        words = ["--vault", self.folder / "vault.db", "--pepper", self.folder / "pepper", "--json"]
        words += ["serve", "--port", self._port, "--on-unlock", f"tee {self.opened}"]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ailock_sdk", *map(str, words)],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], START_SECONDS)[0], "it did not start"
        told = json.loads(self._process.stdout.readline())
        self.address, self.code = told["url"].rstrip("/"), told["pairing_code"]
        self._port = int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """As when the power fails."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As its owner does."""
        self._end(signal.SIGINT)

    def freeze(self) -> None:
        """Let it answer nothing until it is killed."""
        self._send(signal.SIGSTOP)

    def vault(self) -> Vault:
        """What is on disk now."""
        return Vault.open(self.folder / "vault.db", pepper=self.folder / "pepper")

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def _send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._send(number)
        self._process.wait(START_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
