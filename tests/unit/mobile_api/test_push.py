import base64
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud.ports.records import PreferencesRecord, device_pk
from cloud.ports.state import Put
from mobile_api.leases import LEASE
from mobile_api.push_address import ForbiddenAddressError, check_url, post
from mobile_api.push_delivery import MAX_ATTEMPTS, PushDelivery
from mobile_api.push_sender import open_sender
from mobile_api.services import PushOutcome, PushService

if TYPE_CHECKING:
    from mobile_api.records import SubscriptionRecord as Record
    from tests.unit.mobile_api.conftest import MakeWorld, Person, Reply, World

ENDPOINT = "https://push.example.org/send/1"
P256DH = base64.urlsafe_b64encode(b"\x04" + bytes(64)).rstrip(b"=").decode()
AUTH = base64.urlsafe_b64encode(bytes(16)).rstrip(b"=").decode()
Deliver = Callable[[], PushDelivery]


@dataclass
class Service(PushService):
    """A push service that answers as the test says."""

    answer: PushOutcome = "sent"
    told: list[str] = field(default_factory=list)

    @property
    def public_key(self) -> str:
        return "key"

    def send(self, to: "Record") -> PushOutcome:
        self.told.append(to.endpoint)
        return self.answer


@pytest.fixture
def world(make_world: "MakeWorld") -> "World":
    return make_world(push_contact="mailto:ops@example.org")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def delivery(world: "World", service: Service) -> PushDelivery:
    return PushDelivery(service, world.app.app_context)


@pytest.fixture
def person(world: "World") -> "Person":
    person = world.sign_up()
    world.device_of(person)
    _let(world, "one_tap")
    return person


def _let(world: "World", autonomy: str) -> None:
    record = PreferencesRecord.model_validate({"autonomy": autonomy})
    world.state.transact([Put(device_pk("dev-1"), "preferences", record.model_dump(mode="json"))])


def _subscribe(person: "Person", endpoint: str = ENDPOINT, **keys: str) -> "Reply":
    body: dict[str, Any] = {"endpoint": endpoint, "keys": {"p256dh": P256DH, "auth": AUTH, **keys}}
    return person.post("/v1/push/subscriptions", json=body)


def test_a_browser_is_told_once_of_advice_that_waits_for_a_tap(
    world: "World", person: "Person", service: Service, delivery: PushDelivery
) -> None:
    assert _subscribe(person).status_code == 201
    assert delivery.look() == 0
    world.advise("dev-1")

    assert [delivery.look() for _ in range(3)] == [1, 0, 0]
    world.advise("dev-1", advice_id="advice-next")
    assert delivery.look() == 1
    assert service.told == [ENDPOINT] * 2


@pytest.mark.parametrize(
    ("autonomy", "status"), [("suggest", "offered"), ("auto", "offered"), ("one_tap", "applied")]
)
def test_nobody_is_told_of_what_needs_no_tap(
    world: "World", person: "Person", delivery: PushDelivery, autonomy: str, status: str
) -> None:
    _subscribe(person)
    _let(world, autonomy)
    world.advise("dev-1", status=status)

    assert delivery.look() == 0


def test_nobody_is_told_of_anothers_advice_nor_after_signing_out(
    world: "World", person: "Person", delivery: PushDelivery
) -> None:
    other = world.sign_up()
    _subscribe(other, f"{ENDPOINT}/other")
    _subscribe(person)
    world.nobody().post("/oauth/revoke", data={"token": person.refresh_token, "client_id": "ac-advisor-app"})
    world.advise("dev-1")

    assert delivery.look() == 0
    assert len(world.state.query("push")) == 1


def test_a_browser_that_unsubscribes_is_told_no_more_and_no_other_one_is_touched(
    world: "World", person: "Person", service: Service, delivery: PushDelivery
) -> None:
    _subscribe(person)
    world.advise("dev-1")
    stranger = world.sign_up()

    assert stranger.delete("/v1/push/subscriptions", query_string={"endpoint": ENDPOINT}).status_code == 204
    assert len(world.state.query("push")) == 1
    assert person.delete("/v1/push/subscriptions", query_string={"endpoint": ENDPOINT}).status_code == 204

    assert delivery.look() == 0
    assert world.state.query("push") == []


def test_what_is_not_taken_is_tried_again_later_and_not_for_ever(
    world: "World", person: "Person", service: Service, delivery: PushDelivery
) -> None:
    _subscribe(person)
    world.advise("dev-1", valid_until=world.clock.at + timedelta(days=1))
    service.answer = "later"

    delivery.look()
    delivery.look()
    assert len(service.told) == 1
    for _ in range(2 * MAX_ATTEMPTS):
        world.clock.forward(minutes=20)
        delivery.look()

    assert len(service.told) == MAX_ATTEMPTS


def test_a_browser_that_has_gone_is_forgotten(
    world: "World", person: "Person", service: Service, delivery: PushDelivery
) -> None:
    _subscribe(person)
    world.advise("dev-1")
    service.answer = "gone"

    delivery.look()

    assert world.state.query("push") == []


def test_one_replica_delivers_and_another_follows_when_it_has_died(
    world: "World", person: "Person", service: Service, delivery: PushDelivery
) -> None:
    other = PushDelivery(service, world.app.app_context)
    _subscribe(person)
    assert delivery.look() == 0
    world.advise("dev-1")

    assert other.look() == 0
    world.clock.at += LEASE
    assert other.look() == 1
    assert delivery.look() == 0


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/x",
        "https://push.example.org:8443/x",
        "https://user@push.example.org/x",
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://localhost/x",
        "https://metadata.google.internal/x",
        "file:///etc/passwd",
        "https://push.example.org:port/x",
    ],
)
def test_an_address_that_is_no_push_services_is_refused(person: "Person", endpoint: str) -> None:
    refused = _subscribe(person, endpoint)

    assert (refused.status_code, refused.json["errors"][0]["where"]) == (422, "#/endpoint")


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "fd00::1",
        "::ffff:192.168.1.1",
        "2002:a00:1::",
        "64:ff9b::a00:1",
    ],
)
def test_a_public_name_of_a_private_address_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    found = [(2, 1, 6, "", (known, 443)) for known in ("93.184.216.34", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    def connect(*_: object) -> None:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(ForbiddenAddressError):
        post(ENDPOINT, b"x", {}, private_ok=False)
    assert check_url(ENDPOINT, private_ok=False).hostname == "push.example.org"


def test_keys_that_no_browser_has_are_refused(person: "Person") -> None:
    refused = _subscribe(person, auth=P256DH)

    assert (refused.status_code, refused.json["errors"][0]["where"]) == (422, "#/keys/auth")


def test_an_account_has_so_many_browsers_and_the_same_one_counts_once(
    person: "Person", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobile_api.push.MAX_SUBSCRIPTIONS", 1)

    statuses = [
        _subscribe(person, endpoint).status_code for endpoint in (ENDPOINT, ENDPOINT, f"{ENDPOINT}/2")
    ]

    assert statuses == [201, 201, 409]


def test_where_push_is_not_offered_there_is_no_key(make_world: "MakeWorld", person: "Person") -> None:
    assert person.get("/v1/push/key").status_code == 200
    plain = make_world()
    theirs = plain.sign_up()
    assert theirs.get("/v1/push/key").status_code == 404
    assert _subscribe(theirs).status_code == 404


def test_all_replicas_have_one_key(world: "World", person: "Person", make_world: "MakeWorld") -> None:
    again = open_sender(world.state, "mailto:ops@example.org", private_ok=False)

    assert person.get("/v1/push/key").json == {"application_server_key": again.public_key}
    assert len(base64.urlsafe_b64decode(again.public_key + "=")) == 65
