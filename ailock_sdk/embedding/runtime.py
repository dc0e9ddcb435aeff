"""The interpreters of TFLite and ONNX models: the only importer of them, chosen once."""

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
from ailock_sdk.embedding.manifest import RuntimeKind
from ailock_sdk.errors import RuntimeMissingError


@dataclass(frozen=True)
class Runtime:
    """An installed interpreter.

    Attributes
    ----------
    id : RuntimeId
        Its number in a record.
    module : type
        Rather a module: with ``Interpreter``, of TFLite; ``onnxruntime`` itself, of ONNX.
    """

    id: RuntimeId
    module: Any

    @property
    def name(self) -> str:
        """Of the package."""
        return self.id.package

    @cached_property
    def version(self) -> str:
        """Of the package."""
        from importlib.metadata import version  # takes longer to import than the interpreter

        return version(self.name)


_CANDIDATES = {
    "tflite": (
        (RuntimeId.AI_EDGE_LITERT, "ai_edge_litert.interpreter", "Interpreter"),
        (RuntimeId.TFLITE_RUNTIME, "tflite_runtime.interpreter", "Interpreter"),
        (RuntimeId.TENSORFLOW, "tensorflow.lite", "Interpreter"),
    ),
    "onnx": ((RuntimeId.ONNXRUNTIME, "onnxruntime", "InferenceSession"),),
}
"""By what a manifest calls them, in order of preference, and the name without which it is none:
the first is several times faster than the second on int8."""
_TO_INSTALL = {
    "tflite": "no TFLite interpreter: pip install ai-edge-litert",
    "onnx": "no ONNX interpreter: pip install 'ailock-sdk[onnx]'",
}


@cache
def choose_runtime(kind: RuntimeKind = "tflite") -> Runtime:
    """The first installed runtime of a kind; the choice holds for the life of the process.

    Raises
    ------
    RuntimeMissingError
        None is installed, or those installed do not load (each reason is given).
    """
    failures = []
    for runtime_id, name, needed in _CANDIDATES[kind]:
        package = runtime_id.package
        try:
            module = importlib.import_module(name)
            getattr(module, needed)
            return Runtime(runtime_id, module)
        except ModuleNotFoundError:
            failures.append(f"{package}: not installed")
        except (ImportError, AttributeError) as error:
            failures.append(f"{package}: {error}")
    raise RuntimeMissingError(f"{_TO_INSTALL[kind]} ({'; '.join(failures)})")


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
