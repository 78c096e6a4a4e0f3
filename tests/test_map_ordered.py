"""Promises of `ragkit.concurrency`."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ragkit.concurrency import map_ordered


def nothing() -> None:
    """What is done afterwards, where that is not the point."""


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(count: int, at_once: int) -> None:
    doubled = map_ordered(
        lambda number: number * 2, range(count), at_once=at_once, afterwards=nothing
    )
    assert list(doubled) == [number * 2 for number in range(count)]


def test_a_later_call_runs_while_an_earlier_one_is_under_way() -> None:
    started = threading.Event()

    def call(item: str) -> str:
        if item == "first":
            assert started.wait(10), "the second call never began"
        else:
            started.set()
        return item

    assert list(map_ordered(call, ["first", "second"], at_once=2, afterwards=nothing)) == [
        "first",
        "second",
    ]


def test_items_are_drawn_no_further_ahead_than_one_call_waits() -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            yield number

    results = map_ordered(lambda number: number, items(), at_once=2, afterwards=nothing)
    assert next(results) == 0
    assert len(drawn) == 3
    results.close()


def test_an_error_is_raised_in_its_place() -> None:
    def call(number: int) -> int:
        if number == 2:
            raise LookupError("the third")
        return number

    results = map_ordered(call, range(5), at_once=2, afterwards=nothing)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="the third"):
        next(results)
    assert list(results) == []


def test_closing_does_not_wait_for_calls_under_way_but_what_comes_afterwards_does() -> None:
    blocked, done = threading.Event(), threading.Event()
    results = map_ordered(
        lambda item: item or blocked.wait(), [1, 0, 0], at_once=2, afterwards=done.set
    )
    assert next(results) == 1
    results.close()
    assert not done.is_set()
    blocked.set()
    assert done.wait(10)


@pytest.mark.parametrize("count", [0, 1, 10])
def test_when_all_results_are_there_what_comes_afterwards_is_done(count: int) -> None:
    done: list[bool] = []
    results = map_ordered(abs, range(count), at_once=2, afterwards=lambda: done.append(True))
    assert list(results) == list(range(count))
    assert done == [True]
