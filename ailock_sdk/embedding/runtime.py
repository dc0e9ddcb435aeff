"""The TFLite interpreter: the only importer of one, chosen once."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from ailock_sdk.constants import RuntimeId
from ailock_sdk.errors import RuntimeMissingError


@dataclass(frozen=True)
class Runtime:
    """An installed TFLite interpreter.

    Attributes
    ----------
    id : RuntimeId
        Its number in a record.
    interpreter_class : type
        Takes ``model_content`` and ``num_threads``.
    """

    id: RuntimeId
    interpreter_class: Any

    @property
    def name(self) -> str:
        """Of the package."""
        return self.id.package

    @cached_property
    def version(self) -> str:
        """Of the package."""
        from importlib.metadata import version  # takes longer to import than the interpreter

        return version(self.name)


_CANDIDATES = (
    (RuntimeId.AI_EDGE_LITERT, "ai_edge_litert.interpreter"),
    (RuntimeId.TFLITE_RUNTIME, "tflite_runtime.interpreter"),
    (RuntimeId.TENSORFLOW, "tensorflow.lite"),
)
"""In order of preference: the first is several times faster than the second on int8."""


@cache
def choose_runtime() -> Runtime:
    """The first installed runtime; the choice holds for the life of the process.

    Raises
    ------
    RuntimeMissingError
        None is installed, or those installed do not load (each reason is given).
    """
    failures = []
    for runtime_id, module in _CANDIDATES:
        package = runtime_id.package
        try:
            return Runtime(runtime_id, importlib.import_module(module).Interpreter)
        except ModuleNotFoundError:
            failures.append(f"{package}: not installed")
        except (ImportError, AttributeError) as error:
            failures.append(f"{package}: {error}")
    raise RuntimeMissingError(
        "no TFLite interpreter: pip install ai-edge-litert (" + "; ".join(failures) + ")"
    )


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what this process writes to standard error inside the block.

    The interpreter announces itself there when it is first built, and none of the runtimes has a
    switch for it. For programs that own their process, such as the ``ailock`` command; the library
    never redirects anything on its own.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
