"""Killed at any moment, the process that tells Alexa of changes loses nothing and repeats one at most."""

import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry
from tests.integration.mobile_api.reporting_process import reporter, telling_app
from tests.unit.mobile_api.conftest import World
from tests.unit.mobile_api.voice.vendor_stand_in import StandIn, grant, vendors

KILLS = 8
SCRIPT = Path(__file__).with_name("reporting_process.py")


def told(outside: StandIn) -> list[float]:
    """The setpoints that Alexa was told, in order."""
    changes = (each["event"]["payload"].get("change", {"properties": []}) for each in outside.events)
    return [
        each["value"]["value"]
        for change in changes
        for each in change["properties"]
        if each["name"] == "targetSetpoint"
    ]


@dataclass(slots=True)
class Device:
    """A device that reports another setpoint each time."""

    log: SqliteReadingLog
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=4))
    number: int = 0
    setpoint_c: float = 0.0

    def report(self) -> None:
        self.number += 1
        self.setpoint_c = 20.0 + self.number % 10
        reading = Telemetry(
            device_id="dev-1",
            sampled_at=self.began + timedelta(milliseconds=self.number),
            mode="cool",
            setpoint_c=self.setpoint_c,
            indoor_dry_bulb_c=24.0,
        )
        self.log.commit(IngestCommit(readings=[reading]))


def tell_until_killed(data_dir: Path, url: str, device: Device, chance: random.Random) -> None:
    command = [sys.executable, str(SCRIPT), str(data_dir), url]
    path = {"PYTHONPATH": str(SCRIPT.parents[3])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=path) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"")
        assert b"ready\n" in lines
        until_s = time.monotonic() + chance.uniform(0.05, 0.4)
        while time.monotonic() < until_s:
            device.report()
            time.sleep(chance.uniform(0.0, 0.01))
        process.kill()


@pytest.mark.slow
def test_a_kill_loses_nothing_and_repeats_one_report_at_most(tmp_path: Path) -> None:
    log, state = SqliteReadingLog(tmp_path / "ingest.sqlite"), SqliteStateStore(tmp_path / "state.sqlite")
    device, chance = Device(log), random.Random(7)  # noqa: S311 (moments to be killed at)
    with vendors() as outside:
        device.report()
        app = telling_app(tmp_path, outside.url)
        world = World(state, log, lambda: datetime.now(UTC), app, None)  # type: ignore[arg-type]
        person = world.sign_up()
        world.device_of(person)
        grant(world, person)
        reporter(app, tmp_path).look()
        for _ in range(KILLS):
            tell_until_killed(tmp_path, outside.url, device, chance)
        reporter(app, tmp_path).look()

    setpoints = told(outside)
    repeats = sum(one == two for one, two in pairwise(setpoints))
    print(f"{KILLS} kills, {device.number} changes, {len(setpoints)} reports, {repeats} repeated")
    assert setpoints[-1] == device.setpoint_c
    assert len(setpoints) > KILLS
    assert repeats <= KILLS
    assert outside.faults == []
