import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from edge.adapters.memory import MemorySpool, SetClock
from edge.errors import SpoolFullError
from edge.ports import Message
from edge.registry import Registration

if TYPE_CHECKING:
    from tests.unit.edge.conftest import Site

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
AT_ONE = "2026-07-01T13:00:00Z"


@pytest.fixture
def clock(site: "Site") -> SetClock:
    assert isinstance(site.clock, SetClock)
    return site.clock


class Cloud:
    """The cloud's shadow service, as far as the gateway sees it (AWS IoT: deltas)."""

    def __init__(self, site: "Site") -> None:
        self.site = site
        self.version = 0

    def delta(self, device_id: str = "dev-1", /, **fields: object) -> None:
        self.version += 1
        payload = {"version": self.version, "timestamp": 0, "state": fields, "metadata": {}}
        topic = f"$aws/things/{device_id}/shadow/update/delta"
        self.site.gateway.receive([Message(topic, json.dumps(payload).encode())])

    def ask(
        self, command_id: str, setpoint_c: float, requested_by: str = "advisor", **fields: object
    ) -> None:
        command = {"command_id": command_id, "setpoint_c": setpoint_c, "requested_by": requested_by}
        self.delta("dev-1", **(command | {"mode": "cool"} | fields))

    def document(self, version: int, **state: object) -> None:
        payload = {"version": version, "timestamp": 0, "state": state}
        topic = "$aws/things/dev-1/shadow/get/accepted"
        self.site.gateway.receive([Message(topic, json.dumps(payload).encode())])


@pytest.fixture
def cloud(site: "Site") -> Cloud:
    return Cloud(site)


def _report(site: "Site", **fields: object) -> None:
    body = json.dumps({"state": {"reported": fields}}).encode()
    site.gateway.receive([Message("$aws/things/dev-1/shadow/update", body)])


def _obeyed(site: "Site", command_id: str, setpoint_c: float, changed_by: str = "advisor") -> None:
    _report(site, command_id=command_id, setpoint_c=setpoint_c, mode="cool", changed_by=changed_by)


def _told(site: "Site") -> list[dict[str, Any]]:
    """The desired states that devices were told, in order."""
    return [
        json.loads(order.body)["state"] for order in site.devices.told if order.topic.endswith("update/delta")
    ]


def _setpoints(site: "Site") -> list[float]:
    return [state["setpoint_c"] for state in _told(site)]


def _refusals(site: "Site") -> list[tuple[str, str]]:
    events = [json.loads(entry.body) for entry in site.entries("event")]
    assert all(event["kind"] == "command_result" for event in events)
    assert all(event["detail"]["result"] == "rejected" for event in events)
    return [(event["detail"]["command_id"], event["detail"]["reason"]) for event in events]


def test_a_command_reaches_the_device_whole(site: "Site", cloud: Cloud) -> None:
    cloud.ask("c1", 25, advice_id="a1", fan="low", expires_at=AT_ONE)

    (order,) = site.devices.told
    assert order.topic == "$aws/things/dev-1/shadow/update/delta"
    assert json.loads(order.body) == {
        "version": 1,
        "timestamp": int(NOON.timestamp()),
        "state": {
            "setpoint_c": 25.0,
            "mode": "cool",
            "fan": "low",
            "advice_id": "a1",
            "command_id": "c1",
            "requested_by": "advisor",
            "expires_at": AT_ONE,
        },
    }


def test_a_delta_that_leaves_out_what_the_device_already_reports_is_made_whole(
    site: "Site", cloud: Cloud
) -> None:
    cloud.ask("c1", 26)
    _obeyed(site, "c1", 26)
    _report(site, setpoint_c=24, changed_by="schedule")

    cloud.delta(command_id="c2", requested_by="advisor", expires_at=AT_ONE)

    assert _told(site)[-1] == {
        "setpoint_c": 24.0,
        "mode": "cool",
        "command_id": "c2",
        "requested_by": "advisor",
        "expires_at": AT_ONE,
    }


def test_an_end_that_the_new_command_does_not_have_is_not_inherited(site: "Site", cloud: Cloud) -> None:
    cloud.ask("c1", 26, expires_at=AT_ONE)
    cloud.ask("c2", 22, requested_by="app")

    assert "expires_at" not in _told(site)[-1]


def test_off_is_told_without_the_setpoint_of_before(site: "Site", cloud: Cloud) -> None:
    _report(site, setpoint_c=24, mode="cool", changed_by="schedule")

    cloud.delta(command_id="c1", mode="off", requested_by="app")

    assert _told(site) == [{"mode": "off", "command_id": "c1", "requested_by": "app"}]


@pytest.mark.parametrize(("asked", "told"), [(35, 30), (5, 16), (30, 30), (16, 16), (22.5, 22.5)])
def test_a_setpoint_is_clamped_to_the_device(site: "Site", cloud: Cloud, asked: float, told: float) -> None:
    cloud.ask("c1", asked, requested_by="app")

    assert _setpoints(site) == [told]


def test_a_device_with_other_limits_has_them(site: "Site", cloud: Cloud) -> None:
    site.registry["dev-1"] = Registration(device_id="dev-1", min_setpoint_c=18, max_setpoint_c=28)

    cloud.ask("c1", 30, requested_by="app")

    assert _setpoints(site) == [28]


def test_an_impossible_setpoint_is_refused(site: "Site", cloud: Cloud) -> None:
    cloud.ask("c1", 75)

    assert _told(site) == []
    assert _refusals(site) == [("c1", "invalid")]


@pytest.mark.parametrize("requested_by", ["advisor", "app"])
def test_an_expired_command_is_refused(site: "Site", cloud: Cloud, requested_by: str) -> None:
    cloud.ask("c1", 25, requested_by=requested_by, expires_at="2026-07-01T12:00:00Z")

    assert _told(site) == []
    assert _refusals(site) == [("c1", "expired")]


def test_it_beeps_all_day(site: "Site", cloud: Cloud, clock: SetClock) -> None:
    """Two changes an hour is what this site's advisor has (see the fixture)."""
    for number, setpoint_c in enumerate((25, 26, 27), start=1):
        cloud.ask(f"c{number}", setpoint_c)
        _obeyed(site, f"c{number}", setpoint_c) if number < 3 else None
    clock.at = NOON + timedelta(minutes=59)
    cloud.ask("c4", 27)
    clock.at = NOON + timedelta(minutes=60)
    cloud.ask("c5", 27)

    assert _setpoints(site) == [25, 26, 27]
    assert _refusals(site) == [("c3", "beep_budget"), ("c4", "beep_budget")]
    assert site.desk.refused == 2


def test_peoples_commands_have_no_budget(site: "Site", cloud: Cloud) -> None:
    for number in range(5):
        cloud.ask(f"c{number}", 20 + number, requested_by="voice")
        _obeyed(site, f"c{number}", 20 + number, "voice")
    cloud.ask("c9", 26)

    assert _setpoints(site) == [20, 21, 22, 23, 24, 26]


def test_advice_that_changes_nothing_makes_no_beep(site: "Site", cloud: Cloud) -> None:
    for number in range(5):
        cloud.ask(f"c{number}", 25)
        _obeyed(site, f"c{number}", 25)
    cloud.ask("c5", 26)
    _obeyed(site, "c5", 26)
    cloud.ask("c6", 26)  # the budget of two is spent, and this needs none
    cloud.ask("c7", 27)

    assert _refusals(site) == [("c7", "beep_budget")]


def test_it_changed_while_i_had_just_set_it(site: "Site", cloud: Cloud, clock: SetClock) -> None:
    """Changed at 12:00 UTC: the next schedule point is 17:00 (DESIGN, wire contract)."""
    _report(site, setpoint_c=24, mode="cool", changed_by="schedule")
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")

    clock.at = datetime(2026, 7, 1, 16, 59, 59, tzinfo=UTC)
    cloud.ask("c1", 26)
    clock.at = datetime(2026, 7, 1, 17, tzinfo=UTC)
    cloud.ask("c2", 26)

    assert _setpoints(site) == [26]
    assert _refusals(site) == [("c1", "person_hold")]


def test_a_persons_change_stands_at_least_two_hours(site: "Site", cloud: Cloud, clock: SetClock) -> None:
    clock.at = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")

    clock.at = datetime(2026, 7, 1, 18, 29, tzinfo=UTC)
    cloud.ask("c1", 26)
    clock.at = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)
    cloud.ask("c2", 26)

    assert _refusals(site) == [("c1", "person_hold")]
    assert _setpoints(site) == [26]


def test_people_may_command_during_their_own_hold(site: "Site", cloud: Cloud) -> None:
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")

    cloud.ask("c1", 24, requested_by="app")
    cloud.ask("c2", 26)

    assert _setpoints(site) == [24]
    assert _refusals(site) == [("c2", "person_hold")]


def test_the_same_report_again_is_no_new_change(site: "Site", cloud: Cloud, clock: SetClock) -> None:
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")
    clock.at = datetime(2026, 7, 1, 16, 59, tzinfo=UTC)
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")

    clock.at = datetime(2026, 7, 1, 17, tzinfo=UTC)
    cloud.ask("c1", 26)

    assert _setpoints(site) == [26]


def test_a_change_at_the_unit_is_never_overwritten_by_the_same_command_again(
    site: "Site", cloud: Cloud, clock: SetClock
) -> None:
    """The cloud's `desired` still differs, so it sends its delta again: also after the hold."""
    cloud.ask("c1", 26)
    _obeyed(site, "c1", 26)
    _report(site, setpoint_c=22, changed_by="remote")

    cloud.ask("c1", 26)
    clock.at = NOON + timedelta(days=1)
    cloud.document(2, desired={"command_id": "c1", "setpoint_c": 26, "requested_by": "advisor"})

    assert _setpoints(site) == [26]
    assert _refusals(site) == []


def test_a_restart_forgets_no_hold(site: "Site", cloud: Cloud) -> None:
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")

    site.restart()
    cloud.ask("c1", 26)

    assert _refusals(site) == [("c1", "person_hold")]


def test_a_restart_forgets_no_beep(site: "Site", cloud: Cloud) -> None:
    for number in (1, 2):
        cloud.ask(f"c{number}", 24 + number)
        _obeyed(site, f"c{number}", 24 + number)

    site.restart()
    cloud.ask("c3", 27)

    assert _refusals(site) == [("c3", "beep_budget")]


def test_a_command_is_refused_once(site: "Site", cloud: Cloud) -> None:
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")
    cloud.ask("c1", 26)
    cloud.ask("c1", 26)
    site.restart()
    cloud.ask("c1", 26)

    assert _refusals(site) == [("c1", "person_hold")]


def test_an_older_delta_that_comes_late_is_ignored(site: "Site", cloud: Cloud) -> None:
    cloud.version = 7
    cloud.ask("c8", 26)
    cloud.version = 5
    cloud.ask("c6", 22)

    assert _setpoints(site) == [26]


def test_a_shadow_made_anew_counts_from_the_start(site: "Site", cloud: Cloud) -> None:
    cloud.version = 7
    cloud.ask("c8", 26)

    cloud.document(1, desired={"command_id": "d1", "setpoint_c": 23, "requested_by": "app"})
    cloud.version = 1
    cloud.ask("d2", 22, requested_by="app")

    assert _setpoints(site) == [26, 23, 22]


def test_what_was_asked_while_the_gateway_was_away_is_done(site: "Site", cloud: Cloud) -> None:
    cloud.document(3, desired={"command_id": "c1", "setpoint_c": 23, "requested_by": "app"})

    assert _told(site) == [{"setpoint_c": 23.0, "command_id": "c1", "requested_by": "app"}]


def test_a_gateway_that_lost_its_disk_does_not_repeat_what_the_device_obeys(
    site: "Site", cloud: Cloud
) -> None:
    desired = {"command_id": "c1", "setpoint_c": 23, "requested_by": "app"}

    cloud.document(3, desired=desired, reported={"command_id": "c1", "setpoint_c": 23})

    assert _told(site) == []


def test_the_device_is_told_nothing_that_is_not_on_disk(site: "Site", cloud: Cloud) -> None:
    site.spool = MemorySpool(limit_bytes=0)
    site.restart()

    with pytest.raises(SpoolFullError):
        site.gateway.receive(
            [
                Message("$aws/things/dev-1/shadow/update", b'{"state":{"reported":{"mode":"cool"}}}'),
                Message(
                    "$aws/things/dev-1/shadow/update/delta",
                    b'{"version":1,"state":{"command_id":"c1","setpoint_c":22,"requested_by":"app"}}',
                ),
            ]
        )

    assert site.devices.told == []
    assert site.desk.shadow("dev-1").judged is None


def test_a_report_goes_up_as_it_was_made(site: "Site") -> None:
    body = {
        "state": {"reported": {"setpoint_c": 24.0, "command_id": None, "own": [1]}, "desired": None},
        "clientToken": "t",
    }
    with_version = json.dumps(body | {"version": 3}).encode()

    site.gateway.receive([Message("$aws/things/dev-1/shadow/update", with_version)])

    (entry,) = site.entries("report")
    assert json.loads(entry.body) == body


def test_a_device_that_asks_gets_what_holds_for_it(site: "Site", cloud: Cloud) -> None:
    cloud.ask("c1", 35, requested_by="app", expires_at=AT_ONE)

    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])

    answer = site.devices.told[-1]
    assert answer.topic == "$aws/things/dev-1/shadow/get/accepted"
    state = json.loads(answer.body)["state"]
    assert state["desired"] == state["delta"] == _told(site)[0]
    assert state["desired"]["setpoint_c"] == 30


def test_a_device_that_restarts_after_a_persons_change_does_not_get_the_advice_of_before(
    site: "Site", cloud: Cloud
) -> None:
    cloud.ask("c1", 26)
    _obeyed(site, "c1", 26)
    _report(site, setpoint_c=22, changed_by="remote", command_id=None)

    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])
    site.gateway.tell_again()

    assert json.loads(site.devices.told[-1].body)["state"]["desired"] == {}
    assert _setpoints(site) == [26]


def test_a_device_that_asks_gets_nothing_that_is_over_or_was_refused(
    site: "Site", cloud: Cloud, clock: SetClock
) -> None:
    cloud.ask("c1", 26, expires_at=AT_ONE)
    clock.at = NOON + timedelta(hours=1)
    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])
    _report(site, setpoint_c=22, mode="cool", changed_by="remote")
    cloud.ask("c2", 26)
    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])

    answers = [json.loads(each.body)["state"] for each in site.devices.told if "get" in each.topic]
    assert [answer["desired"] for answer in answers] == [{}, {}]


def test_a_dumb_device_is_sent_back_when_advice_expires(site: "Site", cloud: Cloud, clock: SetClock) -> None:
    """The last setpoint that a person chose is 23; the advisor's and the app's passing ones do not count."""
    _report(site, setpoint_c=23, mode="cool", changed_by="voice")
    cloud.ask("c1", 25, requested_by="app", expires_at="2026-07-01T12:10:00Z")
    _obeyed(site, "c1", 25, "app")
    cloud.ask("c2", 26, expires_at=AT_ONE)
    _obeyed(site, "c2", 26)

    for minute in (59, 60, 61, 62, 63):
        clock.at = NOON + timedelta(minutes=minute)
        site.gateway.receive([])

    assert _setpoints(site) == [25, 26, 23]
    assert _told(site)[-1]["requested_by"] == "schedule"
    assert _told(site)[-1]["command_id"] == "c2:expired"


def test_a_device_that_goes_back_by_itself_is_left_alone(site: "Site", cloud: Cloud, clock: SetClock) -> None:
    _report(site, setpoint_c=23, mode="cool", changed_by="remote")
    clock.at = datetime(2026, 7, 1, 18, tzinfo=UTC)
    cloud.ask("c1", 26, expires_at="2026-07-01T19:00:00Z")
    _obeyed(site, "c1", 26)

    clock.at = datetime(2026, 7, 1, 19, tzinfo=UTC)
    site.gateway.receive([])
    _report(site, setpoint_c=23, mode="cool", changed_by="remote")
    clock.at = datetime(2026, 7, 1, 19, 5, tzinfo=UTC)
    site.gateway.receive([])
    cloud.ask("c2", 26)

    assert _setpoints(site) == [26, 26]
    assert _refusals(site) == []  # going back is no new change by a person


def test_going_back_to_the_old_setpoint_before_the_end_is_a_persons_change(
    site: "Site", cloud: Cloud, clock: SetClock
) -> None:
    _report(site, setpoint_c=23, mode="cool", changed_by="schedule")
    cloud.ask("c1", 26, expires_at=AT_ONE)
    _obeyed(site, "c1", 26)

    clock.at = NOON + timedelta(minutes=30)
    _report(site, setpoint_c=23, mode="cool", changed_by="remote")
    cloud.ask("c2", 26)

    assert _refusals(site) == [("c2", "person_hold")]


def test_what_a_device_has_not_confirmed_is_told_again_when_the_site_is_back(
    site: "Site", cloud: Cloud, clock: SetClock
) -> None:
    site.devices.down = True
    cloud.ask("c1", 26, expires_at=AT_ONE)
    site.devices.down = False

    site.gateway.tell_again()
    _obeyed(site, "c1", 26)
    site.gateway.tell_again()
    cloud.ask("c2", 27, expires_at=AT_ONE)
    clock.at = NOON + timedelta(hours=1)
    site.gateway.tell_again()

    assert _setpoints(site) == [26, 27]


def test_a_command_for_a_stranger_is_a_dead_letter(site: "Site", cloud: Cloud) -> None:
    cloud.delta("dev-9", command_id="c1", setpoint_c=22)

    assert site.devices.told == []
    assert len(site.spool.letters()) == 1


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"state":{}}', b'{"version":-1,"state":{}}'])
def test_a_broken_delta_is_a_dead_letter(site: "Site", payload: bytes) -> None:
    site.gateway.receive([Message("$aws/things/dev-1/shadow/update/delta", payload)])

    (letter,) = site.spool.letters()
    assert letter.principal == "cloud"
