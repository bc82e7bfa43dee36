from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import INBOX_PK
from cloud.ports.state import Delete
from cloud.ports.telemetry import IngestCommit
from edge.contract import Desired, Event
from mobile_api.commands import CONFIRMATION_TIME

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, Person, Reply, World

PATH = "/v1/devices/dev-1/commands"


@pytest.fixture
def person(world: "World") -> "Person":
    person = world.sign_up()
    world.device_of(person)
    return person


def _send(person: "Person", **body: object) -> "Reply":
    return person.post(PATH, json=body or {"setpoint_c": 25.0})


def _status(person: "Person", sent: "Reply") -> str:
    return str(person.get(sent.headers["Location"]).json["status"])


def test_a_command_is_left_for_the_advisor_in_the_words_of_the_shadow(
    world: "World", person: "Person"
) -> None:
    sent = _send(person, setpoint_c=25.5, mode="cool", fan="low", until="2026-07-14T20:00:00+02:00")

    assert sent.status_code == 202
    assert sent.headers["Location"] == f"{PATH}/{sent.json['command_id']}"
    assert sent.json["status"] == "queued"
    (entry,) = world.inbox()
    assert (entry.device_id, entry.kind, entry.at, entry.requested_by) == (
        "dev-1",
        "command",
        world.clock.at,
        "app",
    )
    assert entry.entry_id.startswith(f"{int(world.clock.at.timestamp() * 1000):013d}-")
    desired = Desired.model_validate(entry.command)
    assert (desired.setpoint_c, desired.mode, desired.fan) == (25.5, "cool", "low")
    assert desired.command_id == sent.json["command_id"]
    assert desired.expires_at == world.clock.at.replace(hour=18)


def test_what_was_not_asked_is_not_in_it(world: "World", person: "Person") -> None:
    _send(person, mode="off")

    assert set(world.inbox()[0].command or {}) == {"mode", "command_id", "requested_by"}


def test_it_is_sent_when_the_advisor_has_taken_it(world: "World", person: "Person") -> None:
    sent = _send(person)
    world.state.transact([Delete(INBOX_PK, world.inbox()[0].entry_id)])

    assert _status(person, sent) == "sent"


def test_it_is_confirmed_when_a_later_reading_shows_what_was_asked(world: "World", person: "Person") -> None:
    sent = _send(person, setpoint_c=25.0, mode="cool")
    world.report("dev-1", world.clock.at, setpoint_c=25.0)  # at that moment: made before
    assert _status(person, sent) == "queued"
    world.report("dev-1", world.clock.at + timedelta(minutes=1), setpoint_c=24.0)
    assert _status(person, sent) == "queued"

    world.report("dev-1", world.clock.at + timedelta(minutes=2), setpoint_c=25.0)

    assert _status(person, sent) == "confirmed"
    world.clock.forward(hours=1)
    world.renew(person)
    assert _status(person, sent) == "confirmed"


def test_a_device_that_rounds_confirms_only_when_it_names_the_app(world: "World", person: "Person") -> None:
    sent = _send(person, setpoint_c=25.5)
    world.report("dev-1", world.clock.at + timedelta(minutes=1), setpoint_c=26.0, changed_by="remote")
    assert _status(person, sent) == "queued"

    world.report("dev-1", world.clock.at + timedelta(minutes=2), setpoint_c=26.0, changed_by="app")

    assert _status(person, sent) == "confirmed"


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"mode": "off"}, {"mode": "cool"}),
        ({"fan": "low"}, {"fan": "high"}),
        ({"setpoint_c": 25.0}, {"mode": "off", "setpoint_c": None}),
    ],
)
def test_a_reading_that_shows_something_else_confirms_nothing(
    world: "World", person: "Person", asked: dict[str, object], fields: dict[str, object]
) -> None:
    sent = _send(person, **asked)

    world.report("dev-1", world.clock.at + timedelta(minutes=1), **fields)

    assert _status(person, sent) == "queued"


def test_it_expires_when_nothing_confirms_it(world: "World", person: "Person") -> None:
    sent = _send(person)

    world.clock.at += CONFIRMATION_TIME
    world.renew(person)

    assert _status(person, sent) == "expired"


def test_time_is_the_devices_own_when_the_setting_says_so(make_world: "MakeWorld") -> None:
    world = make_world(clock="telemetry")
    person = world.sign_up()
    world.device_of(person)
    summer = world.clock.at - timedelta(days=300)
    world.report("dev-1", summer)
    sent = _send(person)

    assert world.inbox()[0].at == summer
    world.clock.forward(hours=1)
    world.renew(person)
    assert _status(person, sent) == "queued"
    world.report("dev-1", summer + CONFIRMATION_TIME)
    assert _status(person, sent) == "expired"


@pytest.mark.parametrize(
    "body",
    [
        {"until": "2026-07-14T20:00:00Z"},
        {"setpoint_c": 36.0},
        {"setpoint_c": "25"},
        {"mode": "turbo"},
        {"setpoint_c": 25.0, "until": "2026-07-14T12:00:00Z"},
        {"setpoint_c": 25.0, "until": "tomorrow"},
        {"setpoint_c": 25.0, "command_id": "mine"},
    ],
)
def test_what_no_device_can_do_is_refused(world: "World", person: "Person", body: dict[str, object]) -> None:
    assert _send(person, **body).status_code == 422
    assert world.inbox() == []


def test_an_unknown_command_is_not_found(person: "Person") -> None:
    assert person.get(f"{PATH}/unknown").status_code == 404


def _result(world: "World", command_id: str, device_id: str = "dev-1", **detail: str) -> None:
    event = Event(
        device_id=device_id,
        event_id=f"edge-{device_id}-{command_id}",
        occurred_at=world.clock.at,
        kind="command_result",
        detail={"command_id": command_id, "result": "rejected", "reason": "quiet_hours", **detail},
    )
    world.readings.commit(IngestCommit(events=[event]))


@pytest.mark.parametrize("reason", ["quiet_hours", "superseded"])
def test_it_is_rejected_when_the_edge_says_so_of_this_command(
    world: "World", person: "Person", reason: str
) -> None:
    sent = _send(person)
    for other in ("c-other", "c-more"):
        _result(world, other)
    _result(world, sent.json["command_id"], device_id="dev-2")
    assert _status(person, sent) == "queued"

    _result(world, sent.json["command_id"], reason=reason)

    shown = person.get(sent.headers["Location"]).json
    assert (shown["status"], shown["reason"]) == ("rejected", reason)
