"""The supervisor with real processes, tiny ones."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from infra.local.errors import LocalError, ProcessFailedError
from infra.local.restart_budget import RestartPolicy
from infra.local.supervisor import Supervisor, Worker
from tests.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.infra.conftest import Household

Supervise = Callable[..., Supervisor]


def _wait_until_restarted(worker: Worker, times: int) -> None:
    wait_for(lambda: worker.restarts == times and worker.is_ready())


def _wait_for_failure(supervisor: Supervisor) -> None:
    wait_for(lambda: supervisor.failure is not None)


def test_starts_in_order_and_stops_in_reverse(household: "Household", supervise: Supervise) -> None:
    supervisor = supervise([household.worker(name) for name in ("broker", "ingest", "api")])

    supervisor.start()
    supervisor.stop()

    began = ["began broker", "began ingest", "began api"]
    assert household.diary() == [*began, "ended api", "ended ingest", "ended broker"]


def test_what_was_stopped_starts_again(household: "Household", supervise: Supervise) -> None:
    worker = household.worker("ingest")
    supervisor = supervise([worker])
    supervisor.start()
    supervisor.stop()

    supervisor.start()
    worker.kill()

    _wait_until_restarted(worker, 1)


def test_what_does_not_come_up_at_first_is_one_clear_line(
    household: "Household", supervise: Supervise
) -> None:
    supervisor = supervise([household.worker("ingest"), household.worker("edge", "crash")])

    with pytest.raises(ProcessFailedError) as failure:
        supervisor.start()

    log = household.home / "edge.log"
    assert str(failure.value) == f"edge does not run: no room for the spool (its log is {log})"
    assert household.diary() == ["began ingest", "began edge", "ended ingest"]
    assert supervisor.worker("edge").restarts == 0


def test_a_worker_that_is_killed_is_started_again(household: "Household", supervise: Supervise) -> None:
    worker = household.worker("ingest")
    supervisor = supervise([worker])
    supervisor.start()
    before = worker.pid

    worker.kill()

    _wait_until_restarted(worker, 1)
    assert worker.pid not in (None, before)
    supervisor.require_running()


def test_a_worker_that_is_killed_while_it_starts_is_started_again(
    household: "Household", supervise: Supervise
) -> None:
    worker, other = household.worker("ingest"), household.worker("api")
    supervisor = supervise([worker, other])
    supervisor.start()
    household.tell("ingest", "hang")
    worker.kill()
    wait_for(lambda: household.starts("ingest") == 2)

    household.tell("ingest", "serve")
    worker.kill()

    wait_for(worker.is_ready)
    assert worker.restarts == 2
    supervisor.require_running()
    assert other.restarts == 0


def test_a_worker_that_is_not_ready_in_time_is_killed_and_tried_again(
    household: "Household", supervise: Supervise
) -> None:
    worker = household.worker("ingest")
    supervisor = supervise([worker])
    supervisor.start()
    household.tell("ingest", "hang")
    worker.ready_timeout_s = 2.0
    worker.kill()
    wait_for(lambda: household.starts("ingest") == 2)
    hung = worker.pid

    household.tell("ingest", "serve")
    worker.ready_timeout_s = 60.0

    wait_for(lambda: worker.restarts >= 2 and worker.is_ready())
    assert worker.pid != hung


def test_the_others_are_looked_after_while_one_is_slow_to_come_up(
    household: "Household", supervise: Supervise
) -> None:
    slow, other = household.worker("ingest"), household.worker("api")
    supervisor = supervise([slow, other])
    supervisor.start()
    household.tell("ingest", "hang")
    slow.kill()
    wait_for(lambda: household.starts("ingest") == 2)

    other.kill()

    _wait_until_restarted(other, 1)
    assert not slow.is_ready()
    assert slow.restarts == 1


def test_a_worker_that_always_crashes_ends_supervision_with_the_last_that_it_said(
    household: "Household", supervise: Supervise
) -> None:
    worker = household.worker("ingest")
    supervisor = supervise([worker], RestartPolicy(most=3, first_pause_s=0.01))
    supervisor.start()
    household.tell("ingest", "crash")
    worker.kill()

    _wait_for_failure(supervisor)

    with pytest.raises(LocalError, match="ingest does not run: no room for the spool"):
        supervisor.wait()
    with pytest.raises(LocalError, match="ingest does not run: no room for the spool"):
        supervisor.require_running()
    assert household.starts("ingest") == 1 + 3


def test_restarts_long_ago_are_forgotten(household: "Household", supervise: Supervise) -> None:
    worker = household.worker("ingest")
    now_s = [0.0]
    supervisor = supervise([worker], RestartPolicy(most=1, window_s=100.0), lambda: now_s[0])
    supervisor.start()
    for restart in range(1, 6):
        worker.kill()
        _wait_until_restarted(worker, restart)
        supervisor.require_running()
        now_s[0] += 101.0

    worker.kill()
    _wait_until_restarted(worker, 6)
    worker.kill()  # the second within the window

    _wait_for_failure(supervisor)


def test_a_launch_that_the_machine_refuses_is_tried_again(
    household: "Household", supervise: Supervise
) -> None:
    worker = household.worker("ingest")
    supervisor = supervise([worker], RestartPolicy(first_pause_s=0.05))
    supervisor.start()
    worker.log_path.unlink()
    worker.log_path.mkdir()  # nothing can be written there
    worker.kill()
    wait_for(lambda: worker.restarts >= 2)

    worker.log_path.rmdir()

    wait_for(worker.is_ready)
