"""Durable readings a second, against the broker's own PUBACK rate in the same run.

The load generator sends packets that were encoded before, over a raw socket, so that it is not the limit.
"""

import json
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import DeviceRecord
from cloud.ports.state import Put
from edge.contract import Telemetry, write_telemetry
from infra.local.broker import Broker, Identity

pytestmark = pytest.mark.bench

DEVICES = tuple(f"dev-{number}" for number in range(50))
SERVICE = Identity("cloud", "cloud-password", "cloud", "service")
GATEWAY = Identity("gw-1", "gw-1-password", "cloud", "gateway", devices=DEVICES)
START = datetime(2025, 7, 1, tzinfo=UTC)
RAW_MESSAGES = 40_000
SINGLE_READINGS = 15_000
PACKED_READINGS = 120_000
READINGS_A_BATCH = 400
WINDOW = 1000
"""Publishes without PUBACK at a time."""

MakeTelemetry = Callable[..., Telemetry]


def string(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def packet(kind: int, body: bytes) -> bytes:
    """An MQTT 3.1.1 control packet (section 2.2)."""
    length, rest = b"", len(body)
    while True:
        rest, digit = rest >> 7, rest & 0x7F
        length += bytes([digit | (0x80 if rest else 0)])
        if not rest:
            return bytes([kind]) + length + body


def publishes(topic: str, payloads: Sequence[bytes]) -> list[bytes]:
    return [
        packet(0x32, string(topic) + (1 + number % 65_535).to_bytes(2, "big") + payload)
        for number, payload in enumerate(payloads)
    ]


def publish(port: int, packets: Sequence[bytes]) -> float:
    """Send all packets; returns the seconds until the last PUBACK (4 bytes each)."""
    connect = string("MQTT") + bytes([4, 0xC2]) + (60).to_bytes(2, "big")
    connect += string("load") + string(GATEWAY.name) + string(GATEWAY.password)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(packet(0x10, connect))
        assert connection.recv(4) == b"\x20\x02\x00\x00"
        began = time.perf_counter()
        sent = acknowledged_bytes = 0
        while acknowledged_bytes < 4 * len(packets):
            room = WINDOW - (sent - acknowledged_bytes // 4)
            if room >= WINDOW // 2 and sent < len(packets):
                connection.sendall(b"".join(packets[sent : sent + room]))
                sent = min(sent + room, len(packets))
            ready, _, _ = select.select([connection], [], [], 30)
            assert ready
            acknowledged_bytes += len(connection.recv(65_536))
        return time.perf_counter() - began


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker(SERVICE, GATEWAY)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    state = SqliteStateStore(tmp_path / "data" / "state.sqlite")
    for device in DEVICES:
        record = DeviceRecord(device_id=device, gateway_id=GATEWAY.name)
        state.transact([Put(f"device#{device}", "device", record.model_dump(mode="json"))])
    state.close()
    return tmp_path / "data"


@pytest.fixture
def readings(make_telemetry: MakeTelemetry) -> list[Telemetry]:
    good = make_telemetry(
        interval_s=300.0,
        indoor_rh_pct=55.5,
        outdoor_dry_bulb_c=33.2,
        electric_power_w=812.5,
        energy_total_kwh=1234.56,
        compressor_ratio=0.42,
        changed_by="schedule",
    )
    return [
        good.model_copy(
            update={
                "device_id": DEVICES[number % len(DEVICES)],
                "sampled_at": START + timedelta(minutes=number // len(DEVICES)),
                "seq": number // len(DEVICES),
            }
        )
        for number in range(SINGLE_READINGS + PACKED_READINGS)
    ]


@pytest.fixture
def start_ingest(broker: Broker, data_dir: Path) -> Iterator[Callable[[], None]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        environment = {
            "CLOUD_DATA_DIR": str(data_dir),
            "CLOUD_MQTT_PORT": str(broker.settings.mqtt_port),
            "CLOUD_MQTT_PASSWORD": SERVICE.password,
        }
        processes.append(subprocess.Popen([sys.executable, "-m", "cloud", "ingest"], env=environment))
        while not (data_dir / "run" / "ingest.ready").exists():
            time.sleep(0.02)

    yield start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def wait_for_head(log: SqliteReadingLog, position: int) -> None:
    deadline = time.monotonic() + 120
    while log.head() < position:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_durable_readings_against_the_raw_puback_rate(
    broker: Broker, data_dir: Path, readings: list[Telemetry], start_ingest: Callable[[], None]
) -> None:
    port = broker.settings.mqtt_port
    single = [write_telemetry([each]) for each in readings[:SINGLE_READINGS]]
    packed = [
        write_telemetry(readings[first : first + READINGS_A_BATCH])
        for first in range(SINGLE_READINGS, len(readings), READINGS_A_BATCH)
    ]
    raw_packets = publishes(
        "dt/ac/gw-1/batch", [single[number % len(single)] for number in range(RAW_MESSAGES)]
    )
    raw_per_s = RAW_MESSAGES / publish(port, raw_packets)
    start_ingest()
    log = SqliteReadingLog(data_dir / "ingest.sqlite", read_only=True)

    began = time.perf_counter()
    publish(port, publishes("dt/ac/gw-1/batch", single))
    wait_for_head(log, SINGLE_READINGS)
    durable_per_s = SINGLE_READINGS / (time.perf_counter() - began)
    began = time.perf_counter()
    publish(port, publishes("dt/ac/gw-1/batch", packed))
    wait_for_head(log, len(readings))
    packed_per_s = PACKED_READINGS / (time.perf_counter() - began)
    log.close()

    figures = {
        "broker_raw_msgs_per_s": round(raw_per_s),
        "durable_msgs_per_s": round(durable_per_s),
        "ratio": round(durable_per_s / raw_per_s, 3),
        "packed_readings_per_s": round(packed_per_s),
        "packed_ratio": round(packed_per_s / raw_per_s, 3),
    }
    print(json.dumps(figures))
    assert figures["ratio"] > 0.02
    assert figures["packed_ratio"] > 0.05
