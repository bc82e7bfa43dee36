"""Work spread over processes that share nothing: each does its tasks and tells what it has done."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from infra.local.sim_plan import SimulationError

_Done = TypeVar("_Done")
Task = Callable[..., Iterator[_Done]]

STOP_TIMEOUT_S = 5.0
"""A process that has not ended so long after SIGTERM is killed [s]."""


def spread(task: Task[_Done], arguments: Sequence[tuple[Any, ...]], processes: int) -> Iterator[_Done]:
    """Do `task` with each of `arguments`; gives what the tasks yield, in any order.

    With one process, everything is done in this one. Otherwise new ones are spawned (a fork would copy what
    this one's threads hold), and task `i` is done by process `i` modulo their number.

    Raises:
        SimulationError: A process failed; all have ended.
    """
    if processes == 1:
        for each in arguments:
            yield from task(*each)
        return
    workers = [_start(task, arguments[number::processes]) for number in range(min(processes, len(arguments)))]
    try:
        yield from _collect(workers)
    finally:
        for worker in workers:
            worker.end()


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a process says before it ends with an error."""

    text: str


@dataclass(frozen=True, slots=True)
class _Worker:
    process: BaseProcess
    answers: "Connection[Any, Any]"

    def end(self) -> None:
        self.process.terminate()
        self.process.join(STOP_TIMEOUT_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _start(task: Task[_Done], arguments: Sequence[tuple[Any, ...]]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, task, arguments), daemon=True)
    process.start()
    theirs.close()  # or we would never hear that it has ended
    return _Worker(process, ours)


def _work(answers: "Connection[Any, Any]", task: Task[_Done], arguments: Sequence[tuple[Any, ...]]) -> None:
    """The life of a process; one whose parent is gone ends at its next answer."""
    with suppress(BrokenPipeError, KeyboardInterrupt):
        try:
            for each in arguments:
                for done in task(*each):
                    answers.send(done)
        except Exception as error:  # noqa: BLE001 (the outermost loop of a process: its parent raises it)
            answers.send(_Failure(f"{type(error).__name__}: {error}"))


def _collect(workers: Sequence[_Worker]) -> Iterator[Any]:
    running = list(workers)
    while running:
        ready = wait([worker.answers for worker in running])
        for worker in [each for each in running if each.answers in ready]:
            try:
                done = worker.answers.recv()
            except EOFError:
                running.remove(worker)
                worker.process.join(STOP_TIMEOUT_S)
                if worker.process.exitcode:
                    raise SimulationError(f"a process ended with {worker.process.exitcode}") from None
                continue
            if isinstance(done, _Failure):
                raise SimulationError(done.text)
            yield done
