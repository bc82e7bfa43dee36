"""kill -9 of the gateway under load: what was acknowledged to a device is in the lake, once."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.client import MQTTMessageInfo

from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import DeviceRecord
from cloud.ports.state import Put
from edge.contract import Telemetry, write_telemetry
from infra.local.broker import Broker
from tests.records import record
from tests.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.edge.conftest import Client, EdgeProcess

NAMES = ("dev-1", "dev-2")
A_MESSAGE = 10
PATIENCE_S = 60.0
MANY = 50
"""Kills whose figures are kept."""


@pytest.fixture
def cloud_dir(broker: Broker, tmp_path: Path) -> Iterator[Path]:
    """Where an ingest process of one's own keeps its lake."""
    data_dir = tmp_path / "cloud"
    state = SqliteStateStore(data_dir / "state.sqlite")
    records = [DeviceRecord(device_id=name, gateway_id="gw-1") for name in NAMES]
    state.transact([Put(f"device#{one.device_id}", "device", one.model_dump(mode="json")) for one in records])
    state.close()
    environment = {
        "CLOUD_DATA_DIR": str(data_dir),
        "CLOUD_MQTT_PORT": str(broker.settings.mqtt_port),
        "CLOUD_MQTT_USERNAME": "svc",
        "CLOUD_MQTT_PASSWORD": "svc-password",
        "CLOUD_SEAL_INTERVAL_S": "0.3",
    }
    process = subprocess.Popen([sys.executable, "-m", "cloud", "ingest"], env=environment)
    wait_for((data_dir / "run" / "ingest.ready").exists)
    yield data_dir
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@dataclass
class Load:
    """Devices that publish without a break, each reading once."""

    devices: dict[str, "Client"]
    make_telemetry: Callable[..., Telemetry]
    sent: list[tuple[MQTTMessageInfo, list[Telemetry]]] = field(
        default_factory=list[tuple[MQTTMessageInfo, list[Telemetry]]]
    )

    def publish_until(self, done: threading.Event) -> None:
        number = 0
        while not done.is_set():
            for name, device in self.devices.items():
                readings = [self.make_telemetry(number + n, device_id=name) for n in range(A_MESSAGE)]
                payload = write_telemetry(readings)
                self.sent.append((device.paho.publish(f"dt/ac/{name}/telemetry", payload, 1), readings))
            number += A_MESSAGE
            time.sleep(0.02)

    def acknowledged(self) -> set[tuple[str, datetime]]:
        """What the devices may forget, once nothing is under way."""
        for info, _ in self.sent:
            info.wait_for_publish(PATIENCE_S)
        return {(each.device_id, each.sampled_at) for _, readings in self.sent for each in readings}


@pytest.mark.parametrize(
    "kills", [4, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_kills_lose_nothing_and_double_nothing_in_the_lake(
    cloud_dir: Path,
    connect: Callable[..., "Client"],
    make_edge: Callable[..., "EdgeProcess"],
    make_telemetry: Callable[..., Telemetry],
    kills: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    edge = make_edge(EDGE_DEVICES=",".join(NAMES))
    load = Load({name: connect(name) for name in NAMES}, make_telemetry)
    done = threading.Event()
    publisher = threading.Thread(target=load.publish_until, args=(done,))
    random = Random(kills)  # noqa: S311 (when)
    publisher.start()

    for _ in range(kills):
        time.sleep(random.uniform(0.05, 0.6))
        edge.end(signal.SIGKILL)
        edge.start()
    done.set()
    publisher.join(10)
    wanted = load.acknowledged()

    log = SqliteReadingLog(cloud_dir / "ingest.sqlite", read_only=True)
    with contextlib.suppress(AssertionError):  # what is missing is said below
        wait_for(lambda: log.head() >= len(wanted))
    wait_for(lambda: log.sealed() >= log.head())
    head = log.head()
    log.close()
    rows = ParquetLake(cloud_dir / "lake" / "telemetry").scan().to_pylist()
    keys = [(row["device_id"], row["sampled_at"]) for row in rows]
    lost, doubled = len(wanted - set(keys)), len(keys) - len(set(keys))
    figures = {"kills": kills, "acknowledged": len(wanted), "lost": lost, "doubled": doubled, "log": head}
    with capsys.disabled():
        print(f"\n{figures}")
    if kills == MANY:
        record(
            "edge_kills",
            ("-m", "slow", "tests/integration/edge/test_edge_kills.py"),
            kills,
            figures,
            "pytest",
        )
    assert set(keys) == wanted
    assert len(keys) == len(wanted)
