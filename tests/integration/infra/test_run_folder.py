"""Who runs on a data directory, and what is left when its supervisor is killed; with real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from infra.local import run_folder
from infra.local.errors import AlreadyRunningError, LeftoverError
from infra.local.run_folder import RunFolder

if TYPE_CHECKING:
    from tests.integration.infra.conftest import Household

SUPERVISOR = """
import sys
from pathlib import Path
from infra.local.run_folder import RunFolder
from infra.local.supervisor import Supervisor, Worker

home, *names = Path(sys.argv[1]), *sys.argv[2:]
workers = [
    Worker(
        name,
        ("tiny", str(home), name),
        {"PYTHONPATH": str(home)},
        home / f"{name}.ready",
        home / f"{name}.log",
    )
    for name in names
]
run = RunFolder(home)
run.claim()
supervisor = Supervisor(workers, run)
supervisor.start()
print("serving", flush=True)
supervisor.wait()
"""
"""A supervisor in a process of its own, which can be killed."""

Supervised = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def supervised(household: "Household") -> Iterator[Supervised]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(**modes: str) -> subprocess.Popen[bytes]:
        for name, mode in modes.items():
            household.worker(name, mode)
        command = [sys.executable, "-c", SUPERVISOR, str(household.home), *modes]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        output = processes[-1].stdout
        assert output is not None
        assert output.readline() == b"serving\n"
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
    for left in _left_running(household.home):
        left.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    folder = RunFolder(tmp_path)
    yield folder
    folder.release()


def _left_running(home: Path) -> list[psutil.Process]:
    """The processes that are noted, and run."""
    found = []
    for path in (home / "run").glob("*.pid"):
        try:
            found.append(psutil.Process(json.loads(path.read_text())["pid"]))
        except (psutil.NoSuchProcess, ValueError):
            continue
    return found


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_what_a_killed_supervisor_left_running_is_ended_in_reverse_order(
    household: "Household", supervised: Supervised, folder: RunFolder
) -> None:
    _kill(supervised(broker="serve", ingest="serve", api="serve"))
    left = _left_running(household.home)
    assert len(left) == 3
    assert all(process.is_running() for process in left)

    folder.claim()

    assert household.diary()[3:] == ["ended api", "ended ingest", "ended broker"]
    assert psutil.wait_procs(left, timeout=5)[1] == []
    assert _left_running(household.home) == []


def test_what_was_started_again_before_the_kill_is_ended_too(
    household: "Household", supervised: Supervised, folder: RunFolder
) -> None:
    process = supervised(ingest="serve")
    (first,) = _left_running(household.home)
    first.kill()
    deadline = time.monotonic() + 60.0
    while [each.pid for each in _left_running(household.home)] in ([], [first.pid]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    _kill(process)
    (second,) = _left_running(household.home)
    assert second.pid != first.pid

    folder.claim()

    assert psutil.wait_procs([second], timeout=5)[1] == []


def test_what_does_not_listen_is_killed(
    household: "Household", supervised: Supervised, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "STOP_TIMEOUT_S", 0.5)
    _kill(supervised(ingest="deaf"))
    left = _left_running(household.home)

    folder.claim()

    assert psutil.wait_procs(left, timeout=5)[1] == []


def test_nobody_runs_beside_a_supervisor_that_lives(
    household: "Household", supervised: Supervised, folder: RunFolder
) -> None:
    process = supervised(ingest="serve")

    with pytest.raises(AlreadyRunningError) as refusal:
        folder.claim()

    said = f"another ac-advisor (pid {process.pid}) runs on {household.home}"
    assert str(refusal.value) == f"{said}: stop it, or choose another with --data-dir"
    assert all(worker.is_running() for worker in _left_running(household.home))
    assert household.diary() == ["began ingest"]


def test_one_follows_the_other_when_it_has_released_the_folder(tmp_path: Path) -> None:
    first, second = RunFolder(tmp_path), RunFolder(tmp_path)
    first.claim()
    with pytest.raises(AlreadyRunningError, match=f"pid {os.getpid()}"):
        second.claim()
    second.release()  # it holds nothing

    with pytest.raises(AlreadyRunningError):
        second.claim()
    first.release()

    second.claim()
    second.release()


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_a_process_that_got_the_id_later_is_left_alone(
    folder: RunFolder, tmp_path: Path, stranger: psutil.Process
) -> None:
    folder.record("ingest", stranger.pid, 0)
    path = tmp_path / "run" / "ingest.pid"
    noted = json.loads(path.read_text())
    path.write_text(json.dumps({**noted, "created_at_s": noted["created_at_s"] - 3600.0}))

    folder.claim()

    assert stranger.status() != psutil.STATUS_ZOMBIE
    assert not path.exists()


def test_the_very_process_is_ended(folder: RunFolder, stranger: psutil.Process) -> None:
    """The twin of the test above: with the right time of creation it is the one that is meant."""
    folder.record("ingest", stranger.pid, 0)

    folder.claim()

    assert stranger.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_note_that_a_power_cut_left_unfinished_is_passed_over(
    folder: RunFolder, tmp_path: Path, text: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "ingest.pid").write_text(text)

    folder.claim()

    assert list((tmp_path / "run").glob("*.pid")) == []


def test_a_leftover_that_may_not_be_ended_is_one_clear_line(
    folder: RunFolder, stranger: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "terminate", refuse)
    folder.record("ingest", stranger.pid, 0)

    with pytest.raises(LeftoverError, match=f"ingest \\(pid {stranger.pid}\\) still runs"):
        folder.claim()
