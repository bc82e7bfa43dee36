"""One device against all others: a thousand attempts to read or write what is not its own."""

import threading
import time
from collections.abc import Callable, Iterator
from random import Random

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from infra.local.broker import Broker, Identity

ATTEMPTS = 1000
ATTACKER = Identity("dev-0", "secret-0", "cloud", "device")
VICTIMS = tuple(Identity(f"dev-{n}", f"secret-{n}", "cloud", "device") for n in range(1, 6))
GATEWAY = Identity("gw-1", "secret-g", "cloud", "gateway", devices=("dev-4", "dev-5"))
SERVICE = Identity("svc", "secret-s", "cloud", "service")

WRITES = (
    "dt/ac/{}/telemetry",
    "dt/ac/{}/event",
    "dt/ac/{}/claim",
    "dt/ac/gw-1/batch",
    "$aws/things/{}/shadow/update",
    "$aws/things/{}/shadow/get",
    "$aws/things/{}/shadow/delete",
    "$aws/things/{}/shadow/update/delta",
    "$aws/things/{}/shadow/get/accepted",
    "dt/ac/{}/telemetry/x",
)
READS = (
    "dt/ac/{}/telemetry",
    "dt/ac/{}/claim/code",
    "dt/ac/+/telemetry",
    "dt/ac/#",
    "$aws/things/{}/shadow/update/delta",
    "$aws/things/{}/shadow/get/accepted",
    "$aws/things/+/shadow/update/documents",
    "$aws/things/#",
    "$aws/#",
    "#",
    "+/#",
)


class Party:
    """Somebody on the broker, who remembers what came, and what was refused."""

    def __init__(self, port: int, identity: Identity, client_id: str = "", *, durable: bool = False) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.granted = self.answered = 0
        self._ready = threading.Event()
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or identity.name, clean_session=not durable
        )
        self.paho.username_pw_set(identity.name, identity.password)
        self.paho.max_inflight_messages_set(ATTEMPTS)
        self.paho.on_connect = lambda *_: self._ready.set()
        self.paho.on_message = lambda _c, _d, each: self.got.append((each.topic, bytes(each.payload)))
        self.paho.on_subscribe = self._on_subscribe
        self.paho.connect("127.0.0.1", port)
        self.paho.loop_start()
        assert self._ready.wait(10)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, codes: list[ReasonCode], _: Properties | None
    ) -> None:
        self.answered += 1
        self.granted += sum(not code.is_failure for code in codes)

    def subscribe(self, topic: str) -> None:
        before = self.answered
        self.paho.subscribe(topic, 1)
        deadline = time.monotonic() + 10
        while self.answered == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.fixture
def enter(make_broker: Callable[..., Broker]) -> Iterator[Callable[..., Party]]:
    port = make_broker(ATTACKER, *VICTIMS, GATEWAY, SERVICE).settings.mqtt_port
    parties: list[Party] = []

    def make(identity: Identity, client_id: str = "", *, durable: bool = False) -> Party:
        parties.append(Party(port, identity, client_id, durable=durable))
        return parties[-1]

    yield make
    for party in parties:
        party.close()


def test_a_thousand_attempts_by_one_device_and_none_succeeds(
    enter: Callable[..., Party], capsys: pytest.CaptureFixture[str]
) -> None:
    """Half write and half read, topics of others and wildcards; the service sees its own messages alone."""
    random = Random(9)  # noqa: S311 (which)
    service, attacker = enter(SERVICE), enter(ATTACKER)
    service.subscribe("dt/ac/#")
    service.subscribe("$aws/things/#")
    victims = [victim.name for victim in VICTIMS]

    for _ in range(ATTEMPTS // 2):
        attacker.paho.publish(random.choice(WRITES).format(random.choice(victims)), b"attack", 1)
        attacker.subscribe(random.choice(READS).format(random.choice(victims)))
    for victim in victims:
        service.paho.publish(f"$aws/things/{victim}/shadow/update/delta", b"secret", 1).wait_for_publish(5)
    attacker.paho.publish("dt/ac/dev-0/telemetry", b"own", 1).wait_for_publish(5)
    _wait_for(lambda: ("dt/ac/dev-0/telemetry", b"own") in service.got)

    written = sum(payload == b"attack" for _, payload in service.got)
    with capsys.disabled():
        read, granted = len(attacker.got), attacker.granted
        print(f"\nattempts {ATTEMPTS}, written {written}, read {read}, granted {granted}")
    assert (written, attacker.got, attacker.granted) == (0, [], 0)


def test_who_takes_over_a_client_id_reads_nothing_of_its_session(enter: Callable[..., Party]) -> None:
    """The broker lets any identity use any client id; what it must not get are the other's messages."""
    owner = enter(SERVICE, "ingest-0", durable=True)
    owner.subscribe("dt/ac/+/telemetry")
    owner.close()

    thief = enter(ATTACKER, "ingest-0", durable=True)
    victim = enter(VICTIMS[0])
    victim.paho.publish("dt/ac/dev-1/telemetry", b"secret", 1).wait_for_publish(5)
    time.sleep(0.5)
    thief.close()
    again = enter(SERVICE, "ingest-0", durable=True)

    _wait_for(lambda: again.got)
    assert again.got == [("dt/ac/dev-1/telemetry", b"secret")]
    assert thief.got == []


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
