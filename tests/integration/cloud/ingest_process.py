"""An ingest process and a gateway that publishes to it, for tests that kill one of them."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cloud.adapters.mqtt_connection import Delivery, MqttConnection, MqttEndpoint
from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.errors import UnavailableError
from edge.contract import Telemetry, topics, write_telemetry
from tests.waiting import wait_for

DEVICES = tuple(f"dev-{number}" for number in range(8))
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

    def end_at_last(self) -> None:
        if self.process is not None:
            self.end(signal.SIGKILL)

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
