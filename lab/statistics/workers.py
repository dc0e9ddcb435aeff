"""Who computes: threads of this process, or the workers of a Dask cluster.

Results come in the order of the tasks and are the same whoever computes them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from lab.errors import WorkersError

Task = TypeVar("Task")
Result = TypeVar("Result")

AHEAD = 2
"""Tasks under way for each worker: one is computed while the next waits."""
CONNECT_SECONDS = 20


class Future(Protocol):
    """A result that may still be computed; those of threads and of Dask are alike in this."""

    def result(self) -> Any: ...


class Workers:
    """Computes tasks, several at a time.

    Attributes
    ----------
    count : workers that compute at once
    remote : whether they are other processes, perhaps on other machines
    """

    def __init__(self, submit: Callable[..., Future], count: int, remote: bool) -> None:
        self._submit = submit
        self.count = count
        self.remote = remote

    def results(self, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """``work`` of each task, in order; tasks are drawn as they are needed."""
        under_way: deque[Future] = deque()
        for task in tasks:
            under_way.append(self._submit(work, task))
            if len(under_way) > AHEAD * self.count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


@contextmanager
def open_workers(text: str) -> Iterator[Workers]:
    """Workers as the command line names them.

    Parameters
    ----------
    text : a number of threads, at least 1; or the address of a Dask scheduler, such as
        ``tcp://host:8786``, whose workers run where ``benchmarks`` can be imported

    Raises
    ------
    WorkersError
        Neither of the two; no scheduler answers there, or it has no worker.
    """
    if "://" in text:
        with _cluster(text) as workers:
            yield workers
        return
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise WorkersError(
            f"workers are a number of threads, at least 1, or a Dask scheduler's address such as "
            f"tcp://host:8786, not {text!r}"
        )
    pool = ThreadPoolExecutor(int(text), thread_name_prefix="paper")
    try:
        yield Workers(pool.submit, int(text), remote=False)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    try:
        from distributed import Client, KilledWorker
        from distributed.comm import CommClosedError
    except ModuleNotFoundError:
        raise WorkersError(
            "a Dask cluster needs an extra package: pip install 'ailock-sdk[eval]'"
        ) from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise WorkersError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        count = sum(client.nthreads().values())
        if not count:
            raise WorkersError(f"the Dask scheduler at {address} has no worker: start some")

        def submit(work: Callable[[Any], Any], task: Any) -> Future:
            # Photos travel with the task, so that it can move when a worker is lost.
            future: Future = client.submit(work, task, pure=False)
            return future

        try:
            yield Workers(submit, count, remote=True)
        except (CommClosedError, KilledWorker, CancelledError) as error:
            raise WorkersError(
                f"the Dask cluster at {address} was lost ({error}): run again, done work is kept"
            ) from None
