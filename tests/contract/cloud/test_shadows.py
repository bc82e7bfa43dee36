"""What every `Shadows` promises: what is requested arrives, whole and in order, or the caller is told."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from cloud.adapters.memory_shadows import MemoryShadows
from cloud.adapters.mqtt_connection import MqttConnection, MqttEndpoint, MqttMessage
from cloud.adapters.mqtt_shadow import MqttShadows
from cloud.errors import UnavailableError
from cloud.ports.commands import Shadows
from edge.contract import Desired, topics
from infra.local.broker import Broker, Identity

DESIRED = Desired(
    setpoint_c=25.5,
    mode="cool",
    advice_id="a1",
    command_id="c1",
    requested_by="advisor",
    expires_at=datetime(2025, 7, 1, 12, tzinfo=UTC),
)
SERVICES = tuple(Identity(name, name, "cloud", "service") for name in ("advisor", "shadow"))

Arrived = Callable[[int], list[tuple[str, Desired]]]
World = tuple[Shadows, Arrived, Callable[[], None]]


@pytest.fixture(params=["memory", "mqtt"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The adapter; what has arrived, once it is so many; and how to take the way away."""
    if request.param == "memory":
        memory = MemoryShadows()
        yield memory, lambda _count: memory.requested, lambda: setattr(memory, "available", False)
        return
    broker: Broker = request.getfixturevalue("make_broker")(*SERVICES)
    inbox = _Inbox()
    listener = _connect(broker, "shadow", inbox.put)
    connection = _connect(broker, "advisor")
    yield MqttShadows(connection, timeout_s=1.0), inbox.wait_for, broker.kill
    connection.stop()
    listener.stop()


class _Inbox:
    def __init__(self) -> None:
        self._arrived: list[tuple[str, Desired]] = []
        self._changed = threading.Condition()

    def put(self, message: MqttMessage) -> None:
        desired = Desired.model_validate_json(json.dumps(json.loads(message.payload)["state"]["desired"]))
        with self._changed:
            self._arrived.append((topics.owner(message.topic), desired))
            self._changed.notify()

    def wait_for(self, count: int) -> list[tuple[str, Desired]]:
        with self._changed:
            self._changed.wait_for(lambda: len(self._arrived) >= count, timeout=10)
            return self._arrived


def _connect(
    broker: Broker, name: str, on_message: Callable[[MqttMessage], None] | None = None
) -> MqttConnection:
    connection = MqttConnection(
        MqttEndpoint("127.0.0.1", broker.settings.mqtt_port, name, name),
        f"test-{name}",
        topics=() if on_message is None else (topics.SHADOW_UPDATE,),
        on_message=on_message,
    )
    connection.start()
    assert connection.connected.wait(10)
    return connection


def test_what_is_requested_arrives_whole(world: World) -> None:
    shadows, arrived, _ = world

    shadows.request("dev-1", DESIRED)

    assert arrived(1) == [("dev-1", DESIRED)]


def test_many_arrive_in_their_order(world: World) -> None:
    shadows, arrived, _ = world
    requests = [(f"dev-{n % 7}", Desired(setpoint_c=20 + n % 10, command_id=str(n))) for n in range(200)]

    shadows.request_all(requests)

    assert arrived(200) == requests


def test_says_so_when_delivery_is_not_certain(world: World) -> None:
    shadows, _, take_away = world
    take_away()

    with pytest.raises(UnavailableError):
        shadows.request("dev-1", DESIRED)
