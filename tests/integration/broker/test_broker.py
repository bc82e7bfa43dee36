import threading
import time
from collections.abc import Callable, Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from infra.local.broker import Broker, Identity

DEVICE = Identity("dev-1", "secret-1", "cloud", "device")
GATEWAY = Identity("gw-1", "secret-2", "cloud", "gateway", devices=("dev-2",))
SERVICE = Identity("svc", "secret-3", "cloud", "service")
SITE_DEVICE = Identity("dev-2", "secret-4", "site", "device")
SITE_SERVICE = Identity("gw-1@site", "secret-5", "site", "service")
EVERYBODY = (DEVICE, GATEWAY, SERVICE, SITE_DEVICE, SITE_SERVICE)

Connect = Callable[..., "Client"]


class Client:
    """An MQTT client that remembers what it got."""

    def __init__(self, broker: Broker, identity: Identity, *, durable: bool) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.refusals = 0
        self._answered = threading.Event()
        self._connected = threading.Event()
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"test-{identity.name}",
            clean_session=not durable,
        )
        self.paho.username_pw_set(identity.name, identity.password)
        self.paho.on_message = self._on_message
        self.paho.on_connect = lambda *_args: self._connected.set()
        self.paho.on_subscribe = self._on_subscribe
        self.paho.connect("127.0.0.1", broker.settings.mqtt_port)
        self.paho.loop_start()
        self._connected.wait(5)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.got.append((message.topic, bytes(message.payload)))

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self.refusals += sum(code.is_failure for code in codes)
        self._answered.set()

    def subscribe(self, topic: str) -> None:
        self._answered.clear()
        self.paho.subscribe(topic, 1)
        assert self._answered.wait(5)

    def publish(self, topic: str, payload: bytes) -> None:
        self.paho.publish(topic, payload, 1).wait_for_publish(5)

    def wait_for(self, count: int) -> list[tuple[str, bytes]]:
        deadline = time.monotonic() + 5
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.got

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients: list[Client] = []

    def make(broker: Broker, identity: Identity, *, durable: bool = False) -> Client:
        clients.append(Client(broker, identity, durable=durable))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_a_device_reaches_its_own_topics_only(make_broker: Callable[..., Broker], connect: Connect) -> None:
    broker = make_broker(*EVERYBODY)
    service = connect(broker, SERVICE)
    service.subscribe("dt/ac/+/telemetry")
    device = connect(broker, DEVICE)

    device.publish("dt/ac/dev-2/telemetry", b"not mine")
    device.publish("dt/ac/dev-1/telemetry", b"mine")
    device.subscribe("$aws/things/dev-2/shadow/update/delta")

    assert service.wait_for(1) == [("dt/ac/dev-1/telemetry", b"mine")]
    assert device.refusals == 1


def test_a_gateway_speaks_for_its_devices_only(make_broker: Callable[..., Broker], connect: Connect) -> None:
    broker = make_broker(*EVERYBODY)
    service = connect(broker, SERVICE)
    service.subscribe("dt/ac/#")
    gateway = connect(broker, GATEWAY)

    gateway.publish("dt/ac/dev-1/telemetry", b"a stranger's")
    gateway.publish("dt/ac/gw-1/batch", b"batch")
    gateway.publish("dt/ac/dev-2/event", b"event")

    assert service.wait_for(2) == [("dt/ac/gw-1/batch", b"batch"), ("dt/ac/dev-2/event", b"event")]


def test_topics_of_site_and_cloud_never_mix(make_broker: Callable[..., Broker], connect: Connect) -> None:
    broker = make_broker(*EVERYBODY)
    cloud, site = connect(broker, SERVICE), connect(broker, SITE_SERVICE)
    cloud.subscribe("dt/ac/#")
    site.subscribe("dt/ac/#")

    connect(broker, SITE_DEVICE).publish("dt/ac/dev-2/telemetry", b"on the site")

    assert site.wait_for(1) == [("dt/ac/dev-2/telemetry", b"on the site")]
    time.sleep(0.2)
    assert cloud.got == []


def test_what_was_acknowledged_survives_a_kill(make_broker: Callable[..., Broker], connect: Connect) -> None:
    broker = make_broker(*EVERYBODY)
    sleeper = connect(broker, SERVICE, durable=True)
    sleeper.subscribe("dt/ac/+/telemetry")
    sleeper.close()
    device = connect(broker, DEVICE)
    sent = [f"reading {n}".encode() for n in range(200)]
    for payload in sent:
        device.publish("dt/ac/dev-1/telemetry", payload)

    broker.kill()
    broker.start()

    woken = connect(broker, SERVICE, durable=True)
    woken.subscribe("dt/ac/+/telemetry")
    assert [payload for _, payload in woken.wait_for(len(sent))] == sent


def test_a_new_identity_comes_in_without_a_restart(
    make_broker: Callable[..., Broker], connect: Connect
) -> None:
    broker = make_broker(SERVICE)
    service = connect(broker, SERVICE)
    service.subscribe("dt/ac/+/telemetry")

    broker.reload([SERVICE, DEVICE])
    time.sleep(0.3)
    connect(broker, DEVICE).publish("dt/ac/dev-1/telemetry", b"hello")

    assert service.wait_for(1) == [("dt/ac/dev-1/telemetry", b"hello")]
    assert service.paho.is_connected()
