import itertools
import json
import random
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import paho.mqtt.client as mqtt
import pytest
from botocore.exceptions import EndpointConnectionError
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from edge.adapters.kinesis_uplink import KinesisUplink
from edge.adapters.memory import MemoryUplink
from edge.adapters.mqtt_session import Endpoint, MqttSession, Tls
from edge.adapters.mqtt_uplink import MqttUplink
from edge.errors import UplinkUnavailableError
from edge.pacing import Pace
from edge.ports import Parcel, Uplink
from edge.quotas import PUBLISHES_PER_S
from infra.local.broker import Broker, Identity

if TYPE_CHECKING:
    from tests.conftest import Authority

GATEWAY = Identity("gw-1", "secret-1", "cloud", "gateway", devices=("dev-1",))
AWS_GATEWAY = Identity("gw-1", "secret-1", "cloud", "service")
"""AWS's policies, not our broker's, let a gateway into a rule's topic."""

STREAM, RULE = "telemetry", "readings"
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
    """A durable subscriber of the cloud account, and a gateway's session: by password or certificate."""

    def __init__(self, broker: Broker, authority: "Authority | None" = None) -> None:
        self._broker = broker
        self._got: list[Parcel] = []
        self._prefix = "" if authority is None else f"$aws/rules/{RULE}/"
        self._cloud = self._subscriber(authority)
        tls = None if authority is None else Tls(authority.ca_file, *authority.issue("gw-1"))
        name, password = ("gw-1", "secret-1") if authority is None else ("", "")
        port = broker.settings.mqtt_port
        endpoint = Endpoint("127.0.0.1", port, name, SecretStr(password), "gw-1", durable=False, tls=tls)
        self._session = MqttSession("cloud", endpoint, None, random.Random(1))  # noqa: S311 (spreads reconnects, hides nothing)
        pace = None if authority is None else Pace(PUBLISHES_PER_S, time.monotonic, time.sleep)
        rule = "" if authority is None else RULE
        self.uplink = MqttUplink(self._session, timeout_s=5, pace=pace, rule=rule)
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

    def _subscriber(self, authority: "Authority | None") -> mqtt.Client:
        cloud = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="cloud", clean_session=False)
        if authority is None:
            cloud.username_pw_set(SERVICE.name, SERVICE.password)
        else:
            cert_file, key_file = authority.issue(SERVICE.name)
            cloud.tls_set(str(authority.ca_file), str(cert_file), str(key_file))
        cloud.reconnect_delay_set(1, 1)
        subscribed = threading.Event()
        cloud.on_connect = lambda client, *_: client.subscribe(self._prefix + "dt/ac/#", 1)
        cloud.on_subscribe = lambda *_: subscribed.set()
        cloud.on_message = lambda _client, _data, each: self._got.append(
            Parcel(each.topic.removeprefix(self._prefix), bytes(each.payload))
        )
        cloud.connect("127.0.0.1", self._broker.settings.mqtt_port)
        cloud.loop_start()
        assert subscribed.wait(5)
        return cloud


class KinesisLine:
    """A stream of two shards in moto's server, which `cut` makes unreachable."""

    def __init__(self, endpoint: str) -> None:
        self._client = boto3.client("kinesis", endpoint_url=endpoint)
        self._client.create_stream(StreamName=STREAM, ShardCount=2)
        self.others = MemoryUplink()
        self.uplink = KinesisUplink(self._client, STREAM, self.others, lambda _: None)

    def delivered(self, count: int) -> list[Parcel]:
        records = []
        for shard in self._client.list_shards(StreamName=STREAM)["Shards"]:
            place = self._client.get_shard_iterator(
                StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )
            found = self._client.get_records(ShardIterator=place["ShardIterator"], Limit=10_000)
            records += found["Records"]
        ordered = sorted(records, key=lambda each: int(each["SequenceNumber"]))
        parcels = [json.loads(each["Data"]) for each in ordered]
        got = [Parcel(each["topic"], b64decode(each["payload"])) for each in parcels]
        assert len(dict.fromkeys(got)) >= count
        return list(dict.fromkeys(got))

    def cut(self) -> None:
        self._client.meta.events.register("before-send.kinesis", self._unreachable)

    def mend(self) -> None:
        self._client.meta.events.unregister("before-send.kinesis", self._unreachable)

    def close(self) -> None:
        self.mend()
        self._client.delete_stream(StreamName=STREAM)
        self._client.close()

    @staticmethod
    def _unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="kinesis")


@pytest.fixture(params=["memory", "mqtt", "aws_iot", "kinesis"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    if request.param == "memory":
        yield MemoryLine()
        return
    made: MqttLine | KinesisLine
    if request.param == "kinesis":
        made = KinesisLine(request.getfixturevalue("s3_endpoint"))
    else:
        make_broker: Callable[..., Broker] = request.getfixturevalue("make_broker")
        if request.param == "mqtt":
            made = MqttLine(make_broker(GATEWAY, SERVICE))
        else:
            authority: Authority = request.getfixturevalue("authority")
            made = MqttLine(make_broker(AWS_GATEWAY, SERVICE, tls=authority.broker_tls()), authority)
    yield made
    made.close()


@pytest.fixture
def kinesis(s3_endpoint: str) -> Iterator[KinesisLine]:
    line = KinesisLine(s3_endpoint)
    yield line
    line.close()


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


def test_kinesis_gets_again_what_a_shard_throttled_and_what_followed_it(kinesis: KinesisLine) -> None:
    """moto throttles nobody, so answers are changed on their way: every third record of two calls failed."""
    calls: list[int] = []

    def throttle(parsed: dict[str, Any], **_: object) -> None:
        calls.append(len(parsed["Records"]))
        if len(calls) <= 2:
            for result in parsed["Records"][::3]:
                result["ErrorCode"] = "ProvisionedThroughputExceededException"

    kinesis._client.meta.events.register("after-call.kinesis.PutRecords", throttle)
    parcels = [Parcel(f"dt/ac/dev-{n % 2}/event", str(n).encode()) for n in range(20)]

    kinesis.uplink.send(parcels)

    assert kinesis.delivered(20) == parcels
    # first 0 of dev-0 and 3 of dev-1 fail: 10 and 9 go again; then 0 and 7: 10 and 7 do
    assert calls == [20, 19, 17]


def test_kinesis_that_throttles_for_ever_counts_as_away(kinesis: KinesisLine) -> None:
    def throttle(parsed: dict[str, Any], **_: object) -> None:
        parsed["Records"][0]["ErrorCode"] = "ProvisionedThroughputExceededException"

    kinesis._client.meta.events.register("after-call.kinesis.PutRecords", throttle)

    with pytest.raises(UplinkUnavailableError, match="throttles"):
        kinesis.uplink.send(_parcels(2))


def test_what_is_no_telemetry_goes_around_kinesis(kinesis: KinesisLine) -> None:
    shadow = Parcel("$aws/things/dev-1/shadow/update", b"{}")

    kinesis.uplink.send([*_parcels(2), shadow])

    assert kinesis.delivered(2) == _parcels(2)
    assert kinesis.others.delivered == [shadow]


def test_a_stranger_with_a_certificate_of_nobody_is_not_let_in(
    make_broker: Callable[..., Broker], authority: "Authority"
) -> None:
    broker = make_broker(AWS_GATEWAY, tls=authority.broker_tls())
    tls = Tls(authority.ca_file, *authority.issue("somebody"))
    endpoint = Endpoint(
        "127.0.0.1", broker.settings.mqtt_port, "", SecretStr(""), "gw-1", durable=False, tls=tls
    )
    session = MqttSession("cloud", endpoint, None, random.Random(1))  # noqa: S311 (likewise)

    session.start()

    assert not session.up.wait(2)
    session.stop()


def test_a_client_id_connects_once_a_second_at_most() -> None:
    """A listener that hangs up at once; AWS IoT Core allows one CONNECT a second for each client id."""
    server = socket.create_server(("127.0.0.1", 0))
    times: list[float] = []

    def hang_up() -> None:
        while len(times) < 3:
            peer, _ = server.accept()
            times.append(time.monotonic())
            peer.close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    port = server.getsockname()[1]
    endpoint = Endpoint("127.0.0.1", port, "gw", SecretStr(""), "gw", durable=False, connect_interval_s=1.0)
    session = MqttSession("cloud", endpoint, None, random.Random(1))  # noqa: S311 (likewise)
    session.start()
    thread.join(20)
    session.stop()
    server.close()

    assert min(later - earlier for earlier, later in itertools.pairwise(times)) > 0.95
