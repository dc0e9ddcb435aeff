"""The embedder among threads: on a stand-in for the interpreter that tells who is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from ailock_sdk.embedding import DEFAULT_BUNDLE, Embedder, find_bundle
from tests.threads import PATIENCE_SECONDS, Meeting, run_together

Embed = Callable[[], list[np.ndarray]]


@pytest.fixture
def view() -> np.ndarray:
    contract = find_bundle(DEFAULT_BUNDLE).input
    return np.zeros((contract.height, contract.width, 3), np.uint8)


def replace_interpreters(monkeypatch: pytest.MonkeyPatch, *embeds: Embed) -> None:
    """The n-th interpreter that is built does the n-th of ``embeds``."""
    left = list(embeds)

    class Interpreter:
        def __init__(self, *_: object) -> None:
            self._embed = left.pop(0)

        def embed(self, *_: object) -> list[np.ndarray]:
            return self._embed()

    monkeypatch.setattr("ailock_sdk.embedding.embedder.Network", Interpreter)


def test_calls_from_several_threads_are_taken_one_after_another(
    view: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Meeting()

    def embed() -> list[np.ndarray]:
        meeting.arrive()
        return [np.zeros(1, np.float32)]

    replace_interpreters(monkeypatch, embed)
    embedder = Embedder(find_bundle(DEFAULT_BUNDLE), threads=1)
    run_together(*2 * [lambda: embedder.embed(view, ["any"])])
    assert not meeting.met, "two threads were at one interpreter"


def test_no_interpreter_is_at_work_after_another_failed(
    view: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call may come at once: an interpreter still at work would be used by two threads."""
    begun, failed, finished = threading.Event(), threading.Event(), threading.Event()

    def fail() -> list[np.ndarray]:
        begun.wait()
        failed.set()
        raise RuntimeError("out of memory")

    def slow() -> list[np.ndarray]:
        begun.set()
        failed.wait()
        threading.Event().wait(PATIENCE_SECONDS)
        finished.set()
        return [np.zeros(1, np.float32)]

    replace_interpreters(monkeypatch, fail, slow)
    embedder = Embedder(find_bundle(DEFAULT_BUNDLE), threads=2, at_once=2)
    with pytest.raises(RuntimeError, match="out of memory"):
        embedder.embed_mean([view, view], ["any"])
    assert finished.is_set()
