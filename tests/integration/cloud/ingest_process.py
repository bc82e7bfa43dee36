"""An ingest process and a gateway that publishes to it, for tests that kill one of them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud.adapters.mqtt_connection import Delivery, MqttConnection, MqttEndpoint
from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.errors import UnavailableError
from edge.contract import Telemetry, topics, write_telemetry
from tests.integration.cloud.cloud_process import TIMEOUT_S, CloudProcess
from tests.waiting import wait_for

DEVICES = tuple(f"dev-{number}" for number in range(8))
START = datetime(2025, 7, 1, tzinfo=UTC)
READINGS_A_BATCH = 40

MakeTelemetry = Callable[..., Telemetry]


class IngestProcess(CloudProcess):
    """The process under test; it seals soon."""

    def __init__(
        self, data_dir: Path, port: int, topics: str = "telemetry,batch,event", name: str = ""
    ) -> None:
        settings = {
            "CLOUD_INGEST_TOPICS": topics,
            "CLOUD_SEAL_ROWS": "500",
            "CLOUD_SEAL_INTERVAL_S": "0.3",
        }
        super().__init__("ingest", data_dir, port, settings, name)

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
