"""`python -m edge` as a process: how it starts, what it says of itself, and how it ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.contract import Telemetry
from infra.local.broker import Broker
from tests.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.edge.conftest import Client, EdgeProcess


Connect = Callable[..., "Client"]


MakeEdge = Callable[..., "EdgeProcess"]


MakeTelemetry = Callable[..., Telemetry]


def test_it_ends_cleanly_and_says_so(make_edge: MakeEdge) -> None:
    edge = make_edge()

    started = time.monotonic()
    code = edge.end(signal.SIGTERM)

    assert code == 0
    assert time.monotonic() - started < 5
    assert not edge.ready_path.exists()
    assert edge.status()["site_connected"] is False


def test_it_stops_within_five_seconds_when_nothing_is_there(
    broker: Broker, make_edge: MakeEdge, tmp_path: Path
) -> None:
    edge = make_edge(cloud_port=1)
    broker.kill()

    started = time.monotonic()

    assert edge.end(signal.SIGTERM) == 0
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"EDGE_DEVICES": "nowhere.json"}, "nowhere.json"),
        ({"EDGE_DEVICES": "dev/1"}, "device_id"),
        ({"EDGE_SITE_PORT": "x"}, "EDGE_site_port"),
        ({"EDGE_DATA_DIR": "/proc/nowhere"}, "spool"),
    ],
)
def test_wrong_settings_are_one_clear_line(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "edge"],
        env={"EDGE_DATA_DIR": str(tmp_path)} | settings,
        capture_output=True,
        check=False,
        timeout=20,
    )

    assert ended.returncode == 2
    (line,) = ended.stderr.decode().splitlines()
    assert said in line


def test_secrets_are_not_said_when_nobody_accepts_them(broker: Broker, tmp_path: Path) -> None:
    """Refused on both sides, and asked for its settings' faults: no password in log or status."""
    port = str(broker.settings.mqtt_port)
    environment = {
        "EDGE_DATA_DIR": str(tmp_path),
        "EDGE_SITE_PORT": port,
        "EDGE_CLOUD_PORT": port,
        "EDGE_SITE_PASSWORD": "swordfish",
        "EDGE_CLOUD_PASSWORD": "swordfish",
    }
    command = [sys.executable, "-m", "edge"]
    with (tmp_path / "log").open("wb") as log:
        edge = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        wait_for(lambda: b"connection_refused" in (tmp_path / "log").read_bytes())
        edge.terminate()
        assert edge.wait(10) == 0
        subprocess.run(
            command, env=environment | {"EDGE_SITE_PORT": "x"}, stdout=log, stderr=log, check=False
        )

    said = (tmp_path / "log").read_text() + (tmp_path / "status.json").read_text()
    assert "swordfish" not in said


def test_status_is_what_the_readme_says(make_edge: MakeEdge) -> None:
    status = make_edge().status()

    assert datetime.fromisoformat(status.pop("at")).tzinfo is not None
    assert status == {
        "gateway_id": "gw-1",
        "site_connected": True,
        "cloud_connected": True,
        "spooled_readings": 0,
        "spool_size_bytes": 0,
        "spool_full": False,
        "spool_age_s": 0.0,
        "spool_policy": "refuse",
        "dropped_readings": 0,
        "forwarded_readings": 0,
        "repeats_dropped": 0,
        "dead_letters": 0,
        "refused_commands": 0,
        "resent_commands": 0,
        "superseded_commands": 0,
        "offline_advice_age_s": {},
    }
