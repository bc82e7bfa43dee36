import random
from collections.abc import Callable

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from pydantic import SecretStr

from edge.adapters.mqtt_inbox import MAX_ROUND_BYTES, MAX_ROUND_MESSAGES, Inbox, SiteListener, acknowledge
from edge.adapters.mqtt_session import Endpoint, MqttSession


class Client(mqtt.Client):
    """A client that is not connected and remembers what it would acknowledge."""

    def __init__(self) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id="gw", manual_ack=True)
        self.acknowledged: list[int] = []

    def ack(self, mid: int, qos: int) -> MQTTErrorCode:
        assert qos == 1
        self.acknowledged.append(mid)
        return MQTTErrorCode.MQTT_ERR_SUCCESS


class Site:
    def __init__(self) -> None:
        self.inbox = Inbox()
        self.listener = SiteListener(self.inbox)
        endpoint = Endpoint("127.0.0.1", 1, "gw", SecretStr(""), "gw", durable=True)
        rng = random.Random(1)  # noqa: S311 (spreads reconnects, hides nothing)
        self.session = MqttSession("site", endpoint, None, rng)
        self.listener.attach(self.session)
        self.connect()

    def connect(self) -> None:
        """A new connection, as the session makes one."""
        self.listener.on_down()
        self.session._client = self.client = Client()

    def deliver(self, mid: int, payload: bytes = b"x") -> None:
        message = mqtt.MQTTMessage(mid, b"dt/ac/dev-1/telemetry")
        message.qos, message.payload = 1, payload
        self.listener.on_message(self.client, message)

    def payloads(self) -> list[bytes]:
        return [received.message.payload for received in self.inbox.take(0)]


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens while the inbox waits; each wait is one of them, or nothing."""
    happenings: list[Callable[[], None]] = []

    def sleep(_seconds: float) -> None:
        if happenings:
            happenings.pop(0)()

    monkeypatch.setattr("edge.adapters.mqtt_inbox.time.sleep", sleep)
    return happenings


def test_what_comes_a_moment_after_the_first_belongs_to_its_round(
    site: Site, meanwhile: list[Callable[[], None]]
) -> None:
    site.deliver(1, b"1")
    meanwhile += [lambda: site.deliver(2, b"2"), lambda: site.deliver(3, b"too late")]

    assert site.payloads() == [b"1", b"2"]
    assert len(meanwhile) == 1


def test_a_full_round_waits_for_nobody(site: Site, meanwhile: list[Callable[[], None]]) -> None:
    for mid in range(1, MAX_ROUND_MESSAGES + 2):
        site.deliver(mid)
    meanwhile.append(lambda: pytest.fail("waited"))

    assert len(site.payloads()) == MAX_ROUND_MESSAGES


def test_a_round_is_what_has_arrived_in_order(site: Site) -> None:
    for mid in range(1, 6):
        site.deliver(mid, str(mid).encode())

    assert site.payloads() == [b"1", b"2", b"3", b"4", b"5"]
    assert site.payloads() == []


def test_a_round_is_bounded_in_messages_and_bytes(site: Site) -> None:
    for mid in range(1, MAX_ROUND_MESSAGES + 2):
        site.deliver(mid)
    assert len(site.payloads()) == MAX_ROUND_MESSAGES
    site.payloads()

    for mid in (1001, 1002, 1003):
        site.deliver(mid, b"x" * (MAX_ROUND_BYTES // 2))
    assert len(site.payloads()) == 2


def test_nothing_is_acknowledged_before_its_round_is(site: Site) -> None:
    site.deliver(1)
    site.deliver(2)
    round_ = site.inbox.take(0)
    assert site.client.acknowledged == []

    acknowledge(round_)

    assert site.client.acknowledged == [1, 2]


def test_a_message_that_comes_again_while_it_waits_is_taken_once(site: Site) -> None:
    site.deliver(1)
    site.deliver(1)
    round_ = site.inbox.take(0)
    site.deliver(1)
    acknowledge(round_)
    site.deliver(1)  # a new message under the same packet id

    assert len(round_) == 1
    assert len(site.payloads()) == 1


def test_messages_of_a_lost_connection_are_left_to_the_broker(site: Site) -> None:
    site.deliver(1, b"taken")
    round_ = site.inbox.take(0)
    site.deliver(2, b"waiting")
    before = site.client

    site.connect()
    acknowledge(round_)
    site.deliver(2, b"again")

    assert site.payloads() == [b"again"]
    assert before.acknowledged == site.client.acknowledged == []
