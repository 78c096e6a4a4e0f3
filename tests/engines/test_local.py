"""The engine of this machine: what each task yields, and what is left behind (nothing)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkit.engines.local import LocalEngine
from ragkit.errors import LoadError, RagkitError
from tests.engines import work

not_windows = pytest.mark.skipif(os.name == "nt", reason="needs POSIX processes")
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
ROOT = Path(__file__).parents[2]

# How a task is done: in this thread, where the engine sees fit, in processes.
PLACES = [pytest.param(0, id="here"), pytest.param(None, id="auto"), pytest.param(2, id="workers")]


def results(engine: LocalEngine, fn: Any, tasks: Any) -> dict[int, Any]:
    found = list(engine.imap(fn, tasks))
    assert len({index for index, _ in found}) == len(found)
    return dict(found)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        threading.Event().wait(0.01)


@pytest.mark.parametrize("workers", PLACES)
@pytest.mark.parametrize("count", [0, 1, 25])
def test_every_task_has_its_result_once(workers: int | None, count: int) -> None:
    assert results(LocalEngine(workers), work.double, range(count)) == {
        n: n * 2 for n in range(count)
    }


@settings(max_examples=4)
@given(tasks=st.lists(st.integers(), max_size=40), workers=st.integers(0, 3))
def test_the_place_makes_no_difference(tasks: list[int], workers: int) -> None:
    found = results(LocalEngine(workers), work.fail_on_odd, tasks)
    assert sorted(found) == list(range(len(tasks)))
    for index, number in enumerate(tasks):
        if number % 2:
            assert isinstance(found[index], LoadError)
            assert (str(found[index]), found[index].outcome) == (f"{number} is odd", "skipped")
        else:
            assert found[index] == number


@pytest.mark.parametrize("workers", PLACES)
def test_a_task_that_exits_is_an_error_of_its_own(workers: int | None) -> None:
    found = results(LocalEngine(workers), work.behave, ["a", "sys.exit", "b"])
    assert (found[0], found[2]) == ("a", "b")
    assert str(found[1]) == "SystemExit: 4"


@not_windows
@pytest.mark.parametrize(
    ("how", "text"),
    [
        pytest.param("segfault", "its worker died (signal 11)", id="segfault"),
        pytest.param("exit", "its worker died (exit code 3)", id="exit"),
        pytest.param("hang", "took longer than 1 s", id="hang"),
        pytest.param("hang in C", "took longer than 1 s", id="hang in C"),
        pytest.param("memory", "needed more than 1 GB of memory", id="memory", marks=only_linux),
    ],
)
def test_a_worker_that_is_lost_costs_one_task(how: str, text: str) -> None:
    engine = LocalEngine(2, task_seconds=1, memory_bytes=2**30)
    tasks = ["a", how, "b", "c", "d", how, "e"]
    found = results(engine, work.behave, tasks)
    for index, task in enumerate(tasks):
        if task == how:
            assert isinstance(found[index], LoadError)
            assert (str(found[index]), found[index].outcome) == (text, "failed")
        else:
            assert found[index] == task


@only_linux
def test_memory_that_earlier_tasks_left_is_not_blamed_on_a_task() -> None:
    engine = LocalEngine(1, memory_bytes=2**30)
    found = results(engine, work.Hoard(), [300 * 2**20] * 7 + [2**30])
    assert all(isinstance(found[index], int) for index in range(7))
    assert str(found[7]) == "needed more than 1 GB of memory"


@pytest.mark.parametrize("how", ["hang", "swallow"])
def test_a_task_that_hangs_here_is_given_up(how: str) -> None:
    engine = LocalEngine(0, task_seconds=0.3)
    found = results(engine, work.behave, ["a", how, "b"])
    assert (found[0], str(found[1]), found[2]) == ("a", "took longer than 0.3 s", "b")


def test_a_task_that_hangs_is_moved_to_a_worker_that_is_killed() -> None:
    engine = LocalEngine(task_seconds=3)
    found = results(engine, work.behave, ["a", "hang", "b"])
    assert (found[0], str(found[1]), found[2]) == ("a", "took longer than 3 s", "b")


def test_little_work_is_done_in_this_process() -> None:
    assert set(results(LocalEngine(), work.process, range(500)).values()) == {os.getpid()}


def test_much_work_moves_to_workers() -> None:
    pids = results(LocalEngine(), work.spin, [0.1] * 40)
    assert pids[0] == os.getpid()
    assert os.getpid() not in list(pids.values())[-10:]


def test_workers_that_are_asked_for_begin_at_once() -> None:
    assert os.getpid() not in results(LocalEngine(1), work.process, [0]).values()


@pytest.mark.parametrize("workers", PLACES)
def test_tasks_are_pulled_only_as_needed(workers: int | None) -> None:
    pulled = 0

    def tasks() -> Iterator[int]:
        nonlocal pulled
        for number in range(1000):
            pulled += 1
            yield number

    found = LocalEngine(workers).imap(work.double, tasks())
    for done, _ in enumerate(found, start=1):
        assert pulled <= done + 4
        if done == 100:
            break
    found.close()
    assert pulled <= 104


def test_an_error_of_the_task_source_reaches_the_caller() -> None:
    def tasks() -> Iterator[int]:
        yield 1
        raise RagkitError("no more")

    for workers in (0, 1):
        with pytest.raises(RagkitError, match="no more"):
            list(LocalEngine(workers).imap(work.double, tasks()))


def test_large_tasks_and_results_pass() -> None:
    engine = LocalEngine(2)
    size = 30_000_000
    assert set(map(len, results(engine, work.blob, [size] * 5).values())) == {size}
    assert set(results(engine, work.size_of, [bytes(size)] * 5).values()) == {size}


@pytest.mark.parametrize("workers", [None, 1])
def test_a_function_that_cannot_be_sent_is_called_here(
    workers: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert results(LocalEngine(workers), lambda n: n + 1, [1, 2]) == {0: 2, 1: 3}
    assert ("no worker processes" in caplog.text) == (workers == 1)


def test_a_function_that_workers_cannot_import_is_called_here(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    here_only = type(sys)("here_only")
    exec("def triple(n): return n * 3", here_only.__dict__)
    monkeypatch.setitem(sys.modules, "here_only", here_only)
    found = results(LocalEngine(2), here_only.triple, range(20))
    assert found == {n: n * 3 for n in range(20)}
    assert "No module named 'here_only'" in caplog.text


@not_windows
@pytest.mark.parametrize("interpreter", ["false", "no-such-program"])
def test_without_workers_the_work_is_done_here(
    interpreter: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", interpreter)
    assert results(LocalEngine(2), work.double, range(20)) == {n: n * 2 for n in range(20)}
    assert "no worker processes" in caplog.text


def test_what_cannot_be_pickled_fails_alone() -> None:
    engine = LocalEngine(1)
    found = results(engine, work.behave, ["a", work.UnreadableTask(), "unpicklable", "b"])
    assert (found[0], found[3]) == ("a", "b")
    assert isinstance(found[1], TypeError)
    assert isinstance(found[2], Exception)
    odd = results(engine, work.behave, ["odd error"])[0]
    assert (type(odd), str(odd)) == (RagkitError, "OddError: one two")


def test_a_task_that_prints_or_reads_does_not_disturb(capfd: pytest.CaptureFixture[str]) -> None:
    assert results(LocalEngine(1), work.behave, ["print", "a"]) == {0: "", 1: "a"}
    assert capfd.readouterr().out == ""


def test_workers_import_only_what_the_function_needs() -> None:
    modules = results(LocalEngine(1), work.loaded_modules, [0])[0]
    heavy = {"lancedb", "pyarrow", "numpy", "click", "pytest", "multiprocessing", "ctypes"}
    assert heavy & modules == set()


@only_linux
def test_closing_early_leaves_no_process_behind(tmp_path: Path) -> None:
    found = LocalEngine(2).imap(partial(told_or_doubled, str(tmp_path)), [1, None, None])
    assert next(found) == (0, 2)
    wait_until(lambda: len(list(tmp_path.iterdir())) == 4)
    began = time.monotonic()
    found.close()
    assert time.monotonic() - began < 1
    assert [pid.name for pid in tmp_path.iterdir() if is_alive(int(pid.name))] == []


def told_or_doubled(folder: str, number: int | None) -> int | None:
    return work.sleep_and_tell(folder) if number is None else work.double(number)


@pytest.mark.parametrize("workers", PLACES)
def test_another_thread_can_stop_the_work(workers: int | None) -> None:
    engine = LocalEngine(workers)
    found = engine.imap(work.behave, ["a", "hang", "hang", "b"])
    assert next(found)[1] == "a"
    timer = threading.Timer(0.3, engine.stop)
    timer.start()
    with pytest.raises(RagkitError, match="stopped"):
        list(found)
    timer.join()
    assert results(engine, work.double, [1]) == {0: 2}


SCRIPT = """
import sys
from ragkit.engines.local import LocalEngine
from tests.engines import work
print("begun", flush=True)
{body}
"""


def script(tmp_path: Path, body: str) -> subprocess.Popen[str]:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(body=body))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    body = "print(sorted(LocalEngine(2).imap(work.double, range(3))))"
    out, _ = script(tmp_path, body).communicate(timeout=60)
    assert out == "begun\n[(0, 0), (1, 2), (2, 4)]\n"


@only_linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(tmp_path: Path, how: signal.Signals) -> None:
    told = tmp_path / "told"
    told.mkdir()
    body = f"list(LocalEngine(2).imap(work.sleep_and_tell, [{str(told)!r}] * 2))"
    with script(tmp_path, body) as parent:
        wait_until(lambda: len(list(told.iterdir())) == 4)
        began = time.monotonic()
        parent.send_signal(how)
        parent.wait(5)
        wait_until(lambda: not any(is_alive(int(pid.name)) for pid in told.iterdir()), 2)
        assert time.monotonic() - began < 2


def test_a_slow_caller_is_not_taken_for_a_slow_task() -> None:
    engine = LocalEngine(2, task_seconds=1)
    done = []
    for index, result in engine.imap(work.double, range(12)):
        done.append((index, result))
        if len(done) == 1:
            work.spin(1.5)
    assert sorted(done) == [(n, n * 2) for n in range(12)]


@pytest.mark.parametrize("arguments", [{"workers": -1}, {"task_seconds": 0}])
def test_impossible_settings_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        LocalEngine(**arguments)


@only_linux
def test_waiting_for_a_busy_processor_does_not_count() -> None:
    # Four at once on one processor: each takes two seconds of the clock, half of one of its own.
    engine = LocalEngine(4, task_seconds=1.4)
    assert dict(engine.imap(work.burn_on_one_processor, [0.5] * 4)) == dict.fromkeys(range(4), 0.5)
