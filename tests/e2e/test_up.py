"""`ac-advisor up` as it is run: killed, started again, and started twice."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.broker import free_ports
from infra.local.run_folder import RunFolder

NAMES = {"broker", "ingest", "shadow", "advisor", "edge", "api", "trainer"}

Up = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    web_port, mqtt_port = free_ports(2)
    return ["--data-dir", str(tmp_path), "--web-port", str(web_port), "--mqtt-port", str(mqtt_port)]


@pytest.fixture
def up(tmp_path: Path, places: list[str]) -> Iterator[Up]:
    started: list[subprocess.Popen[str]] = []
    heard = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # children of a `nohup` are deaf to it

    def start(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "infra.local", "up", *places, *options]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    signal.signal(signal.SIGHUP, heard)
    for process in started:
        process.terminate()
        process.communicate(timeout=60)
    run = RunFolder(tmp_path)  # what a test that failed has left
    run.claim()
    run.release()


def _wait_until_serving(process: subprocess.Popen[str], places: list[str]) -> set[int]:
    """Wait for the lines that say where it is; returns the ids of its processes."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("data_dir"):
            break
    connection = http.client.HTTPConnection("127.0.0.1", int(places[3]), timeout=20)
    connection.request("GET", "/readyz")
    assert connection.getresponse().status == 200
    connection.close()
    return {child.pid for child in psutil.Process(process.pid).children()}


def test_after_kill_9_the_next_start_ends_what_was_left_and_serves_on_the_same_ports(
    up: Up, places: list[str], tmp_path: Path
) -> None:
    first = up()
    left = [psutil.Process(pid) for pid in _wait_until_serving(first, places)]
    assert len(left) == len(NAMES)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert all(process.is_running() for process in left)

    pids = _wait_until_serving(up(), places)

    assert psutil.wait_procs(left, timeout=5)[1] == []
    assert len(pids) == len(NAMES)
    assert {path.stem for path in (tmp_path / "run").glob("*.pid")} == NAMES


def test_a_second_one_on_the_same_data_is_refused_in_one_line(up: Up, places: list[str]) -> None:
    first = up()
    _wait_until_serving(first, places)

    second = up()
    _, said = second.communicate(timeout=60)

    assert second.returncode == 1
    assert said.count("\n") == 1
    assert f"another ac-advisor (pid {first.pid}) runs on" in said
    first.send_signal(signal.SIGHUP)  # its terminal is closed
    assert first.wait(60) == 128 + signal.SIGHUP
    assert list((Path(places[1]) / "run").glob("*.pid")) == []


def test_stdout_is_the_answer_and_nothing_else(up: Up, places: list[str], tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as leftover:
        RunFolder(tmp_path).record("ingest", leftover.pid, 1)
        process = up("--json")  # has something to say: that it ends what was left
        assert process.stdout is not None
        answer = ""
        for line in process.stdout:
            answer += line
            if line == "}\n":
                break

    assert json.loads(answer)["mqtt"] == f"127.0.0.1:{places[5]}"
    assert leftover.returncode == -signal.SIGTERM
