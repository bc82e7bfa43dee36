"""`python -m cloud ingest` on the real broker: what was PUBACKed is in the lake, once, whoever is killed."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cloud.adapters.mqtt_connection import Delivery, MqttConnection, MqttEndpoint
from cloud.adapters.parquet_lake import ParquetLake, readings_in_lake
from cloud.adapters.sealed_wait import wait_until_sealed
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.errors import UnavailableError
from cloud.ports.records import DeviceRecord
from cloud.ports.state import Put
from edge.contract import Telemetry, topics, write_telemetry
from infra.local.broker import Broker, Identity
from tests.waiting import wait_for

DEVICES = tuple(f"dev-{number}" for number in range(8))
IDENTITIES = (
    Identity("cloud", "cloud-password", "cloud", "service"),
    Identity("gw-1", "gw-1-password", "cloud", "gateway", devices=DEVICES),
)
START = datetime(2025, 7, 1, tzinfo=UTC)
READINGS_A_BATCH = 40
TIMEOUT_S = 25.0

MakeTelemetry = Callable[..., Telemetry]


@dataclass
class IngestProcess:
    """The process under test."""

    data_dir: Path
    port: int
    topics: str = "telemetry,batch,event"
    name: str = "ingest"
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, seal_interval_s: float = 0.3) -> None:
        environment = {
            "CLOUD_DATA_DIR": str(self.data_dir),
            "CLOUD_MQTT_PORT": str(self.port),
            "CLOUD_MQTT_PASSWORD": "cloud-password",
            "CLOUD_INGEST_TOPICS": self.topics,
            "CLOUD_SEAL_ROWS": "500",
            "CLOUD_SEAL_INTERVAL_S": str(seal_interval_s),
        }
        self.process = subprocess.Popen([sys.executable, "-m", "cloud", "ingest"], env=environment)
        wait_for(self.ready_file.exists)

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(TIMEOUT_S)
        self.process = None
        return status

    @property
    def ready_file(self) -> Path:
        return self.data_dir / "run" / f"{self.name}.ready"

    @property
    def status(self) -> dict[str, Any]:
        path = self.data_dir / "run" / f"{self.name}.status.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    @property
    def log_path(self) -> Path:
        return self.data_dir / "ingest.sqlite"

    @property
    def lake(self) -> ParquetLake:
        return ParquetLake(self.data_dir / "lake" / "telemetry")

    def wait_for_head(self, position: int) -> None:
        log = SqliteReadingLog(self.log_path, read_only=True)
        wait_for(lambda: log.head() >= position)
        log.close()


@dataclass
class Gateway:
    """Publishes numbered batches, each again until it is PUBACKed."""

    port: int
    make_telemetry: MakeTelemetry
    published: list[Telemetry] = field(default_factory=list[Telemetry])
    pause_s: float = 0.02
    also_singly: bool = False

    def __post_init__(self) -> None:
        endpoint = MqttEndpoint("127.0.0.1", self.port, "gw-1", "gw-1-password")
        self.connection = MqttConnection(endpoint, "gateway-gw-1")
        self.connection.start()
        assert self.connection.connected.wait(TIMEOUT_S)

    def batch(self, number: int) -> list[Telemetry]:
        return [
            self.make_telemetry(
                device_id=DEVICES[place % len(DEVICES)],
                sampled_at=START + timedelta(seconds=number * READINGS_A_BATCH + place),
                seq=number * READINGS_A_BATCH + place,
            )
            for place in range(READINGS_A_BATCH)
        ]

    def publish_until(self, done: threading.Event) -> None:
        """Publish batch after batch, thirty at a time, until told that it is enough."""
        first = 0
        while not done.is_set():
            self.publish(range(first, first + 30))
            first += 30
            time.sleep(self.pause_s)

    def publish(self, numbers: range) -> None:
        """Publish these batches and return when all are PUBACKed."""
        waiting = {number: self.batch(number) for number in numbers}
        deadline = time.monotonic() + TIMEOUT_S
        while waiting:
            assert time.monotonic() < deadline
            sent = {number: self.send(waiting[number]) for number in waiting}
            for number, delivery in sent.items():
                if arrived(delivery):
                    self.published += waiting.pop(number)
            time.sleep(0.05 if waiting else 0)

    def send(self, batch: list[Telemetry]) -> Delivery | None:
        try:
            for reading in batch if self.also_singly else []:
                self.connection.send(topics.telemetry(reading.device_id), write_telemetry([reading]))
            return self.connection.send(topics.batch("gw-1"), write_telemetry(batch))
        except UnavailableError:
            return None


@contextmanager
def under_load(gateway: Gateway) -> Iterator[None]:
    """Publish without a break while the block runs."""
    done = threading.Event()
    publisher = threading.Thread(target=gateway.publish_until, args=(done,))
    publisher.start()
    try:
        yield
    finally:
        done.set()
        publisher.join(TIMEOUT_S)
    assert not publisher.is_alive()


def arrived(delivery: Delivery | None) -> bool:
    if delivery is None:
        return False
    try:
        delivery.wait(1.0)
    except UnavailableError:
        return False
    return True


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker(*IDENTITIES)


@pytest.fixture
def ingest(broker: Broker, tmp_path: Path) -> Iterator[IngestProcess]:
    data_dir = tmp_path / "data"
    state = SqliteStateStore(data_dir / "state.sqlite")
    records = [DeviceRecord(device_id=device, gateway_id="gw-1") for device in DEVICES]
    state.transact(
        [Put(f"device#{each.device_id}", "device", each.model_dump(mode="json")) for each in records]
    )
    state.close()
    process = IngestProcess(data_dir, broker.settings.mqtt_port)
    process.start()
    yield process
    if process.process is not None:
        process.end(signal.SIGKILL)


@pytest.fixture
def gateway(ingest: IngestProcess, make_telemetry: MakeTelemetry) -> Iterator[Gateway]:
    gateway = Gateway(ingest.port, make_telemetry)
    yield gateway
    gateway.connection.stop()


def keys(readings: list[Telemetry]) -> list[tuple[str, datetime]]:
    return sorted((reading.device_id, reading.sampled_at) for reading in readings)


def keys_in_lake(lake: ParquetLake) -> list[tuple[str, datetime]]:
    return [(row["device_id"], row["sampled_at"]) for row in lake.scan().to_pylist()]


def test_everything_published_is_in_the_lake_once_or_a_dead_letter(
    ingest: IngestProcess, gateway: Gateway, make_telemetry: MakeTelemetry
) -> None:
    gateway.publish(range(20))
    gateway.publish(range(5, 10))  # again: at least once
    gateway.connection.publish(topics.batch("gw-1"), write_telemetry([make_telemetry(device_id="stranger")]))
    gateway.connection.publish(topics.telemetry("dev-1"), b'{"device_id": "dev-1"}')
    ingest.wait_for_head(20 * READINGS_A_BATCH)
    time.sleep(0.2)

    assert ingest.end(signal.SIGTERM) == 0

    assert not ingest.ready_file.exists()
    assert keys_in_lake(ingest.lake) == sorted(set(keys(gateway.published)))
    log = SqliteReadingLog(ingest.log_path, read_only=True)
    assert log.head() == log.sealed() == 20 * READINGS_A_BATCH
    reasons = sorted(letter.reason.split(":")[0] for letter in log.letters())
    assert len(reasons) == 2
    assert "unknown device" in reasons
    log.close()


def test_loses_and_doubles_nothing_when_ingest_is_killed_again_and_again(
    ingest: IngestProcess, gateway: Gateway
) -> None:
    with under_load(gateway):
        for delay_s in (0.3, 0.6, 0.45, 0.2):
            time.sleep(delay_s)
            ingest.end(signal.SIGKILL)
            ingest.start()
    ingest.wait_for_head(len(gateway.published))

    assert ingest.end(signal.SIGTERM) == 0

    assert keys_in_lake(ingest.lake) == keys(gateway.published)
    assert readings_in_lake(ingest.lake) == len(gateway.published)


def test_loses_and_doubles_nothing_when_the_broker_is_killed(
    broker: Broker, ingest: IngestProcess, gateway: Gateway
) -> None:
    with under_load(gateway):
        for delay_s in (0.3, 0.5, 0.4):
            time.sleep(delay_s)
            broker.kill()
            broker.start()
    ingest.wait_for_head(len(gateway.published))

    assert ingest.end(signal.SIGTERM) == 0

    assert keys_in_lake(ingest.lake) == keys(gateway.published)


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1700)])])
def test_loses_and_doubles_nothing_whoever_is_killed_at_random(
    broker: Broker, ingest: IngestProcess, gateway: Gateway, kills: int
) -> None:
    random = Random(kills)  # noqa: S311 (when and whom)
    gateway.pause_s = 0.02 if kills < 50 else 0.3
    with under_load(gateway):
        for _ in range(kills):
            time.sleep(random.uniform(0.05, 0.6))
            if random.random() < 0.3:
                broker.kill()
                broker.start()
            else:
                ingest.end(signal.SIGKILL)
                ingest.start()
    ingest.wait_for_head(len(gateway.published))

    assert ingest.end(signal.SIGTERM) == 0

    log = SqliteReadingLog(ingest.log_path, read_only=True)
    assert log.head() == len(gateway.published)  # none twice, in whatever order they came
    log.close()
    assert keys_in_lake(ingest.lake) == keys(gateway.published)


def test_workers_share_the_work_and_any_may_be_killed(ingest: IngestProcess, gateway: Gateway) -> None:
    ingest.end(signal.SIGTERM)
    shares = {"ingest-telemetry": "telemetry", "ingest-batch-event": "event,batch"}
    workers = [IngestProcess(ingest.data_dir, ingest.port, parts, name) for name, parts in shares.items()]
    for worker in workers:
        worker.start()
    gateway.also_singly, gateway.pause_s = True, 0.3  # each reading to both of them
    with under_load(gateway):
        for worker in workers * 2:
            time.sleep(0.5)
            worker.end(signal.SIGKILL)
            worker.start()
    wait_for(lambda: all(worker.status.get("readings") for worker in workers))
    ingest.wait_for_head(len(gateway.published))
    time.sleep(6.0)  # the broker repeats what the killed ones had in hand
    assert [worker.end(signal.SIGTERM) for worker in workers] == [0, 0]

    log = SqliteReadingLog(ingest.log_path, read_only=True)
    assert log.head() == log.sealed() == len(gateway.published)
    log.close()
    assert keys_in_lake(ingest.lake) == keys(gateway.published)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the place of the writer, so that nobody can commit."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_what_it_had_in_hand_and_could_not_commit_survives_a_kill(
    ingest: IngestProcess, gateway: Gateway
) -> None:
    with locked(ingest.log_path):
        gateway.publish(range(3))
        time.sleep(0.5)  # taken from the broker, and waiting for the lock
        ingest.end(signal.SIGKILL)

    ingest.start()

    ingest.wait_for_head(3 * READINGS_A_BATCH)


def test_goes_on_when_a_lock_is_gone(ingest: IngestProcess, gateway: Gateway) -> None:
    with locked(ingest.log_path):
        gateway.publish(range(3))
        time.sleep(6.0)  # longer than SQLite waits and the broker repeats

    ingest.wait_for_head(3 * READINGS_A_BATCH)
    assert ingest.end(signal.SIGTERM) == 0
    assert keys_in_lake(ingest.lake) == keys(gateway.published)


def test_tells_how_far_it_is_behind(ingest: IngestProcess, gateway: Gateway) -> None:
    gateway.publish(range(2))
    wait_for(lambda: ingest.status.get("readings") == 2 * READINGS_A_BATCH)
    assert ingest.status["oldest_age_s"] > 86_400  # they are of a day in the past
    with locked(ingest.log_path):
        gateway.publish(range(2, 4))
        wait_for(lambda: ingest.status["failing_since"] is not None)

    wait_for(lambda: ingest.status["failing_since"] is None)
    wait_for(lambda: ingest.status["unsealed_readings"] == 0)


def test_what_comes_while_ingest_is_away_waits_at_the_broker(ingest: IngestProcess, gateway: Gateway) -> None:
    ingest.end(signal.SIGTERM)
    gateway.publish(range(5))

    ingest.start()

    ingest.wait_for_head(5 * READINGS_A_BATCH)


def test_seals_at_once_when_asked(ingest: IngestProcess, gateway: Gateway) -> None:
    ingest.end(signal.SIGTERM)
    ingest.start(seal_interval_s=3600)
    gateway.publish(range(3))
    ingest.wait_for_head(3 * READINGS_A_BATCH)
    assert readings_in_lake(ingest.lake) == 0

    assert ingest.process is not None
    ingest.process.send_signal(signal.SIGUSR1)
    wait_until_sealed(ingest.log_path, 3 * READINGS_A_BATCH, TIMEOUT_S)

    assert readings_in_lake(ingest.lake) == 3 * READINGS_A_BATCH


def test_a_lost_log_goes_on_where_the_lake_ends(ingest: IngestProcess, gateway: Gateway) -> None:
    gateway.publish(range(3))
    ingest.wait_for_head(3 * READINGS_A_BATCH)
    ingest.end(signal.SIGTERM)
    for file in ingest.data_dir.glob("ingest.sqlite*"):
        file.unlink()

    ingest.start()
    gateway.publish(range(3, 5))
    ingest.wait_for_head(5 * READINGS_A_BATCH)
    ingest.end(signal.SIGTERM)

    assert readings_in_lake(ingest.lake) == 5 * READINGS_A_BATCH
