import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from cloud.ports.records import home_pk
from cloud.ports.state import Delete
from mobile_api import live, streams
from mobile_api.events import live_feed

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

PATIENCE_S = 5.0


class Said(NamedTuple):
    kind: str
    place: str
    data: dict[str, Any]


class Client:
    """Somebody who reads a stream, event by event."""

    def __init__(self, person: "Person", last_event_id: str | None = None) -> None:
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        self.answer = person.get("/v1/events", headers=headers)
        self._events = self._read()

    def _read(self) -> Iterator[Said]:
        for piece in self.answer.response:
            for block in piece.decode().split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
                if "event" in fields:
                    yield Said(fields["event"], fields["id"], json.loads(fields["data"]))

    def next(self) -> Said:
        return next(self._events)

    def until(self, kind: str) -> Said:
        return next(said for said in self._events if said.kind == kind)

    def rest(self) -> list[Said]:
        return list(self._events)

    def close(self) -> None:
        self.answer.close()


Connect = Callable[..., Client]


@pytest.fixture
def person(world: "World") -> "Person":
    live_feed(world.app).poll_s = 0.01
    person = world.sign_up()
    world.device_of(person)
    return person


@pytest.fixture
def connect() -> Iterator[Connect]:
    clients = []

    def make(person: "Person", last_event_id: str | None = None) -> Client:
        clients.append(Client(person, last_event_id))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def _report(world: "World", minutes: float, device_id: str = "dev-1") -> None:
    world.report(device_id, world.clock.at + timedelta(minutes=minutes))


def _minutes(world: "World", said: Said) -> float:
    start = world.clock.at.isoformat().replace("+00:00", "Z")
    assert said.data["sampled_at"][:13] == start[:13]
    return int(said.data["sampled_at"][14:16])


def test_a_new_stream_tells_what_is_so_and_then_what_changes(
    world: "World", person: "Person", connect: Connect
) -> None:
    world.advise("dev-1")
    client = connect(person)

    assert client.answer.mimetype == "text/event-stream"
    first = {said.kind: said.data for said in (client.next(), client.next())}
    assert first["recommendation"] == person.get("/v1/devices/dev-1/recommendation").json
    assert first["health"] == {"device_id": "dev-1", "status": "new"}

    _report(world, 1)
    reading = client.until("reading")
    assert (reading.data["device_id"], _minutes(world, reading)) == ("dev-1", 1)
    assert client.until("health").data["status"] == "online"
    person.post("/v1/recommendations/advice-dev-1/accept")
    assert client.until("recommendation").data["status"] == "accepted"
    sent = person.post("/v1/devices/dev-1/commands", json={"setpoint_c": 25.0})
    assert client.until("command").data == sent.json


def test_one_home_never_hears_of_another(world: "World", person: "Person", connect: Connect) -> None:
    other = world.sign_up()
    world.device_of(other, "dev-2")
    client, theirs = connect(person), connect(other)
    client.until("health")
    theirs.until("health")

    _report(world, 1, "dev-2")
    world.advise("dev-2")
    _report(world, 2, "dev-1")

    assert theirs.until("reading").data["device_id"] == "dev-2"
    heard = [client.next(), client.next()]
    assert {said.data["device_id"] for said in heard} == {"dev-1"}


def test_who_comes_again_misses_no_reading_and_is_told_no_state_twice(
    world: "World", person: "Person", connect: Connect
) -> None:
    world.advise("dev-1")
    _report(world, 1)
    first = connect(person)
    first.next()
    known = first.next()
    first.close()
    for minutes in (2, 3):
        _report(world, minutes)
        _report(world, minutes, "dev-2")

    again = connect(person, known.place)

    assert [_minutes(world, again.next()) for _ in range(2)] == [2, 3]
    _report(world, 4)
    assert _minutes(world, again.next()) == 4


def test_who_comes_again_is_told_the_state_that_has_changed_meanwhile(
    world: "World", person: "Person", connect: Connect
) -> None:
    world.advise("dev-1")
    first = connect(person)
    first.next()
    known = first.next()
    first.close()
    person.post("/v1/recommendations/advice-dev-1/dismiss")

    again = connect(person, known.place)

    assert again.until("recommendation").data["status"] == "dismissed"


@pytest.mark.parametrize("place", ["nonsense", "999.0000000000000000.{now}", "0.0000000000000000.1000"])
def test_a_place_that_nobody_knows_is_answered_with_reset(
    world: "World", person: "Person", connect: Connect, place: str
) -> None:
    _report(world, 1)

    client = connect(person, place.format(now=int(time.time())))

    assert client.next().kind == "reset"
    assert client.next().kind == "health"


def test_who_was_away_for_more_than_can_be_read_is_told_to_read_anew(
    world: "World", person: "Person", connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = connect(person)
    known = first.until("health")
    first.close()
    monkeypatch.setattr(live, "MAX_BEHIND", 2)
    for minutes in range(3):
        _report(world, minutes)

    assert connect(person, known.place).next().kind == "reset"


def test_a_client_that_is_too_slow_is_told_so_and_nothing_is_kept_for_it(
    world: "World", person: "Person", connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RING", 2)
    slow = connect(person)
    slow.until("health")
    feed = live_feed(world.app)
    for minutes in range(4):
        _report(world, minutes)
    feed.poll()

    assert len(feed._ring) == 2
    assert slow.next().kind == "reset"
    assert slow.until("health").data["status"] == "online"


def test_a_stream_ends_when_a_device_comes_or_goes(
    world: "World", person: "Person", connect: Connect
) -> None:
    client = connect(person)
    client.until("health")

    world.device_of(person, "dev-2")

    assert client.until("end").data == {"reason": "access"}
    assert client.rest() == []


def test_a_stream_ends_with_the_membership_and_says_nothing_more(
    world: "World", person: "Person", connect: Connect
) -> None:
    client = connect(person)
    client.until("health")
    home_id = person.get("/v1/homes").json["items"][0]["home_id"]
    account_id = person.get("/v1/accounts/me").json["account_id"]

    world.state.transact([Delete(home_pk(home_id), f"member#{account_id}")])
    live_feed(world.app).poll()
    _report(world, 1)

    assert client.next().data == {"reason": "access"}


def test_a_stream_ends_with_the_session(world: "World", person: "Person", connect: Connect) -> None:
    client = connect(person)
    client.until("health")

    world.nobody().post("/oauth/revoke", data={"token": person.refresh_token, "client_id": "ac-advisor-app"})

    assert client.until("end").data == {"reason": "access"}


def test_an_account_has_its_share_of_streams_and_a_closed_one_is_free_again(
    person: "Person", connect: Connect
) -> None:
    clients = [connect(person) for _ in range(streams.MAX_STREAMS_EACH)]

    refused = person.get("/v1/events")
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert int(refused.headers["Retry-After"]) > 0
    clients[0].close()
    clients[0].close()

    assert connect(person).answer.status_code == 200
    assert person.get("/v1/events").status_code == 429


def test_a_server_has_room_for_so_many_streams(make_world: "MakeWorld", connect: Connect) -> None:
    world = make_world(max_streams=1)
    first, second = world.sign_up(), world.sign_up()
    connect(first)

    refused = second.get("/v1/events")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert second.call("HEAD", "/v1/events").status_code == 200  # takes no seat


def test_the_server_ends_a_stream_in_time_and_speaks_meanwhile(
    make_world: "MakeWorld", connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.05)
    world = make_world(stream_lifetime_s=0.3)
    client = connect(world.sign_up())

    pieces = list(client.answer.response)

    assert pieces[0].startswith(b"retry: ")
    assert b":\n\n" in pieces[1:]
    assert b'{"reason":"lifetime"}' in pieces[-1]


def test_a_server_that_is_about_to_end_ends_its_streams_and_takes_no_more(
    world: "World", person: "Person", connect: Connect
) -> None:
    client = connect(person)
    client.until("health")

    live_feed(world.app).drain()

    assert [said.data for said in client.rest()] == [{"reason": "draining"}]
    assert person.get("/v1/events").status_code == 503


def test_nobody_is_told_anything_without_signing_in(world: "World") -> None:
    assert world.nobody().get("/v1/events").status_code == 401


def test_one_thread_looks_for_all_and_none_when_nobody_watches(
    world: "World", person: "Person", connect: Connect
) -> None:
    feed = live_feed(world.app)
    assert feed._thread is None
    clients = [connect(person) for _ in range(3)]
    for client in clients:
        client.until("health")
    thread = feed._thread
    assert thread is not None

    for client in clients:
        client.close()

    thread.join(PATIENCE_S)
    assert not thread.is_alive()
