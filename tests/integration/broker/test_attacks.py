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

from edge.home_assistant.place import Place
from infra.local.broker import Broker, Identity
from infra.local.mqtt_load import LoadRefusedError, connected
from tests.waiting import wait_for

ATTEMPTS = 1000
ATTACKER = Identity("dev-0", "secret-0", "cloud", "device")
VICTIMS = tuple(Identity(f"dev-{n}", f"secret-{n}", "cloud", "device") for n in range(1, 6))
GATEWAY = Identity("gw-1", "secret-g", "cloud", "gateway", devices=("dev-4", "dev-5"))
SERVICE = Identity("svc", "secret-s", "cloud", "service")
SITE = (
    Identity("gw-1@site", "secret-w", "site", "service"),
    Identity("ac-t", "secret-t", "site", "device", sources=("tasmota:ac-t",)),
    Identity("zigbee2mqtt", "secret-z", "site", "bridge"),
    OUR_HOME := Identity("home-assistant", "secret-h", "site", "home_assistant"),
    COTTAGE := Identity("cottage", "secret-c", "site", "home_assistant"),
)

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
    "dt/ac/{}/claim/devices",
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
HOME_WRITES = (
    *WRITES,
    "cmnd/ac-t/POWER",
    "tele/ac-t/SENSOR",
    "zigbee2mqtt/{}/set",
    "ac-advisor/cottage/{}/set/setpoint",
    "ac-advisor/cottage/{}/state",
    "ac-advisor/cottage/availability",
    "homeassistant/device/cottage/{}/config",
    "homeassistant/device/{}/config",
    "homeassistant/climate/{}/ac/config",
)
HOME_READS = (
    *READS,
    "ac-advisor/#",
    "ac-advisor/+/{}/state",
    "ac-advisor/cottage/{}/advice",
    "ac-advisor/cottage/#",
    "homeassistant/#",
    "homeassistant/device/cottage/+/config",
    "cmnd/#",
    "tele/ac-t/#",
    "zigbee2mqtt/#",
)


class Party:
    """Somebody on the broker, who remembers what came, and what was refused."""

    def __init__(self, port: int, identity: Identity, client_id: str = "", *, durable: bool = False) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.granted = self.answered = self.lost = 0
        self._ready = threading.Event()
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or identity.name, clean_session=not durable
        )
        self.paho.username_pw_set(identity.name, identity.password)
        self.paho.max_inflight_messages_set(ATTEMPTS)
        self.paho.on_connect = lambda *_: self._ready.set()
        self.paho.on_message = lambda _c, _d, each: self.got.append((each.topic, bytes(each.payload)))
        self.paho.on_subscribe = self._on_subscribe
        self.paho.on_disconnect = self._on_disconnect
        self.paho.connect("127.0.0.1", port)
        self.paho.loop_start()
        assert self._ready.wait(10)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, codes: list[ReasonCode], _: Properties | None
    ) -> None:
        self.answered += 1
        self.granted += sum(not code.is_failure for code in codes)

    def _on_disconnect(self, *_: object) -> None:
        self.lost += 1

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
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker(ATTACKER, *VICTIMS, GATEWAY, SERVICE)


@pytest.fixture
def enter(broker: Broker) -> Iterator[Callable[..., Party]]:
    port = broker.settings.mqtt_port
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
    wait_for(lambda: ("dt/ac/dev-0/telemetry", b"own") in service.got)

    written = sum(payload == b"attack" for _, payload in service.got)
    with capsys.disabled():
        read, granted = len(attacker.got), attacker.granted
        print(f"\nattempts {ATTEMPTS}, written {written}, read {read}, granted {granted}")
    assert (written, attacker.got, attacker.granted) == (0, [], 0)


def test_home_assistant_has_what_its_home_is_shown_and_a_thousand_attempts_at_more_fail(
    make_broker: Callable[..., Broker], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not devices, not other makes, not another home on the same broker, not by a bridge in its name."""
    random, broker = Random(11), make_broker(*SITE, *VICTIMS, GATEWAY)  # noqa: S311 (which)
    port = broker.settings.mqtt_port
    gateway, ours, cottage, bridge = (Party(port, each) for each in (SITE[0], OUR_HOME, COTTAGE, SITE[2]))
    gateway.subscribe("#")
    shown = Place("cottage")
    cottage.paho.publish(shown.discovery("dev-1"), b"theirs", 1, retain=True).wait_for_publish(5)
    for topic in ("homeassistant/+/+/config", "homeassistant/+/+/+/config", "ac-advisor/home-assistant/#"):
        ours.subscribe(topic)
    assert ours.granted == 3

    for _ in range(ATTEMPTS // 2):
        victim = random.choice(VICTIMS).name
        ours.paho.publish(random.choice(HOME_WRITES).format(victim), b"attack", 1)
        ours.subscribe(random.choice(HOME_READS).format(victim))
    bridge.paho.publish(shown.discovery("dev-2"), b"attack", 1)
    cottage.paho.publish(shown.discovery("dev-3"), b"theirs", 1).wait_for_publish(5)
    cottage.paho.publish(shown.state("dev-1"), b"theirs", 1).wait_for_publish(5)
    own = Place(OUR_HOME.name)
    for topic in (own.discovery("dev-1"), own.press("dev-1", "apply")):
        ours.paho.publish(topic, b"own", 1).wait_for_publish(5)

    wait_for(lambda: (own.press("dev-1", "apply"), b"own") in ours.got)
    wait_for(lambda: (own.press("dev-1", "apply"), b"own") in gateway.got)
    written = sum(payload == b"attack" for _, payload in gateway.got)
    with capsys.disabled():
        print(
            f"\nattempts {ATTEMPTS}, written {written}, read {len(ours.got) - 2}, granted {ours.granted - 3}"
        )
    for party in (gateway, ours, cottage, bridge):
        party.close()
    assert (written, ours.granted) == (0, 3)
    assert {payload for _, payload in ours.got} == {b"own"}


def test_a_thousand_attempts_to_take_over_a_session_and_none_succeeds(
    broker: Broker, enter: Callable[..., Party], capsys: pytest.CaptureFixture[str]
) -> None:
    """A clean session of the same client id would delete what waits for ingest, acknowledged as it is."""
    random = Random(10)  # noqa: S311 (which)
    ingest = enter(SERVICE, "ingest-0", durable=True)
    ingest.subscribe("dt/ac/+/telemetry")
    ingest.close()
    victim = enter(VICTIMS[0])
    readings = [f"reading {n}".encode() for n in range(100)]
    for reading in readings:
        victim.paho.publish("dt/ac/dev-1/telemetry", reading, 1).wait_for_publish(5)
    wanted = ("ingest-0", "ingest-0", "ingest-7", "shadow-0", "gw-1", "gw-1-site", "dev-1", "svc")

    taken = sum(
        _can_take(broker, random.choice(wanted), clean=random.random() < 0.7) for _ in range(ATTEMPTS)
    )

    with capsys.disabled():
        print(f"\nattempts {ATTEMPTS}, sessions taken {taken}")
    assert taken == 0
    assert victim.lost == 0
    assert _can_take(broker, ATTACKER.name, clean=True), "its own it has"
    again = enter(SERVICE, "ingest-0", durable=True)
    wait_for(lambda: len(again.got) >= len(readings))
    assert [payload for _, payload in again.got] == readings


def test_a_client_id_of_ones_own_choice_stays_ones_own(broker: Broker) -> None:
    """Devices of other makes choose their client ids; who was first keeps it, over restarts, too."""
    first, second = VICTIMS[:2]
    assert _can_take(broker, "DVES_123456", first)
    assert not _can_take(broker, "DVES_123456", second)

    broker.stop()
    broker.start()

    assert not _can_take(broker, "DVES_123456", second)
    assert _can_take(broker, "DVES_123456", first)
    broker.reload([ATTACKER, second])  # nothing is left of who is gone
    wait_for(lambda: not _can_take(broker, "other", first))
    wait_for(lambda: _can_take(broker, "DVES_123456", second))


def _can_take(broker: Broker, client_id: str, thief: Identity = ATTACKER, *, clean: bool = True) -> bool:
    try:
        with connected(broker.settings.mqtt_port, thief, client_id, clean=clean):
            return True
    except LoadRefusedError:
        return False
