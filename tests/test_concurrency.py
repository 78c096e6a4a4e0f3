from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ragkit.concurrency import BackgroundWriter, prefetch


def test_items_arrive_in_order_and_few_are_drawn_ahead() -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for n in range(100):
            drawn.append(n)
            yield n

    stream = prefetch(items(), 3)
    assert next(stream) == 0
    assert len(drawn) <= 6
    assert list(stream) == list(range(1, 100))


def test_what_drawing_raises_is_raised_to_the_caller() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("disk")

    stream = prefetch(items(), 2)
    assert next(stream) == 1
    with pytest.raises(OSError, match="disk"):
        next(stream)


def test_closing_closes_the_items_in_their_own_thread() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            n = 0
            while True:
                yield n
                n += 1
        finally:
            closed.set()

    stream = prefetch(items(), 2)
    next(stream)
    stream.close()
    assert closed.is_set()


def test_jobs_run_in_order_and_all_are_done_when_finished() -> None:
    done: list[int] = []
    behind = BackgroundWriter()
    for n in range(20):
        behind.submit(lambda n=n: done.append(n))  # type: ignore[misc]
    behind.finish()
    assert done == list(range(20))


def test_an_error_of_a_job_stops_the_ones_behind_it() -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError("disk full")

    def submit_more(behind: BackgroundWriter) -> None:
        for n in range(5):
            behind.submit(lambda n=n: done.append(n))  # type: ignore[misc]
        behind.finish()

    behind = BackgroundWriter()
    behind.submit(fail)
    with pytest.raises(OSError, match="disk full"):
        submit_more(behind)
    assert done == []


def test_leaving_waits_no_longer_than_asked() -> None:
    release = threading.Event()
    late: list[int] = []
    behind = BackgroundWriter()
    behind.submit(lambda: release.wait(30))  # type: ignore[arg-type,return-value]
    behind.drain(lambda: late.append(1), 0.2)
    assert late == []
    release.set()


def test_leaving_does_a_last_job_when_there_is_time() -> None:
    done: list[int] = []
    behind = BackgroundWriter()
    behind.drain(lambda: done.append(1), 10)
    assert done == [1]
