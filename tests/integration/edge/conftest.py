import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract import Telemetry, read_telemetry, write_telemetry
from infra.local.broker import Broker, Identity
from tests.waiting import QUICK_ACK_WAIT_S, wait_for

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TIMEOUT_S = 20.0
START_TIMEOUT_S = 120.0
"""A busy machine may take long to start a process."""

DEVICES = ("dev-1", "dev-2", "dev-3")
IDENTITIES = (
    *(Identity(name, f"{name}-password", "site", "device") for name in DEVICES),
    Identity("gw-1@site", "site-password", "site", "service"),
    Identity("gw-1", "cloud-password", "cloud", "gateway", devices=DEVICES),
    Identity("svc", "svc-password", "cloud", "service"),
)

Wait = Callable[[Callable[[], Any]], None]


@dataclass
class EdgeProcess:
    """`python -m edge`, with what a test needs to start, kill and ask it."""

    data_dir: Path
    site_port: int
    cloud_port: int
    settings: dict[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.ready_path.unlink(missing_ok=True)
        environment = {
            "EDGE_DATA_DIR": str(self.data_dir),
            "EDGE_SITE_PORT": str(self.site_port),
            "EDGE_SITE_PASSWORD": "site-password",
            "EDGE_CLOUD_PORT": str(self.cloud_port),
            "EDGE_CLOUD_PASSWORD": "cloud-password",
            "EDGE_DEVICES": ",".join(DEVICES),
            "EDGE_SHARE_PRESENCE": "true",
            "EDGE_RECONNECT_MAX_S": "1",  # tests take brokers away, and wait for the way back
        } | self.settings
        self.process = subprocess.Popen([sys.executable, "-m", "edge"], env=environment)
        wait_for(self.ready_path.exists, START_TIMEOUT_S)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(10)
        self.process = None
        return code

    @property
    def ready_path(self) -> Path:
        return self.data_dir / "run" / "edge.ready"

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads((self.data_dir / "status.json").read_text())
        return status


class Client:
    """Somebody on the broker, who remembers what came."""

    def __init__(
        self, port: int, name: str, filters: Sequence[str], *, durable: bool = False, password: str = ""
    ) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"test-{name}", clean_session=not durable
        )
        password = password or next(each.password for each in IDENTITIES if each.name == name)
        self.paho.username_pw_set(name, password)
        self.paho.max_inflight_messages_set(200)
        self.paho.reconnect_delay_set(1, 1)
        connected, subscribed = threading.Event(), threading.Event()
        wanted = [(each, 1) for each in filters]
        self.paho.on_message = lambda _client, _data, each: self.got.append((each.topic, bytes(each.payload)))

        def on_connect(client: mqtt.Client, *_: object) -> None:
            if wanted:
                client.subscribe(wanted)
            connected.set()

        self.paho.on_connect = on_connect
        self.paho.on_subscribe = lambda *_: subscribed.set()
        self.paho.connect("127.0.0.1", port)
        self.paho.loop_start()
        assert connected.wait(TIMEOUT_S)
        assert not filters or subscribed.wait(TIMEOUT_S)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish, and wait for the PUBACK."""
        info = self.paho.publish(topic, payload, 1)
        info.wait_for_publish(TIMEOUT_S)
        assert info.is_published()

    def send(self, *readings: Telemetry) -> None:
        self.publish(f"dt/ac/{readings[0].device_id}/telemetry", write_telemetry(readings))

    def readings(self) -> list[Telemetry]:
        """What came in batches, in order of arrival."""
        found: list[Telemetry] = []
        for topic, payload in list(self.got):
            if topic.endswith("/batch"):
                readings, refusals = read_telemetry(payload)
                assert refusals == []
                found += readings
        return found

    def bodies(self, suffix: str) -> list[Any]:
        return [json.loads(payload) for topic, payload in list(self.got) if topic.endswith(suffix)]

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    """Tests kill the gateway, and what it had in hand comes again after this time."""
    return make_broker(*IDENTITIES, ack_wait_s=QUICK_ACK_WAIT_S)


@pytest.fixture
def connect(broker: Broker) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(name: str, *filters: str, port: int | None = None, durable: bool = False) -> Client:
        clients.append(Client(port or broker.settings.mqtt_port, name, filters, durable=durable))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def make_edge(broker: Broker, make_edge_on: Callable[..., EdgeProcess]) -> Callable[..., EdgeProcess]:
    return partial(make_edge_on, broker)


@pytest.fixture
def make_edge_on(tmp_path: Path) -> Iterator[Callable[..., EdgeProcess]]:
    made: list[EdgeProcess] = []

    def make(broker: Broker, cloud_port: int | None = None, **settings: str) -> EdgeProcess:
        port = broker.settings.mqtt_port
        made.append(EdgeProcess(tmp_path / "edge", port, cloud_port or port, settings))
        made[-1].start()
        return made[-1]

    yield make
    for edge in made:
        if edge.process is not None:
            edge.end(signal.SIGKILL)


@pytest.fixture
def edge_client() -> type[Client]:
    return Client


@pytest.fixture
def wait() -> Callable[..., None]:
    return wait_for


@pytest.fixture
def make_telemetry() -> Callable[..., Telemetry]:
    def make(number: int = 0, **changes: object) -> Telemetry:
        fields: dict[str, object] = {
            "device_id": "dev-1",
            "sampled_at": NOON + number * timedelta(minutes=5),
            "seq": number,
            "mode": "cool",
            "fan": "auto",
            "setpoint_c": 24.5,
            "indoor_dry_bulb_c": 25.37,
            "indoor_rh_pct": 51.2,
            "electric_power_w": 812.4,
            "energy_total_kwh": 1234.567,
            "motion": True,
            "changed_by": "schedule",
        }
        return Telemetry.model_validate(fields | changes)

    return make
