"""Work shared between the calling thread and helpers, on whatever cores happen to be free."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")


_to_renew: WeakSet[Any] = WeakSet()


def renew_after_fork(holder: Any) -> None:
    """Call ``holder.renew()`` in every forked process, as long as there is ``holder``.

    It makes anew what such a process does not have, threads, or can never take, locks.
    """
    _to_renew.add(holder)


def _renew_all() -> None:
    for holder in list(_to_renew):
        holder.renew()


os.register_at_fork(after_in_child=_renew_all)


class ForkLock:
    """A lock for ``with``; in a forked process it is free, whichever thread held it before."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """A new lock in place of one that nobody would give back."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Ahead(Generic[Result]):
    """What ``work`` returns, which a thread begins to do now."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._thread = threading.Thread(target=self._do, name="ahead")
        self._thread.start()

    def _do(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error

    def result(self) -> Result:
        """Wait for it; what ``work`` raised is raised here. To be called once."""
        self._thread.join()
        if hasattr(self, "_error"):
            raise self._error
        if not hasattr(self, "_result"):  # in a forked process, which has not the thread
            return self._work()
        result = self._result
        del self._result  # the caller's alone from now on
        return result


class Workers:
    """A calling thread and its helpers, which take the next item whenever they have none.

    For work that releases the interpreter lock. On a busy machine a helper may get no core for
    longer than the work takes; the calling thread has then done it alone, and waits for none that
    has not begun.

    Parameters
    ----------
    threads : int
        At work at once, the calling one included, at least 1.
    name : str
        Of the helpers' threads.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads = threads
        self._name = name
        self._pool: ThreadPoolExecutor | None = None
        renew_after_fork(self)

    def _begin(self, work: Callable[[], object]) -> Future[object]:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # who works alone needs none

            self._pool = ThreadPoolExecutor(max(1, self._threads - 1), self._name)
        return self._pool.submit(work)

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        prepare: Callable[[], object] = lambda: None,
    ) -> list[Result]:
        """What ``function`` gives of each item, in order; each helper begins with ``prepare()``.

        What they raise is raised here, once nobody is at work any more; no further item is begun.
        """
        results: dict[int, Result] = {}
        left = deque(enumerate(items))

        def help_out() -> None:
            prepare()
            work()

        def work() -> None:
            try:
                while True:
                    try:
                        index, item = left.popleft()
                    except IndexError:
                        return
                    results[index] = function(item)
            except BaseException:
                left.clear()
                raise

        helpers = [self._begin(help_out) for _ in range(min(self._threads, len(items)) - 1)]
        try:
            work()
        finally:
            # What raises here too is raised below, unless the caller's own work failed first.
            begun = [helper for helper in helpers if not helper.cancel()]
            for helper in begun:
                helper.exception()
        for helper in begun:
            helper.result()
        return [results[index] for index in range(len(items))]

    def close(self) -> None:
        """Let the helpers end, once nobody is at work; more work brings new ones."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def renew(self) -> None:
        """Forget the helpers, which a forked process does not have."""
        self._pool = None
