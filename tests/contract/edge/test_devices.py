import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from edge.adapters.memory import MemoryDevices
from edge.adapters.mqtt_devices import MqttDevices
from edge.adapters.mqtt_session import Endpoint, MqttSession
from edge.errors import DevicesUnavailableError
from edge.ports import Devices, Parcel
from infra.local.broker import Broker, Identity

GATEWAY = Identity("gw-1@site", "secret-1", "site", "service")
DEVICE = Identity("dev-1", "secret-2", "site", "device")

TOPIC = "$aws/things/dev-1/shadow/update/delta"


class Site(Protocol):
    """The way to devices, and what a test may do to it."""

    @property
    def devices(self) -> Devices:
        """The one under test."""
        ...

    def told(self, count: int) -> list[Parcel]:
        """What `dev-1` was told, once it was told at least `count` times."""
        ...

    def cut(self) -> None:
        """Take the site away."""
        ...


@dataclass
class MemorySite:
    devices: MemoryDevices = field(default_factory=MemoryDevices)

    def told(self, count: int) -> list[Parcel]:
        assert len(self.devices.told) >= count
        return self.devices.told

    def cut(self) -> None:
        self.devices.down = True


class MqttSite:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._got: list[Parcel] = []
        self._device = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="dev-1")
        self._device.username_pw_set(DEVICE.name, DEVICE.password)
        self._device.on_message = lambda _client, _data, each: self._got.append(
            Parcel(each.topic, bytes(each.payload))
        )
        subscribed = threading.Event()
        self._device.on_connect = lambda client, *_: client.subscribe(TOPIC, 1)
        self._device.on_subscribe = lambda *_: subscribed.set()
        self._device.connect("127.0.0.1", broker.settings.mqtt_port)
        self._device.loop_start()
        assert subscribed.wait(5)
        port = broker.settings.mqtt_port
        endpoint = Endpoint("127.0.0.1", port, GATEWAY.name, SecretStr("secret-1"), "gw", durable=True)
        self.session = MqttSession("site", endpoint, None, random.Random(1))  # noqa: S311 (spreads reconnects, hides nothing)
        self.devices = MqttDevices(self.session)
        self.session.start()
        assert self.session.up.wait(5)

    def told(self, count: int) -> list[Parcel]:
        deadline = time.monotonic() + 5
        while len(self._got) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._got

    def cut(self) -> None:
        self._broker.kill()
        deadline = time.monotonic() + 5
        while self.session.up.is_set() and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self) -> None:
        self.session.stop()
        self._device.disconnect()
        self._device.loop_stop()


@pytest.fixture(params=["memory", "mqtt"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    if request.param == "memory":
        yield MemorySite()
        return
    make_broker: Callable[..., Broker] = request.getfixturevalue("make_broker")
    mqtt_site = MqttSite(make_broker(GATEWAY, DEVICE))
    yield mqtt_site
    mqtt_site.close()


def test_devices_are_told_in_order(site: Site) -> None:
    orders = [Parcel(TOPIC, str(n).encode()) for n in range(200)]

    site.devices.tell(orders)

    assert site.told(200) == orders


def test_a_site_that_is_away_is_said(site: Site) -> None:
    site.cut()

    with pytest.raises(DevicesUnavailableError):
        site.devices.tell([Parcel(TOPIC, b"1")])
