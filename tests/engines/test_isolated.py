from __future__ import annotations

import os
import signal
import time

import pytest

from ragkit.engines.isolated import IsolatedCallError, IsolatedFunction


def test_calls_happen_in_one_other_process() -> None:
    isolated = IsolatedFunction(divmod_with_process, 2**30)
    with isolated as call:
        first, second = call((7, 2), 30.0), call((9, 4), 30.0)
    assert first[1:] == (3, 1)
    assert second[1:] == (2, 1)
    assert first[0] == second[0] != os.getpid()
    isolated.close()


def test_what_the_function_raises_is_raised_here() -> None:
    isolated = IsolatedFunction(divmod_with_process, 2**30)
    with isolated as call, pytest.raises(ZeroDivisionError):
        call((1, 0), 30.0)
    isolated.close()


def test_a_death_costs_one_call() -> None:
    isolated = IsolatedFunction(kill_itself, 2**30)
    with isolated as call:
        with pytest.raises(IsolatedCallError, match="signal 9"):
            call(True, 30.0)
        assert call(False, 30.0) == "alive"
    isolated.close()


def test_a_call_that_takes_too_long_is_given_up() -> None:
    isolated = IsolatedFunction(time.sleep, 2**30)
    with isolated as call:
        with pytest.raises(IsolatedCallError, match="longer than"):
            call(3600, 0.2)
        assert call(0, 30.0) is None
    isolated.close()


def divmod_with_process(numbers: tuple[int, int]) -> tuple[int, int, int]:
    return os.getpid(), *divmod(*numbers)


def kill_itself(dies: bool) -> str:
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"
