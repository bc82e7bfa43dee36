"""The telemetry stream on the real broker."""

import time
from collections.abc import Callable, Iterator
from random import Random

import pytest

from cloud.adapters.mqtt_connection import MqttConnection, MqttEndpoint
from cloud.adapters.mqtt_stream import MAX_TAKE_MESSAGES, MqttStream
from cloud.ports.ingest import InboundMessage
from infra.local.broker import Broker, Identity
from tests.waiting import QUICK_ACK_WAIT_S, wait_for

SERVICE = Identity("cloud", "cloud-password", "cloud", "service")
DEVICE = Identity("dev-1", "dev-1-password", "cloud", "device")
REPEAT_S = 3 * QUICK_ACK_WAIT_S
"""In this time the broker has repeated, even when it is late [s]."""


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker(SERVICE, DEVICE, ack_wait_s=QUICK_ACK_WAIT_S)


@pytest.fixture
def stream(broker: Broker) -> Iterator[MqttStream]:
    endpoint = MqttEndpoint("127.0.0.1", broker.settings.mqtt_port, SERVICE.name, SERVICE.password)
    stream = MqttStream(endpoint, "ingest-0", Random(1))  # noqa: S311 (jitter)
    stream.start()
    assert stream.connected.wait(20)
    yield stream
    stream.stop()


@pytest.fixture
def device(broker: Broker) -> Iterator[MqttConnection]:
    endpoint = MqttEndpoint("127.0.0.1", broker.settings.mqtt_port, DEVICE.name, DEVICE.password)
    device = MqttConnection(endpoint, "dev-1")
    device.start()
    assert device.connected.wait(20)
    yield device
    device.stop()


def take_all(stream: MqttStream, timeout_s: float) -> list[InboundMessage]:
    taken: list[InboundMessage] = []
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        taken += stream.take(0.1)
    return taken


def test_takes_what_waits_in_order_and_bounded(stream: MqttStream, device: MqttConnection) -> None:
    sent = [str(number).encode() for number in range(MAX_TAKE_MESSAGES + 44)]
    for delivery in [device.send("dt/ac/dev-1/telemetry", payload) for payload in sent]:
        delivery.wait(20)
    time.sleep(0.5)

    first, second = stream.take(1.0), stream.take(1.0)

    assert (len(first), len(second)) == (MAX_TAKE_MESSAGES, 44)
    assert [message.payload for message in first + second] == sent


def test_an_idle_stream_gives_nothing_after_the_timeout(stream: MqttStream) -> None:
    assert stream.take(0.05) == []


def test_a_wake_ends_the_wait_and_is_no_message(stream: MqttStream, device: MqttConnection) -> None:
    stream.wake()
    began = time.monotonic()
    assert stream.take(20.0) == []
    assert time.monotonic() - began < 5

    device.publish("dt/ac/dev-1/event", b"0")
    stream.wake()
    assert [message.payload for message in take_all(stream, 0.5)] == [b"0"]


def test_what_waits_for_its_commit_is_not_taken_twice(stream: MqttStream, device: MqttConnection) -> None:
    device.publish("dt/ac/dev-1/event", b"0")
    (held,) = stream.take(5.0)

    wait_for(lambda: stream.waiting_bytes)  # the broker repeats it
    assert stream.take(0.0) == []

    # Well before the next repeat: one that crosses the acknowledgement comes as if it were another message.
    stream.acknowledge([held])
    device.publish("dt/ac/dev-1/event", b"1")
    assert [message.payload for message in take_all(stream, REPEAT_S)] == [b"1"]
