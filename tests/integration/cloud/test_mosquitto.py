"""Ingest on mosquitto, which is no broker of ours: any MQTT 3.1.1 broker with durable sessions serves."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from cloud.adapters.mqtt_connection import MqttEndpoint
from cloud.adapters.mqtt_stream import MqttStream
from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.ingest import InboundMessage
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from edge.contract import topics
from infra.local.broker import Identity, free_ports
from infra.local.mqtt_load import bursts, connected
from tests.waiting import wait_for

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt install mosquitto")

ANYBODY = Identity("anybody", "", "cloud", "service")
DEVICES = tuple(f"dev-{number}" for number in range(10))
START = datetime(2025, 7, 1, tzinfo=UTC)
ROUNDS = 4
MESSAGES_A_ROUND = 6000
TIMEOUT_S = 30.0

CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous true
user root
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages 0
"""
"""As the README of `cloud` asks for: no limit of what waits for ingest, and of what it has in hand."""


@dataclass
class Mosquitto:
    """The broker, restartable on the same files."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        path = self.folder / "mosquitto.conf"
        path.write_text(CONFIGURATION.format(port=self.port, folder=self.folder))
        nowhere = subprocess.DEVNULL
        self.process = subprocess.Popen([MOSQUITTO, "-c", str(path)], stdout=nowhere, stderr=nowhere)
        wait_for(self.listens)

    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(TIMEOUT_S)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder)
    broker.start()
    yield broker
    broker.stop()


def stream_of(broker: Mosquitto) -> MqttStream:
    stream = MqttStream(MqttEndpoint("127.0.0.1", broker.port, "cloud", ""), "ingest-0", Random(1))  # noqa: S311 (jitter)
    stream.start()
    assert stream.connected.wait(TIMEOUT_S)
    return stream


def take_to(stream: MqttStream, last: bytes) -> list[InboundMessage]:
    """All that comes until the payload `last` has come."""
    taken: list[InboundMessage] = []

    def has_last() -> bool:
        taken.extend(stream.take(0.2))
        return bool(taken) and taken[-1].payload == last

    wait_for(has_last)
    return taken


def publish(broker: Mosquitto, payloads: list[bytes]) -> None:
    messages = [(topics.telemetry("dev-1"), payload) for payload in payloads]
    with connected(broker.port, ANYBODY, "load") as connection:
        connection.publish(bursts(messages))


def test_what_was_not_acknowledged_comes_again_also_after_a_restart_of_the_broker(broker: Mosquitto) -> None:
    first = stream_of(broker)
    sent = [str(number).encode() for number in range(300)]
    publish(broker, sent[:200])
    taken = take_to(first, sent[199])
    first.acknowledge(taken[:150])
    first.stop()
    publish(broker, sent[200:])  # while nobody is there
    broker.stop()
    broker.start()

    again = stream_of(broker)
    missed = take_to(again, sent[-1])
    again.acknowledge(missed)
    again.stop()

    # What the broker had not read of our acknowledgements when we went comes again too; nothing is left out.
    payloads = [message.payload for message in missed]
    assert payloads == sent[-len(payloads) :]
    assert len(payloads) >= 150
    wait_for(lambda: has_nothing_more(broker))


def has_nothing_more(broker: Mosquitto) -> bool:
    stream = stream_of(broker)
    taken = stream.take(0.5)
    stream.acknowledge(taken)
    stream.stop()
    return not taken


def test_ingest_that_is_killed_again_and_again_loses_nothing(broker: Mosquitto, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as state:
        for device_id in DEVICES:
            record = DeviceRecord(device_id=device_id).model_dump(mode="json")
            state.transact([Put(device_pk(device_id), "device", record)])
    random, sent = Random(3), 0  # noqa: S311 (when it is killed)

    for _ in range(ROUNDS):
        ingest = start_ingest(broker, data_dir)
        pieces = bursts(readings(sent, MESSAGES_A_ROUND))
        with connected(broker.port, ANYBODY, "load") as connection:
            killer = threading.Timer(random.uniform(0.02, 0.15), ingest.kill)
            killer.start()
            connection.publish(pieces)
            killer.join()
        sent += MESSAGES_A_ROUND
        ingest.wait(TIMEOUT_S)

    ingest = start_ingest(broker, data_dir)
    with closing(SqliteReadingLog(data_dir / "ingest.sqlite", read_only=True)) as log:
        wait_for(lambda: log.head() >= sent)
    ingest.send_signal(signal.SIGTERM)
    assert ingest.wait(TIMEOUT_S) == 0

    with closing(SqliteReadingLog(data_dir / "ingest.sqlite", read_only=True)) as log:
        assert (log.head(), log.count()) == (sent, 0)  # PUBACKed, and each once
        assert [log.missing(device_id) for device_id in DEVICES] == [0] * len(DEVICES)
    assert ParquetLake(data_dir / "lake" / "telemetry").count_readings() == sent


def readings(first: int, count: int) -> list[tuple[str, bytes]]:
    """The readings `first` and following of the fleet, each on its device's topic."""
    messages = []
    for number in range(first, first + count):
        round_, place = divmod(number, len(DEVICES))
        reading = {
            "device_id": DEVICES[place],
            "sampled_at": (START + round_ * timedelta(minutes=1)).isoformat(),
            "mode": "off",
            "indoor_dry_bulb_c": 25,
            "seq": round_,
        }
        messages.append((topics.telemetry(DEVICES[place]), json.dumps(reading).encode()))
    return messages


def start_ingest(broker: Mosquitto, data_dir: Path) -> subprocess.Popen[bytes]:
    ready = data_dir / "run" / "ingest.ready"
    ready.unlink(missing_ok=True)
    environment = {"CLOUD_DATA_DIR": str(data_dir), "CLOUD_MQTT_PORT": str(broker.port)}
    process = subprocess.Popen([sys.executable, "-m", "cloud", "ingest"], env=environment)
    wait_for(ready.exists)
    return process
