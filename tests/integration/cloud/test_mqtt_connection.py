"""The MQTT connection on the real broker: what a PUBACK, an acknowledgement and a lost connection mean."""

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.adapters.mqtt_connection import MqttConnection, MqttEndpoint, MqttMessage
from cloud.errors import UnavailableError
from infra.local.broker import Broker, BrokerSettings, Identity, free_ports
from tests.waiting import QUICK_ACK_WAIT_S, wait_for

SERVICE = Identity("cloud", "cloud-password", "cloud", "service")
DEVICE = Identity("dev-1", "dev-1-password", "cloud", "device")
TOPIC = "dt/ac/dev-1/telemetry"
TIMEOUT_S = 20.0

Connect = Callable[..., "Session"]


class Session:
    """A connection with its inbox."""

    def __init__(self, port: int, identity: Identity, client_id: str, *, manual_ack: bool = False) -> None:
        self.inbox: queue.SimpleQueue[MqttMessage] = queue.SimpleQueue()
        self.connection = MqttConnection(
            MqttEndpoint("127.0.0.1", port, identity.name, identity.password),
            client_id,
            topics=(TOPIC,) if identity is SERVICE else (),
            on_message=self.inbox.put,
            manual_ack=manual_ack,
        )
        self.connection.start()

    def ready(self) -> "Session":
        assert self.connection.connected.wait(TIMEOUT_S)
        return self

    def next(self, count: int) -> list[MqttMessage]:
        return [self.inbox.get(timeout=TIMEOUT_S) for _ in range(count)]

    def is_silent(self) -> bool:
        try:
            self.inbox.get(timeout=0.3)
        except queue.Empty:
            return True
        return False


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker(SERVICE, DEVICE, ack_wait_s=QUICK_ACK_WAIT_S)


@pytest.fixture
def connect() -> Iterator[Connect]:
    sessions: list[Session] = []

    def make(broker: Broker, identity: Identity, client_id: str, *, manual_ack: bool = False) -> Session:
        sessions.append(Session(broker.settings.mqtt_port, identity, client_id, manual_ack=manual_ack))
        return sessions[-1]

    yield make
    for session in sessions:
        session.connection.stop()


def unacknowledged(broker: Broker) -> int:
    """Messages in the hands of subscribers, as the broker's monitor has it."""
    monitor = http.client.HTTPConnection("127.0.0.1", broker.settings.monitor_port, timeout=10)
    monitor.request("GET", "/jsz?consumers=true")
    accounts = json.loads(monitor.getresponse().read())["account_details"]
    monitor.close()
    streams = [stream for account in accounts for stream in account.get("stream_detail", [])]
    messages = [stream for stream in streams if stream["name"] == "$MQTT_msgs"]
    return sum(each["num_ack_pending"] for stream in messages for each in stream["consumer_detail"])


def test_what_is_published_arrives_in_order(broker: Broker, connect: Connect) -> None:
    service = connect(broker, SERVICE, "svc").ready()
    device = connect(broker, DEVICE, "dev").ready()

    deliveries = [device.connection.send(TOPIC, str(number).encode()) for number in range(300)]
    for delivery in deliveries:
        delivery.wait(TIMEOUT_S)

    assert [message.payload for message in service.next(300)] == [str(n).encode() for n in range(300)]


def test_publishing_without_a_broker_says_so_at_once(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    session = Session(port, DEVICE, "dev")
    with pytest.raises(UnavailableError, match="not connected"):
        session.connection.publish(TOPIC, b"x")
    session.connection.stop()


def test_finds_a_broker_that_comes_later(tmp_path: Path) -> None:
    broker = Broker(BrokerSettings(tmp_path / "broker", *free_ports(3)), [SERVICE])
    session = Session(broker.settings.mqtt_port, SERVICE, "svc")
    time.sleep(0.3)
    assert not session.connection.connected.is_set()

    broker.start()
    session.ready()
    session.connection.stop()
    broker.stop()


def test_comes_back_after_a_kill_with_its_subscription(broker: Broker, connect: Connect) -> None:
    service = connect(broker, SERVICE, "svc").ready()
    device = connect(broker, DEVICE, "dev").ready()

    broker.kill()
    with pytest.raises(UnavailableError):
        device.connection.publish(TOPIC, b"lost", timeout_s=0.5)
    broker.start()
    service.ready()
    device.ready()
    device.connection.publish(TOPIC, b"hello")

    while service.inbox.get(timeout=TIMEOUT_S).payload != b"hello":
        pass


def test_a_wrong_password_never_connects(broker: Broker, connect: Connect) -> None:
    thief = connect(broker, Identity("cloud", "guessed", "cloud", "service"), "thief")

    assert not thief.connection.connected.wait(0.5)


def test_a_refused_subscription_never_counts_as_connected(broker: Broker) -> None:
    endpoint = MqttEndpoint("127.0.0.1", broker.settings.mqtt_port, DEVICE.name, DEVICE.password)
    nosy = MqttConnection(endpoint, "nosy", topics=("dt/ac/+/telemetry",))
    nosy.start()

    assert not nosy.connected.wait(0.5)
    nosy.stop()


def test_what_is_not_acknowledged_comes_again_and_the_rest_does_not(broker: Broker, connect: Connect) -> None:
    first = connect(broker, SERVICE, "svc", manual_ack=True).ready()
    device = connect(broker, DEVICE, "dev").ready()
    for number in range(4):
        device.connection.publish(TOPIC, str(number).encode())
    messages = first.next(4)

    first.connection.acknowledge([messages[0], messages[2]])
    wait_for(lambda: unacknowledged(broker) == 2)  # the broker takes note a little later
    first.connection.stop()
    second = connect(broker, SERVICE, "svc", manual_ack=True).ready()

    assert sorted(message.payload for message in second.next(2)) == [b"1", b"3"]
    assert second.is_silent()


def test_an_acknowledgement_of_an_earlier_connection_is_void(broker: Broker, connect: Connect) -> None:
    service = connect(broker, SERVICE, "svc", manual_ack=True).ready()
    connect(broker, DEVICE, "dev").ready().connection.publish(TOPIC, b"0")
    (before,) = service.next(1)
    broker.stop()
    broker.start()
    service.ready()

    service.connection.acknowledge([before])

    assert [message.payload for message in service.next(1)] == [b"0"]


def test_a_packet_id_that_means_another_message_is_not_acknowledged(broker: Broker, connect: Connect) -> None:
    service = connect(broker, SERVICE, "svc", manual_ack=True).ready()
    connect(broker, DEVICE, "dev").ready().connection.publish(TOPIC, b"0")
    (held,) = service.next(1)

    service.connection.acknowledge([MqttMessage(TOPIC, b"of long ago", held.mid)])

    assert service.next(1) == [held]


def test_stops_at_once_while_it_waits_to_retry() -> None:
    (port,) = free_ports(1)
    session = Session(port, DEVICE, "dev")
    time.sleep(1.0)  # a few attempts: the next wait may be long
    began = time.monotonic()

    session.connection.stop()

    assert time.monotonic() - began < 2.0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("paho")]
