"""The embedder among threads: on a stand-in for the interpreter that tells who is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from ailock_sdk.embedding import DEFAULT_BUNDLE, Embedder, find_bundle
from tests.forks import in_a_fork
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
    embedder._warm = True
    with pytest.raises(RuntimeError, match="out of memory"):
        embedder.embed_mean([view, view], ["any"])
    assert finished.is_set()


@pytest.mark.parametrize(("threads", "at_once"), [(1, 1), (2, 2), (4, 2)])
def test_row_8_a_forked_process_embeds(view: np.ndarray, threads: int, at_once: int) -> None:
    """Also while another thread of its parent was at work: its lock would stay taken."""
    embedder = Embedder(find_bundle(DEFAULT_BUNDLE), threads, at_once)
    layer = list(embedder.bundle.layers)[:1]

    def embed() -> bytes:
        return embedder.embed_mean([view, view, view + 9], layer)[0].tobytes()

    expected = embed()
    with embedder._lock:
        assert in_a_fork(embed) == expected
    assert embed() == expected


def test_the_first_photo_waits_for_one_interpreter_only(
    view: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the second for no helper that has not built its own yet."""
    release, built = threading.Event(), 0

    class Interpreter:
        def __init__(self, *_: object) -> None:
            nonlocal built
            built += 1
            if built > 1:
                assert release.wait(10)

        def embed(self, *_: object) -> list[np.ndarray]:
            embedded.append(threading.current_thread())
            if len(embedded) == 4:
                release.set()
            return [np.ones(1, np.float32)]

    monkeypatch.setattr("ailock_sdk.embedding.embedder.Network", Interpreter)
    embedded: list[threading.Thread] = []
    embedder = Embedder(find_bundle(DEFAULT_BUNDLE), threads=2, at_once=2)
    assert embedder.embed_mean([view, view], ["any"]) == [1.0]
    assert built == 1
    assert embedder.embed_mean([view, view], ["any"]) == [1.0]
    assert set(embedded) == {threading.current_thread()}
    assert built == 2


def test_an_interpreter_that_cannot_be_built_yet_is_built_later(
    view: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    class Interpreter:
        def __init__(self, *_: object) -> None:
            nonlocal tried
            tried += 1
            failed.set()
            if tried == 2:
                raise MemoryError

        def embed(self, *_: object) -> list[np.ndarray]:
            assert failed.wait(10)
            return [np.ones(1, np.float32)]

    failed = threading.Event()
    monkeypatch.setattr("ailock_sdk.embedding.embedder.Network", Interpreter)
    embedder = Embedder(find_bundle(DEFAULT_BUNDLE), threads=2, at_once=2)
    embedder.embed_mean([view, view], ["any"])
    failed.clear()
    with pytest.raises(MemoryError):
        embedder.embed_mean([view, view], ["any"])
    failed.clear()
    embedder.embed_mean([view, view], ["any"])
    assert tried == 3


def test_a_closed_embedder_says_so_and_holds_no_model(view: np.ndarray) -> None:
    embedder = Embedder(find_bundle(DEFAULT_BUNDLE), threads=2, at_once=2)
    layer = list(embedder.bundle.layers)[:1]
    embedder.embed(view, layer)
    embedder.close()
    embedder.close()
    with pytest.raises(ValueError, match="was closed"):
        embedder.embed(view, layer)
    assert not any(vars(embedder)[name] for name in ("_networks", "_model"))
