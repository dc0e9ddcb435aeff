"""What happens when a lock opens: the owner's command, or a line of the Pi. Never on the page."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

from ailock_sdk.errors import AilockError
from ailock_sdk.secret import Secret

COMMAND_SECONDS = 30.0
LINE_SECONDS = 3.0


class Action(Protocol):
    """Called with the name and the secret of a lock that was opened."""

    def __call__(self, name: str, secret: Secret) -> None:
        """Do it, or raise an ``AilockError``."""


class RunCommand:
    """Runs a command without a shell: the 32 secret bytes on its standard input, and no more.

    The lock's name is in the environment variable ``AILOCK_LOCK``.

    Parameters
    ----------
    words : sequence of str
    seconds : float
        How long it may take; then it is killed.
    """

    def __init__(self, words: Sequence[str], seconds: float = COMMAND_SECONDS) -> None:
        self._words = list(words)
        self._seconds = seconds

    def __call__(self, name: str, secret: Secret) -> None:
        """Run it to its end.

        Raises
        ------
        AilockError
            It cannot be run, failed, or took too long.
        """
        program = self._words[0]
        try:
            done = subprocess.run(
                self._words,
                input=bytes(secret),
                timeout=self._seconds,
                env={**os.environ, "AILOCK_LOCK": name},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AilockError(f"{program} took more than {self._seconds:g} s: killed") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no such command"
            raise AilockError(f"{program}: {reason}") from None
        if done.returncode:
            raise AilockError(f"{program} failed with status {done.returncode}")


class SwitchLine:
    """Switches a GPIO line on for a while, as a door opener wants it; needs gpiozero.

    Parameters
    ----------
    pin : str
        As gpiozero names it: ``17``, ``GPIO17``, ``BOARD11``.
    seconds : float

    Raises
    ------
    AilockError
        gpiozero is not installed, or there is no such pin.
    """

    def __init__(self, pin: str, seconds: float = LINE_SECONDS) -> None:
        try:
            gpiozero = import_module("gpiozero")
        except ImportError:
            raise AilockError("--gpio needs gpiozero: pip install gpiozero lgpio") from None
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        try:
            self._line: Any = gpiozero.OutputDevice(pin)
        except Exception as error:  # whatever a pin library raises
            raise AilockError(f"GPIO {pin}: {error}") from None

    def __call__(self, name: str, secret: Secret) -> None:
        """Switch it on; it goes off by itself."""
        if self._timer is not None:
            self._timer.cancel()
        self._line.on()
        self._timer = threading.Timer(self._seconds, self._line.off)
        self._timer.daemon = True
        self._timer.start()
