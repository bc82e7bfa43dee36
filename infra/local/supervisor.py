"""The supervisor: starts the processes of one machine in order, restarts what dies, stops all in reverse."""

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from typing_extensions import override

from infra.local.child import ChildProcess
from infra.local.errors import LocalError
from infra.local.restart_budget import PATIENCE, RestartBudget, RestartPolicy
from infra.local.run_folder import RunFolder

READY_TIMEOUT_S = 60.0
"""A worker that is not ready by then does not come up [s]."""

CHECK_INTERVAL_S = 0.25
"""How often the supervisor looks whether everybody lives [s]."""

log = structlog.get_logger()


class Worker(ChildProcess):
    """One Python process of ours.

    Args:
        name: What messages call it.
        module: What `python -m` runs, with its arguments.
        environment: Its environment variables, all of them.
        ready_path: The file that it writes when it can serve.
        log_path: Where what it says goes.
    """

    def __init__(
        self,
        name: str,
        module: Sequence[str],
        environment: Mapping[str, str],
        ready_path: Path,
        log_path: Path,
    ) -> None:
        super().__init__(name, log_path, READY_TIMEOUT_S)
        self._module = tuple(module)
        self._environment = environment
        self._ready_path = ready_path

    @override
    def launch(self) -> None:
        self._ready_path.unlink(missing_ok=True)
        self._spawn([sys.executable, "-m", *self._module], self._environment)

    @override
    def is_ready(self) -> bool:
        return self._ready_path.exists() and self.pid is not None


@dataclass(slots=True)
class _Care:
    """A process under care: running, coming up until a deadline, or waiting for its next attempt.

    Attributes:
        process: The process.
        place: In the order of the start.
        run: Where it is noted that it runs.
        budget: Its restarts.
        ready_by_s: When it has to serve, while it comes up [s].
        retry_at_s: When it is launched again, while it does not run [s].
    """

    process: ChildProcess
    place: int
    run: RunFolder
    budget: RestartBudget
    ready_by_s: float | None = None
    retry_at_s: float | None = None

    def start(self) -> None:
        """Start it for the first time and wait until it serves.

        Raises:
            LocalError: It does not come up.
        """
        self._launch()
        self.process.wait_until_ready()

    def tend(self, now_s: float) -> None:
        """Look after it once; never waits for it, so that the others are looked after meanwhile.

        Raises:
            ProcessFailedError: It had to be started again too often.
            BrokerMissingError: It cannot be started again.
        """
        if self.retry_at_s is not None:
            if now_s >= self.retry_at_s:
                self._relaunch(now_s)
        elif self.process.pid is None:
            self._plan_restart(now_s)
        elif self.ready_by_s is not None:
            self._follow_start(now_s, self.ready_by_s)

    def _follow_start(self, now_s: float, ready_by_s: float) -> None:
        if self.process.is_ready():
            self.ready_by_s = None
        elif now_s > ready_by_s:
            self.process.kill()
            self._plan_restart(now_s)

    def _plan_restart(self, now_s: float) -> None:
        process = self.process
        process.restarts += 1
        pause_s = self.budget.spend(now_s)
        if pause_s is None:
            raise process.failure()
        log.warning("process_died", process=process.name, restarts=process.restarts, pause_s=pause_s)
        self.retry_at_s = now_s + pause_s
        if not pause_s:
            self._relaunch(now_s)

    def _relaunch(self, now_s: float) -> None:
        self.retry_at_s, self.ready_by_s = None, now_s + self.process.ready_timeout_s
        try:
            self._launch()
        except OSError as error:  # a full disk, no memory: found dead at the next look, and tried again
            log.warning("process_not_launched", process=self.process.name, reason=str(error))

    def _launch(self) -> None:
        self.process.launch()
        pid = self.process.pid
        if pid is not None:
            self.run.record(self.process.name, pid, self.place)


class Supervisor:
    """Keeps processes running until told to stop.

    A process that dies, or does not come up when it is started again, is started once more, after a pause
    that grows; supervision ends only when that happens too often within a while (`RestartPolicy`).

    Args:
        processes: In the order of their start: the broker first, and ingest before anybody who publishes
            (PUBACK is durable only with it).
        run: Where it is noted what runs, for whoever comes after a crash.
        policy: When a process is given up.
        clock: A clock that never jumps [s].

    Attributes:
        failure: Why supervision has ended by itself.
        on_look: Called each time that everybody has been looked after.
    """

    def __init__(
        self,
        processes: Sequence[ChildProcess],
        run: RunFolder,
        policy: RestartPolicy = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failure: LocalError | None = None
        self.on_look: Callable[[], None] = _nothing
        self._clock = clock
        self._care = tuple(
            _Care(each, place, run, RestartBudget(policy)) for place, each in enumerate(processes)
        )
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Start each process in order, when the one before it serves.

        Raises:
            LocalError: Something does not come up; what was started is stopped again.
        """
        self._stopping.clear()
        try:
            for care in self._care:
                care.start()
        except BaseException:  # Ctrl-C too
            self.stop()
            raise
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def worker(self, name: str) -> ChildProcess:
        """A process by name."""
        return next(care.process for care in self._care if care.process.name == name)

    def stop(self) -> None:
        """Stop everything in reverse: devices' side first, the broker last."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        for care in reversed(self._care):
            care.process.stop()

    def require_running(self) -> None:
        """For those who wait for something that the processes do.

        Raises:
            LocalError: Something cannot be kept running, so that they would wait in vain.
        """
        if self.failure is not None:
            raise self.failure

    def wait(self) -> None:
        """Until something cannot be kept running.

        Raises:
            LocalError: What it is.
        """
        while True:
            self.require_running()
            time.sleep(CHECK_INTERVAL_S)

    def _watch(self) -> None:
        while not self._stopping.wait(CHECK_INTERVAL_S):
            try:
                for care in self._care:
                    care.tend(self._clock())
                self.on_look()
            except LocalError as error:
                self.failure = error
                log.error("supervision_ended", reason=str(error))  # noqa: TRY400 (one clear line)
                return


def _nothing() -> None:
    """Nobody wants to know."""
