"""`python -m cloud advisor` with the real broker, shadow service, champion and files: also after kill -9."""

import base64
import json
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cloud.adapters.file_weather import ForecastHour, IssuedForecast, write_forecasts
from cloud.adapters.mqtt_connection import MqttConnection, MqttEndpoint, MqttMessage
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.champion import package_version
from cloud.config import CloudSettings
from cloud.home_state import load
from cloud.ports.models import Note, StoredVersion
from cloud.ports.records import (
    ADVISOR_PK,
    DEVICES_PK,
    INBOX_PK,
    PROGRESS_SK,
    AdviceRecord,
    AdvisorProgress,
    DeviceRecord,
    HomeRecord,
    InboxEntry,
    PreferencesRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from cloud.wiring.registry import open_registry
from edge.contract import Telemetry, topics
from infra.local.broker import Broker, Identity
from tests.waiting import wait_for

T0 = datetime(2025, 7, 1, 8, tzinfo=UTC)
STEP = timedelta(minutes=15)
TIMEOUT_S = 30.0
DEVICES = tuple(f"dev-{number}" for number in range(5))
IDENTITIES = (
    Identity("cloud", "cloud-password", "cloud", "service"),
    *(Identity(name, f"{name}-password", "cloud", "device") for name in DEVICES),
)


@dataclass
class Stack:
    """Shadow service and advisor as processes; readings and people's words are written where they belong."""

    data_dir: Path
    port: int
    log: SqliteReadingLog = field(init=False)
    state: SqliteStateStore = field(init=False)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self.log = SqliteReadingLog(self.data_dir / "ingest.sqlite")
        self.state = SqliteStateStore(self.data_dir / "state.sqlite")
        home = HomeRecord(
            home_id="h1", owner_id="o1", name="Home", latitude_deg=52.5, longitude_deg=13.4, timezone="UTC"
        )
        self.state.transact([Put(home_pk("h1"), "home", home.model_dump(mode="json"))])
        for device_id in DEVICES:
            device = DeviceRecord(device_id=device_id, home_id="h1", habit_setpoint_c=23.0)
            wishes = PreferencesRecord(autonomy="auto")
            self.state.transact(
                [
                    Put(device_pk(device_id), "device", device.model_dump(mode="json")),
                    Put(device_pk(device_id), "preferences", wishes.model_dump(mode="json")),
                    Put(DEVICES_PK, device_id, {"home_id": "h1"}),
                ]
            )

    def start(self, *roles: str) -> None:
        environment = {
            "CLOUD_DATA_DIR": str(self.data_dir),
            "CLOUD_MQTT_PORT": str(self.port),
            "CLOUD_MQTT_PASSWORD": "cloud-password",
            "CLOUD_CLOCK": "telemetry",
            "CLOUD_WEATHER": f"file:{self.data_dir / 'forecast.json'}",
            "CLOUD_CANARY_SHARE_RATIO": "0.999",
            "OMP_NUM_THREADS": "1",
        }
        for role in roles:
            (self.data_dir / "run" / f"{role}.ready").unlink(missing_ok=True)
            self.processes[role] = subprocess.Popen([sys.executable, "-m", "cloud", role], env=environment)
        for role in roles:
            wait_for((self.data_dir / "run" / f"{role}.ready").exists)

    def end(self, role: str, how: signal.Signals) -> int:
        process = self.processes.pop(role)
        process.send_signal(how)
        return process.wait(TIMEOUT_S)

    def read(self, step: int) -> None:
        self.log.commit(IngestCommit(readings=[_reading(device_id, step) for device_id in DEVICES]))

    def ask(self, device_id: str, number: int, setpoint_c: float) -> None:
        entry = InboxEntry(
            entry_id=f"{number:013d}-x",
            device_id=device_id,
            at=T0,
            kind="command",
            command={"setpoint_c": setpoint_c, "mode": "cool", "command_id": f"c-{number}"},
        )
        self.state.transact([Put(INBOX_PK, entry.entry_id, entry.model_dump(mode="json"))])

    def progress(self) -> AdvisorProgress:
        item = self.state.get(ADVISOR_PK, PROGRESS_SK)
        return AdvisorProgress() if item is None else AdvisorProgress.model_validate(item.body)

    def wait_done(self) -> AdvisorProgress:
        """In lock-step: until all that is logged has been decided upon and sent."""

        def is_done() -> bool:
            progress = self.progress()
            return progress.position >= self.log.head() and progress.commands_pending == 0

        wait_for(is_done)
        return self.progress()


def _reading(device_id: str, step: int) -> Telemetry:
    return Telemetry(
        device_id=device_id,
        sampled_at=T0 + step * STEP,
        interval_s=900,
        mode="cool",
        setpoint_c=23.0,
        indoor_dry_bulb_c=23.4,
        indoor_rh_pct=50.0,
        outdoor_dry_bulb_c=30.0,
        electric_power_w=600.0,
        changed_by="schedule",
    )


@pytest.fixture
def stack(make_broker: Callable[..., Broker], tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "data", make_broker(*IDENTITIES).settings.mqtt_port)
    with closing(stack.log), closing(stack.state):
        yield stack
        for role in list(stack.processes):
            stack.end(role, signal.SIGKILL)


def _deltas(port: int, device_id: str) -> tuple[MqttConnection, "queue.Queue[dict[str, Any]]"]:
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()

    def put(message: MqttMessage) -> None:
        inbox.put(json.loads(message.payload)["state"])

    endpoint = MqttEndpoint("127.0.0.1", port, device_id, f"{device_id}-password")
    delta = topics.shadow(device_id, "update/delta")
    connection = MqttConnection(endpoint, f"test-{device_id}", topics=(delta,), on_message=put)
    connection.start()
    assert connection.connected.wait(TIMEOUT_S)
    return connection, inbox


def test_readings_become_advice_and_a_persons_command_reaches_the_device(stack: Stack) -> None:
    stack.start("shadow", "advisor")
    connection, inbox = _deltas(stack.port, "dev-0")
    for step in range(8):
        stack.read(step)
        stack.wait_done()

    for device_id in DEVICES:
        item = stack.state.get(device_pk(device_id), "advice")
        assert item is not None
        advice = AdviceRecord.model_validate(item.body)
        assert advice.made_at == T0 + 7 * STEP
        assert advice.champion
        assert stack.state.get(device_pk(device_id), "plan") is not None
    assert stack.progress().decisions == 8 * len(DEVICES)

    stack.ask("dev-0", 1, 20.5)
    while True:
        delta = inbox.get(timeout=TIMEOUT_S)
        if delta.get("command_id") == "c-1":
            break
    assert (delta["setpoint_c"], delta["mode"], delta["requested_by"]) == (20.5, "cool", "app")
    connection.stop()
    assert stack.end("advisor", signal.SIGTERM) == 0
    assert not (stack.data_dir / "run" / "advisor.ready").exists()


def test_a_running_advisor_follows_promotions_and_roll_backs_into_no_damaged_model(
    stack: Stack,
) -> None:
    stack.start("shadow", "advisor")
    registry, shipped = open_registry(CloudSettings(data_dir=stack.data_dir)), package_version()
    steps, note = count(), Note("ada", "a test")
    assert _champion_of_advice(stack, next(steps)) == shipped.lineage.version
    for version, over in (("v2", shipped.lineage.version), ("v3", "v2")):
        lineage = shipped.lineage.model_copy(update={"version": version})
        registry.add(StoredVersion(lineage, shipped.files), note)
        registry.promote(version, note, over=over)
        wait_for(lambda version=version: _champion_of_advice(stack, next(steps)) == version)  # type: ignore[misc]

    registry.roll_back(note, of="v3")
    wait_for(lambda: _champion_of_advice(stack, next(steps)) == "v2")
    lineage = shipped.lineage.model_copy(update={"version": "v4"})
    registry.add(StoredVersion(lineage, shipped.files), note)
    stack.processes["advisor"].send_signal(signal.SIGSTOP)  # it must not see v4 before that is damaged
    registry.promote("v4", note, over="v2")
    (energy,) = (stack.data_dir / "models" / "versions" / "v4").glob("*/energy.txt")
    energy.write_bytes(b"tree")
    stack.processes["advisor"].send_signal(signal.SIGCONT)
    time.sleep(2.0)  # it looks each second

    assert _champion_of_advice(stack, next(steps)) == "v2"
    assert stack.end("advisor", signal.SIGTERM) == 0


def test_a_running_advisor_tries_a_challenger_and_refuses_one_that_is_not_fit(stack: Stack) -> None:
    stack.start("shadow", "advisor")
    registry, shipped = open_registry(CloudSettings(data_dir=stack.data_dir)), package_version()
    steps, note, serving = count(), Note("ada", "a test"), shipped.lineage.version
    assert _champion_of_advice(stack, next(steps)) == serving
    for version, energy in (("v2", "energy.txt"), ("bad", "override.txt")):  # bad: it has other features
        lineage = shipped.lineage.model_copy(update={"version": version})
        registry.add(StoredVersion(lineage, {**shipped.files, "energy.txt": shipped.files[energy]}), note)

    registry.put("bad", "canary", note)
    wait_for(lambda: registry.stages()["bad"] == "rejected")
    assert "not fit to be tried" in registry.history()[-1].reason
    assert _champion_of_advice(stack, next(steps)) == serving

    registry.put("v2", "canary", note)
    wait_for(lambda: _champion_of_advice(stack, next(steps)) == "v2")
    registry.put("v2", "rejected", note)
    wait_for(lambda: _champion_of_advice(stack, next(steps)) == serving)
    assert stack.end("advisor", signal.SIGTERM) == 0


def _champion_of_advice(stack: Stack, step: int) -> str:
    """By whose models the advice after one more reading is."""
    stack.read(step)
    stack.wait_done()
    item = stack.state.get(device_pk("dev-0"), "advice")
    assert item is not None
    return AdviceRecord.model_validate(item.body).champion


def test_an_advisor_knows_the_forecast_of_its_hour_and_goes_on_while_there_is_none(stack: Stack) -> None:
    stack.start("shadow", "advisor")
    stack.read(0)
    assert stack.wait_done().decisions == len(DEVICES)
    assert _forecast_c(stack) == []

    hours = tuple(ForecastHour(T0 + timedelta(hours=n), 30.0 + n) for n in range(5))
    later = tuple(ForecastHour(T0 + timedelta(hours=n), 50.0) for n in range(5))
    issued = [IssuedForecast(T0, 52.5, 13.4, hours), IssuedForecast(T0 + STEP, 52.5, 13.4, later)]
    write_forecasts(stack.data_dir / "forecast.json", issued)
    stack.read(1)
    stack.wait_done()

    assert _forecast_c(stack) == [30.0, 31.0, 32.0, 33.0, 34.0]


def _forecast_c(stack: Stack) -> list[float]:
    """What the advisor of the first device has been told."""
    item = stack.state.get(device_pk("dev-0"), "advisor_state")
    assert item is not None
    home, _, _ = load(base64.b64decode(item.body["advisor"]))
    return [hour.outdoor_dry_bulb_c for hour in home.forecast]


def test_goes_on_after_a_kill_with_nothing_twice_and_nothing_lost(stack: Stack) -> None:
    stack.start("shadow", "advisor")
    for step in range(6):
        stack.read(step)
    stack.end("advisor", signal.SIGKILL)
    before = stack.progress()
    stack.ask("dev-0", 1, 20.5)
    for step in range(6, 12):
        stack.read(step)

    stack.start("advisor")
    progress = stack.wait_done()
    wait_for(lambda: stack.state.query(INBOX_PK) == [])

    assert progress.position == 12 * len(DEVICES)
    assert progress.watermark == T0 + 11 * STEP
    assert before.decisions < progress.decisions <= 12 * len(DEVICES)
    assert stack.wait_done().commands_sent == stack.progress().commands_made >= 1


def test_answers_a_reading_within_milliseconds(stack: Stack) -> None:
    stack.start("shadow", "advisor")
    delays_s = []
    for step in range(30):
        started = time.perf_counter()
        stack.read(step)
        stack.wait_done()
        delays_s.append(time.perf_counter() - started)

    print(f"log to done, {len(DEVICES)} devices: median {1000 * sorted(delays_s)[15]:.1f} ms")
    assert min(delays_s) < 0.25  # polling at leisure would show; a busy machine must not
