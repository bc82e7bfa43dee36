"""One job at a time, over processes: a race of two, and a kill in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.training_schedule import Entry, TrainingSchedule
from tests.waiting import wait_for

TURN = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud import training_schedule
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.training_rounds import Made, take_turn
from cloud.training_schedule import Learnt, TrainingSchedule
from cloud.triggers import Signal

home, works_s = Path(sys.argv[1]), float(sys.argv[2])
training_schedule.LEASE, training_schedule.RENEW_S = timedelta(seconds=1.5), 0.3


class Desk:
    def look(self, memory, learnt):
        return [Signal(trigger="age", cohort="fleet", subject="", value=8.0, words="old")], 0

    def train(self, job):
        with (home / "diary").open("a") as diary:
            diary.write(f"{job.job_id} {job.attempt}\\n")
        time.sleep(works_s)
        return Made("v2", "promoted", Learnt(data_end=datetime.now(UTC), hours=1))


store = SqliteStateStore(home / "state.sqlite")
print("up", flush=True)
sys.stdin.readline()
print(take_turn(TrainingSchedule(store, lambda: datetime.now(UTC)), Desk()) is not None, flush=True)
"""
"""Takes its turn when it is told to, with a job that takes as long as it is told."""

Begin = Callable[[float], "subprocess.Popen[str]"]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    processes: list[subprocess.Popen[str]] = []

    def start(works_s: float) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", TURN, str(tmp_path), str(works_s)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=Path.cwd())
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def took_turn(process: "subprocess.Popen[str]") -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "True\n"


def diary(home: Path) -> list[str]:
    path = home / "diary"
    return path.read_text().splitlines() if path.exists() else []


def journal(home: Path) -> list[Entry]:
    with closing(SqliteStateStore(home / "state.sqlite")) as store:
        return TrainingSchedule(store, lambda: datetime.now(UTC)).journal()


def test_of_two_processes_one_does_the_job_however_long_it_takes(begin: Begin, tmp_path: Path) -> None:
    first, second = begin(3.0), begin(3.0)  # twice as long as a lease that nobody renews

    go(first)
    go(second)
    turns = [took_turn(first), took_turn(second)]
    late = begin(0.0)
    go(late)

    assert sorted(turns) == [False, True]
    assert not took_turn(late)  # done, and not due again
    assert len(diary(tmp_path)) == 1


def test_killed_in_the_middle_the_same_job_is_done_again_once(begin: Begin, tmp_path: Path) -> None:
    mortal, early, late = begin(60.0), begin(0.0), begin(0.0)
    go(mortal)
    wait_for(lambda: diary(tmp_path))

    os.kill(mortal.pid, signal.SIGKILL)
    mortal.wait()
    go(early)
    assert not took_turn(early)  # its lease lives a little longer
    time.sleep(1.6)
    go(late)

    assert took_turn(late)
    (job_id, first), (same, second) = (line.split() for line in diary(tmp_path))
    assert (job_id, first, second) == (same, "1", "2")
    assert [entry.outcome for entry in journal(tmp_path)] == ["begun", "begun again: attempt 2", "promoted"]
