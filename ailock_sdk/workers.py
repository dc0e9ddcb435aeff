"""Work shared between the calling thread and helpers, on whatever cores happen to be free."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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
        self._helpers = ThreadPoolExecutor(max(1, threads - 1), thread_name_prefix=name)

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """What ``function`` gives of each item, in order.

        What it raises is raised here, once nobody is at work any more; no further item is begun.
        """
        results: dict[int, Result] = {}
        left = deque(enumerate(items))

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

        helpers = [self._helpers.submit(work) for _ in range(min(self._threads, len(items)) - 1)]
        try:
            work()
        finally:
            begun = [helper for helper in helpers if not helper.cancel()]
            wait(begun)
        for helper in begun:
            helper.result()
        return [results[index] for index in range(len(items))]
