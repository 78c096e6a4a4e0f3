"""Work on a Ray cluster: plain tasks, each of which may run more than once and counts once.

No actors: tasks go wherever a node is left. Where a task is late, as one on a frozen node is,
another copy of it is sent, to one node after another of those that have delivered something since;
the first result of all is taken. From then on new tasks are asked of such nodes, too: a request
that a frozen node never answers holds up all others that Ray places as it likes.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragkit.errors import LoadError, RagkitError, missing_library

STOPPED = "the work was stopped"

_TASKS_PER_SLOT = 2  # one to work on, one to go on with
_POLL_SECONDS = 0.5
_CONNECT_SECONDS = 5.0
_RETRIES = 2  # Ray's own, after a worker or a node has died
_LATE_SECONDS = 15.0
_MOST_COPIES = 5
_WARY_SECONDS = 300.0  # after a task was late
_LATE_FACTOR = 5.0  # times as long as tasks usually take
_CONNECT_HELP = (
    "no Ray cluster can be reached at {address} ({error}). Is it running, and does this machine "
    "belong to it? Newer versions of Ray ask for a token: start every node and this command with "
    "the same RAY_AUTH_MODE (token or disabled) and the same ~/.ray/auth_token"
)


@dataclass(slots=True)
class _Flight:
    """A task that is under way: its copies, and when the first and the last of them were sent."""

    number: int
    task: Any
    references: list[Any] = field(default_factory=list)
    began: float = 0.0
    sent: float = 0.0


class RayEngine:
    """An `Engine` on a Ray cluster; models run there, too.

    `address`: of the cluster ("auto" for the one this machine belongs to); None means RAY_ADDRESS,
    else a Ray of its own on this machine's cores. A task takes `cpus_per_task` and
    `gpus_per_task` of a node. `late_seconds`: a task that takes that long, and much longer than
    others did, gets another copy.

    Raises `RagkitError` from `imap` when Ray is not installed or no cluster answers.
    """

    embeds = True

    def __init__(
        self,
        address: str | None = None,
        *,
        cpus_per_task: float = 1,
        gpus_per_task: float = 0,
        late_seconds: float = _LATE_SECONDS,
    ) -> None:
        if cpus_per_task < 0 or gpus_per_task < 0 or cpus_per_task + gpus_per_task <= 0:
            raise ValueError("a task takes some of a CPU or of a GPU")
        self._address = address or os.environ.get("RAY_ADDRESS") or None
        self._cpus, self._gpus = cpus_per_task, gpus_per_task
        self._late_seconds = late_seconds
        self._lock = threading.Lock()
        self._stops: list[threading.Event] = []  # one for each `imap` in progress
        self._heard: dict[str, float] = {}  # when a node last delivered something
        self._alarm = -_WARY_SECONDS  # when a task was last late

    @property
    def slots(self) -> int:
        """How many tasks the cluster can work on at a time; at least 1."""
        resources = self._ray().cluster_resources()
        by_cpu = resources.get("CPU", 0) / self._cpus if self._cpus else float("inf")
        by_gpu = resources.get("GPU", 0) / self._gpus if self._gpus else float("inf")
        return max(1, int(min(by_cpu, by_gpu)))

    def imap(
        self, fn: Callable[[Any], Any], tasks: Iterable[Any]
    ) -> Iterator[tuple[int, Any | Exception]]:
        """(index, result or exception) of each task, in the order they end. Each index once,
        though its task may run more often; about two tasks a slot are under way."""
        ray = self._ray()
        stopped = threading.Event()
        with self._lock:
            self._stops.append(stopped)
        numbered = iter(enumerate(tasks))
        # max_calls=0: else Ray ends a worker after every task with a GPU, and with it its model.
        call = ray.remote(max_calls=0)(_call)
        function = ray.put(fn)
        flights: dict[Any, _Flight] = {}  # by each of its references
        taken: list[float] = []
        try:
            while True:
                room = _TASKS_PER_SLOT * self.slots - len({f.number for f in flights.values()})
                for _ in range(room):
                    numbered_task = next(numbered, None)
                    if numbered_task is None:
                        break
                    self._send(call, function, _Flight(*numbered_task), flights)
                if not flights:
                    return
                done, _ = ray.wait(list(flights), num_returns=1, timeout=_POLL_SECONDS)
                if stopped.is_set():
                    raise RagkitError(STOPPED)
                for reference in done:
                    flight = flights.pop(reference, None)
                    if flight is None:
                        continue  # the other copy was faster, in this same round
                    self._forget(ray, flight, flights)
                    taken.append(time.monotonic() - flight.sent)
                    node, result = _result(ray, reference)
                    if node:
                        self._heard[node] = time.monotonic()
                    yield flight.number, result
                for flight in self._late(flights, taken):
                    self._alarm = time.monotonic()
                    self._send(call, function, flight, flights)
        finally:
            with self._lock:
                self._stops.remove(stopped)
            for reference in flights:
                with contextlib.suppress(Exception):  # a cluster that is gone has stopped already
                    ray.cancel(reference, force=True)

    def stop(self) -> None:
        """Ends every `imap` in progress, from any thread; their iterators raise `RagkitError`."""
        with self._lock:
            for stopped in self._stops:
                stopped.set()

    def _send(self, call: Any, function: Any, flight: _Flight, flights: dict[Any, _Flight]) -> None:
        run = call.options(
            num_cpus=self._cpus,
            num_gpus=self._gpus,
            max_retries=_RETRIES,
            scheduling_strategy=self._where(self._ray(), flight),
        )
        reference = run.remote(function, flight.task)
        flight.references.append(reference)
        flight.sent = time.monotonic()
        flight.began = flight.began or flight.sent
        flights[reference] = flight

    def _where(self, ray: Any, flight: _Flight) -> Any:
        """Anywhere, as long as no task was late. Then on one after another of the nodes that have
        delivered something since the first copy was sent, or of late, and asked of that node
        itself; on any node if none has."""
        now = time.monotonic()
        if not flight.references and now - self._alarm > _WARY_SECONDS:
            return "SPREAD"
        since = flight.began or now - 2 * self._late_seconds
        alive = sorted(node["NodeID"] for node in ray.nodes() if node["Alive"])
        awake = [node for node in alive if self._heard.get(node, 0.0) > since] or alive
        if not awake:
            return "SPREAD"
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        turn = (flight.number + len(flight.references)) % len(awake)
        return NodeAffinitySchedulingStrategy(awake[turn], soft=True)

    @staticmethod
    def _forget(ray: Any, flight: _Flight, flights: dict[Any, _Flight]) -> None:
        for other in flight.references:
            if flights.pop(other, None) is not None:
                with contextlib.suppress(Exception):  # it may have ended, or its node is gone
                    ray.cancel(other, force=True)

    def _late(self, flights: dict[Any, _Flight], taken: list[float]) -> list[_Flight]:
        """Flights that are overdue, all the more so the more copies of them there are."""
        usual = statistics.median(taken[-64:]) if taken else 0.0
        limit = max(self._late_seconds, _LATE_FACTOR * usual)
        now = time.monotonic()
        under_way = {flight.number: flight for flight in flights.values()}
        return [
            flight
            for flight in under_way.values()
            if len(flight.references) < _MOST_COPIES
            and now - flight.sent > limit * len(flight.references)
        ]

    def _ray(self) -> Any:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        try:
            import ray
        except ImportError as error:
            raise RagkitError(missing_library("--engine ray", "ray>=2.55,<3")) from error
        if not ray.is_initialized():
            _connect(ray, self._address)
        return ray


def _connect(ray: Any, address: str | None) -> None:
    where = address or "this machine"
    if address and re.fullmatch(r"[^/]+:\d+", address):
        host, _, port = address.rpartition(":")
        try:  # Ray itself would try for minutes
            socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
        except OSError as error:
            raise RagkitError(_CONNECT_HELP.format(address=where, error=error)) from error
    package = str(Path(__file__).parents[1])
    local = {} if address else {"_node_ip_address": "127.0.0.1", "include_dashboard": False}
    try:
        ray.init(
            address=address or "local",
            runtime_env={"py_modules": [package], "env_vars": {"OMP_NUM_THREADS": "1"}},
            logging_level="error",
            log_to_driver=False,
            **local,
        )
    except Exception as error:  # connecting fails in many ways, all without a type of their own
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise RagkitError(
            _CONNECT_HELP.format(address=address or "this machine", error=said)
        ) from (error)


def _call(fn: Callable[[Any], Any], task: Any) -> tuple[str, Any]:
    """What a worker does: its node, and the result. Errors are results: Ray would wrap them in
    classes of its own."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    try:
        return node, fn(task)
    except Exception as error:  # noqa: BLE001 - handed to the caller
        return node, error


def _result(ray: Any, reference: Any) -> tuple[str, Any]:
    """What `_call` gave; "" for a node that gave nothing."""
    try:
        found: tuple[str, Any] = ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # the task could not even be begun there
        return "", RagkitError(f"a worker cannot do this: {_last_line(error)}")
    except ray.exceptions.RayError as error:
        return "", LoadError(f"its worker died ({_last_line(error)})")
    return found


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].strip()[:200]
