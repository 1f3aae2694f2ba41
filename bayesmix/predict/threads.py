"""Independent pieces of work on all cores, their results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

LONG = 5000
"""Pieces from which on a progress bar is shown."""


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order[Item, Result](
    function: Callable[[Item], Result], items: Sequence[Item], what: str = "Predicting"
) -> Iterator[Result]:
    """The results of a function, in the order of the items; only a few are ever waiting.

    numpy lets go of the interpreter while it computes, so that threads help.

    Parameters
    ----------
    function : callable
    items : sequence
    what : str
        What the progress bar says.
    """
    workers = min(cores(), len(items))
    results = map(function, items) if workers < 2 else _threaded(function, items, workers)
    return results if len(items) < LONG else _tracked(results, len(items), what)


def _threaded[Item, Result](
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    with _one_thread_each(), ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _one_thread_each() -> AbstractContextManager[Any]:
    """Matrix products of a thread stay in it: BLAS's own would wait for each other's cores."""
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _tracked[Result](results: Iterable[Result], total: int, what: str) -> Iterator[Result]:
    from rich.progress import track

    yield from track(results, what, total, transient=True)
