"""What every `Shadows` promises: what is requested arrives, whole and in order, or the caller is told."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError

from cloud.adapters.iot_shadows import IotShadows
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


@pytest.fixture(params=["memory", "mqtt", "aws_iot"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The adapter; what has arrived, once it is so many; and how to take the way away."""
    if request.param == "memory":
        memory = MemoryShadows()
        yield memory, lambda _count: memory.requested, lambda: setattr(memory, "available", False)
        return
    if request.param == "aws_iot":
        yield _aws(request.getfixturevalue("s3_endpoint"))
        return
    broker: Broker = request.getfixturevalue("make_broker")(*SERVICES)
    inbox = _Inbox()
    listener = _connect(broker, "shadow", inbox.put)
    connection = _connect(broker, "advisor")
    yield MqttShadows(connection, timeout_s=1.0), inbox.wait_for, broker.kill
    connection.stop()
    listener.stop()


def _aws(endpoint: str) -> World:
    """AWS IoT's shadows; what has arrived is what it has accepted."""
    things = boto3.client("iot", endpoint_url=endpoint)
    for number in range(7):
        things.create_thing(thingName=f"dev-{number}")
    things.close()
    client = boto3.client("iot-data", endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))
    accepted: list[tuple[str, Desired]] = []

    def note(parsed: dict[str, Any], model: object, http_response: object, **_: object) -> None:
        document = parsed["payload"].read()
        parsed["payload"] = BytesIO(document)
        thing = asked.pop(threading.get_ident())
        accepted.append((thing, _desired(document)))

    asked: dict[int, str] = {}

    def remember(params: dict[str, Any], **_: object) -> None:
        asked[threading.get_ident()] = params["thingName"]

    client.meta.events.register("provide-client-params.iot-data-plane.UpdateThingShadow", remember)
    client.meta.events.register("after-call.iot-data-plane.UpdateThingShadow", note)

    def take_away() -> None:
        client.meta.events.register("before-send.iot-data-plane", _no_answer)

    return IotShadows(client), lambda _count: accepted, take_away


def _desired(document: bytes) -> Desired:
    return Desired.model_validate_json(json.dumps(json.loads(document)["state"]["desired"]))


def _no_answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    raise ConnectTimeoutError(endpoint_url=request.url)


class _Inbox:
    def __init__(self) -> None:
        self._arrived: list[tuple[str, Desired]] = []
        self._changed = threading.Condition()

    def put(self, message: MqttMessage) -> None:
        with self._changed:
            self._arrived.append((topics.owner(message.topic), _desired(message.payload)))
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


def test_many_arrive_and_those_of_a_device_in_their_order(world: World) -> None:
    shadows, arrived, _ = world
    requests = [(f"dev-{n % 7}", Desired(setpoint_c=20 + n % 10, command_id=str(n))) for n in range(200)]

    shadows.request_all(requests)

    assert _by_device(arrived(200)) == _by_device(requests)


def _by_device(requests: list[tuple[str, Desired]]) -> dict[str, list[Desired]]:
    found: dict[str, list[Desired]] = {}
    for device_id, desired in requests:
        found.setdefault(device_id, []).append(desired)
    return found


def test_says_so_when_delivery_is_not_certain(world: World) -> None:
    shadows, _, take_away = world
    take_away()

    with pytest.raises(UnavailableError):
        shadows.request("dev-1", DESIRED)
