"""The telemetry stream against a broker that says what we want it to, byte for byte."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from cloud.adapters import mqtt_session, mqtt_stream
from cloud.adapters.mqtt_connection import MqttEndpoint
from cloud.adapters.mqtt_stream import MqttStream
from cloud.ports.ingest import InboundMessage
from tests.waiting import wait_for

CONNACK, SUBACK = b"\x20\x02\x01\x00", b"\x90\x05\x00\x01\x01\x01\x01"
TIMEOUT_S = 10.0


def publish(payload: bytes, packet_id: int, header: int = 0x32) -> bytes:
    body = b"\x00\x01t" + packet_id.to_bytes(2, "big") + payload
    return bytes([header, len(body)]) + body


class ScriptedBroker:
    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(TIMEOUT_S)
        self.peer: socket.socket | None = None

    def accept(self, before_suback: bytes = b"", suback: bytes = SUBACK) -> socket.socket:
        self.close_peer()
        self.peer, _ = self.server.accept()
        self.peer.settimeout(TIMEOUT_S)
        assert self.peer.recv(4096)[0] == 0x10
        self.peer.sendall(CONNACK)
        assert self.peer.recv(4096)[0] == 0x82
        self.peer.sendall(before_suback + suback)
        return self.peer

    def close_peer(self) -> None:
        if self.peer is not None:
            self.peer.close()

    def close(self) -> None:
        self.close_peer()
        self.server.close()


@pytest.fixture
def broker() -> Iterator[ScriptedBroker]:
    broker = ScriptedBroker()
    yield broker
    broker.close()


@pytest.fixture
def stream(broker: ScriptedBroker, monkeypatch: pytest.MonkeyPatch) -> Iterator[MqttStream]:
    endpoint = MqttEndpoint("127.0.0.1", broker.server.getsockname()[1], "cloud", "secret")
    stream = MqttStream(endpoint, "ingest-0", Random(1))  # noqa: S311 (jitter)
    stream.start()
    yield stream
    monkeypatch.setattr(mqtt_stream, "END_S", 0.1)  # most peers here never close
    stream.stop()


def take(stream: MqttStream, count: int) -> list[InboundMessage]:
    taken: list[InboundMessage] = []
    deadline = time.monotonic() + TIMEOUT_S
    while len(taken) < count:
        assert time.monotonic() < deadline
        taken += stream.take(0.05)
    return taken


def payloads(messages: list[InboundMessage]) -> list[bytes]:
    return [message.payload for message in messages]


def test_keeps_what_comes_before_the_subscription_is_confirmed(
    broker: ScriptedBroker, stream: MqttStream
) -> None:
    peer = broker.accept(before_suback=publish(b"early", 1))
    assert stream.connected.wait(TIMEOUT_S)
    peer.sendall(publish(b"later", 2)[:5])
    time.sleep(0.1)
    peer.sendall(publish(b"later", 2)[5:])

    assert payloads(take(stream, 2)) == [b"early", b"later"]


def test_acknowledges_only_what_it_is_told_to_and_in_one_piece(
    broker: ScriptedBroker, stream: MqttStream
) -> None:
    peer = broker.accept()
    peer.sendall(b"".join(publish(b"%d" % number, number) for number in range(1, 5)))
    first, _, third, _ = take(stream, 4)

    stream.acknowledge([first, third])

    assert peer.recv(4096) == b"\x40\x02\x00\x01\x40\x02\x00\x03"


def test_a_repeat_of_what_is_in_hand_is_dropped_and_after_its_acknowledgement_taken(
    broker: ScriptedBroker, stream: MqttStream
) -> None:
    peer = broker.accept()
    peer.sendall(publish(b"a", 1) + publish(b"a", 1, header=0x3A))
    (held,) = take(stream, 1)
    peer.sendall(publish(b"a", 1, header=0x3A) + publish(b"b", 2))
    assert payloads(take(stream, 1)) == [b"b"]

    stream.acknowledge([held])
    peer.sendall(publish(b"c", 1))
    assert payloads(take(stream, 1)) == [b"c"]


def test_a_repeat_of_what_is_safe_is_acknowledged_again_and_not_taken(
    broker: ScriptedBroker, stream: MqttStream
) -> None:
    peer = broker.accept()
    peer.sendall(publish(b"a", 1))
    stream.acknowledge(take(stream, 1))
    assert peer.recv(4096) == b"\x40\x02\x00\x01"

    peer.sendall(publish(b"a", 1, header=0x3A) + publish(b"other", 1) + publish(b"a", 2))

    assert payloads(take(stream, 2)) == [b"other", b"a"]
    assert peer.recv(4096) == b"\x40\x02\x00\x01"


def test_what_was_in_hand_before_a_new_connection_is_not_acknowledged_on_it(
    broker: ScriptedBroker, stream: MqttStream
) -> None:
    broker.accept().sendall(publish(b"a", 1))
    (held,) = take(stream, 1)
    peer = broker.accept()
    assert stream.connected.wait(TIMEOUT_S)
    peer.sendall(publish(b"other", 1))
    (other,) = take(stream, 1)

    stream.acknowledge([held])
    stream.acknowledge([other])

    assert peer.recv(4096) == b"\x40\x02\x00\x01"
    peer.settimeout(0.2)
    with pytest.raises(TimeoutError):
        peer.recv(4096)


@pytest.mark.parametrize("nonsense", [b"\x32\x03\x00\x09abcdef", b"\x32\xff\xff\xff\xff\x01"])
def test_connects_anew_after_nonsense(broker: ScriptedBroker, stream: MqttStream, nonsense: bytes) -> None:
    broker.accept().sendall(nonsense)
    assert stream.take(1.0) == []

    broker.accept().sendall(publish(b"a", 1))

    assert payloads(take(stream, 1)) == [b"a"]


def test_is_not_connected_where_the_subscription_is_refused(
    broker: ScriptedBroker, stream: MqttStream
) -> None:
    broker.accept(suback=b"\x90\x05\x00\x01\x01\x80\x01")
    broker.accept(suback=b"\x90\x05\x00\x01\x01\x80\x01")  # it tries again

    assert not stream.connected.is_set()


def test_what_was_acknowledged_reaches_a_broker_that_sends_on_while_we_disconnect(
    broker: ScriptedBroker, stream: MqttStream
) -> None:
    peer = broker.accept()
    peer.sendall(publish(b"a", 1))
    taken = take(stream, 1)

    def end() -> None:
        stream.acknowledge(taken)
        stream.stop()

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(end)
        for _ in range(20):
            peer.sendall(publish(bytes(100), 0) * 100)
            time.sleep(0.01)
        heard = b"".join(iter(lambda: peer.recv(4096), b""))
        peer.close()
        ended.result(TIMEOUT_S)

    assert heard == b"\x40\x02\x00\x01\xe0\x00"


def test_holds_the_broker_back_when_nobody_takes(
    broker: ScriptedBroker, stream: MqttStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_session, "MAX_UNREAD_BYTES", 1000)
    peer = broker.accept()
    assert stream.connected.wait(TIMEOUT_S)
    peer.settimeout(0.5)
    one = publish(bytes(100), 0)
    with pytest.raises(TimeoutError):
        peer.sendall(one * 500_000)

    session = stream._session
    assert session is not None
    assert session._received_bytes < 1000 + 2 * mqtt_session.RECEIVE_BYTES

    began = time.monotonic()
    stream.stop()  # though it does not read, and so does not see the broker close
    assert time.monotonic() - began < mqtt_stream.END_S + 1.0


def test_says_that_it_lives_and_gives_a_silent_broker_up(
    broker: ScriptedBroker, stream: MqttStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_session, "PING_S", 0.1)
    monkeypatch.setattr(mqtt_session, "SILENCE_S", 0.5)
    peer = broker.accept()
    assert stream.connected.wait(TIMEOUT_S)
    peer.sendall(publish(b"a", 1))  # ends the wait that began with the longer time
    assert peer.recv(2) == b"\xc0\x00"

    wait_for(lambda: not stream.connected.is_set())
