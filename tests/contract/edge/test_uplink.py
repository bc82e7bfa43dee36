import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from edge.adapters.memory import MemoryUplink
from edge.adapters.mqtt_session import Endpoint, MqttSession
from edge.adapters.mqtt_uplink import MqttUplink
from edge.errors import UplinkUnavailableError
from edge.ports import Parcel, Uplink
from infra.local.broker import Broker, Identity

GATEWAY = Identity("gw-1", "secret-1", "cloud", "gateway", devices=("dev-1",))
SERVICE = Identity("svc", "secret-2", "cloud", "service")


class Line(Protocol):
    """An uplink, and what a test may do to it."""

    @property
    def uplink(self) -> Uplink:
        """The one under test."""
        ...

    def delivered(self, count: int) -> list[Parcel]:
        """What the cloud has, once it has at least `count`."""
        ...

    def cut(self) -> None:
        """Take the cloud away."""
        ...

    def mend(self) -> None:
        """Bring the cloud back, with what it had."""
        ...


@dataclass
class MemoryLine:
    uplink: MemoryUplink = field(default_factory=MemoryUplink)

    def delivered(self, count: int) -> list[Parcel]:
        assert len(self.uplink.delivered) >= count
        return self.uplink.delivered

    def cut(self) -> None:
        self.uplink.down = True

    def mend(self) -> None:
        self.uplink.down = False


class MqttLine:
    """A durable subscriber of the cloud account, and a gateway's session."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._got: list[Parcel] = []
        self._cloud = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud", clean_session=False)
        self._cloud.username_pw_set(SERVICE.name, SERVICE.password)
        self._cloud.reconnect_delay_set(1, 1)
        self._subscribed = threading.Event()
        self._cloud.on_connect = lambda client, *_: client.subscribe("dt/ac/#", 1)
        self._cloud.on_subscribe = lambda *_: self._subscribed.set()
        self._cloud.on_message = lambda _client, _data, each: self._got.append(
            Parcel(each.topic, bytes(each.payload))
        )
        port = broker.settings.mqtt_port
        self._cloud.connect("127.0.0.1", port)
        self._cloud.loop_start()
        assert self._subscribed.wait(5)
        endpoint = Endpoint("127.0.0.1", port, "gw-1", SecretStr("secret-1"), "gw-1", durable=False)
        self._session = MqttSession("cloud", endpoint, None, random.Random(1))  # noqa: S311 (spreads reconnects, hides nothing)
        self.uplink = MqttUplink(self._session, timeout_s=5)
        self._session.start()
        assert self._session.up.wait(5)

    def delivered(self, count: int) -> list[Parcel]:
        deadline = time.monotonic() + 10
        while len(dict.fromkeys(self._got)) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return list(dict.fromkeys(self._got))  # at least once: a broker that was killed delivers some again

    def cut(self) -> None:
        self._broker.kill()

    def mend(self) -> None:
        self._broker.start()
        assert self._session.up.wait(15)

    def close(self) -> None:
        self._session.stop()
        self._cloud.disconnect()
        self._cloud.loop_stop()


@pytest.fixture(params=["memory", "mqtt"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    if request.param == "memory":
        yield MemoryLine()
        return
    make_broker: Callable[..., Broker] = request.getfixturevalue("make_broker")
    mqtt_line = MqttLine(make_broker(GATEWAY, SERVICE))
    yield mqtt_line
    mqtt_line.close()


def _parcels(count: int, size: int = 10) -> list[Parcel]:
    return [Parcel("dt/ac/gw-1/batch", f"{n:0{size}d}".encode()) for n in range(count)]


def test_what_was_sent_is_delivered_in_order(line: Line) -> None:
    parcels = _parcels(300)

    line.uplink.send(parcels)

    assert line.delivered(300) == parcels


def test_large_messages_of_several_kinds_pass(line: Line) -> None:
    parcels = [*_parcels(8, size=128 * 1024), Parcel("dt/ac/dev-1/event", b"e")]

    line.uplink.send(parcels)

    assert line.delivered(9) == parcels


def test_nothing_to_send_is_sent_at_once(line: Line) -> None:
    line.uplink.send([])


def test_a_cloud_that_is_away_is_said(line: Line) -> None:
    line.cut()

    with pytest.raises(UplinkUnavailableError):
        line.uplink.send(_parcels(1))


def test_the_same_sent_again_arrives_when_the_cloud_is_back(line: Line) -> None:
    line.uplink.send(_parcels(3))
    line.delivered(3)
    line.cut()
    later = Parcel("dt/ac/gw-1/batch", b"later")
    with pytest.raises(UplinkUnavailableError):
        line.uplink.send([later])

    line.mend()
    line.uplink.send([later])

    assert line.delivered(4)[3:] == [later]


def test_a_broker_that_does_not_acknowledge_is_not_certain() -> None:
    """A listener that speaks just enough MQTT to connect: CONNACK (MQTT 3.1.1, section 3.2), then silence."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        peer, _ = server.accept()
        with peer:
            peer.recv(1024)
            peer.sendall(b"\x20\x02\x00\x00")
            while peer.recv(1024):
                pass

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    endpoint = Endpoint("127.0.0.1", server.getsockname()[1], "gw", SecretStr(""), "gw", durable=False)
    session = MqttSession("cloud", endpoint, None, random.Random(1))  # noqa: S311 (spreads reconnects, hides nothing)
    uplink = MqttUplink(session, timeout_s=0.3)
    session.start()
    assert session.up.wait(5)

    with pytest.raises(UplinkUnavailableError, match="does not acknowledge"):
        uplink.send(_parcels(1))

    session.stop()
    server.close()
    thread.join(5)
