import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edge.adapters.memory import MemorySpool, SetClock
from edge.errors import SpoolFullError
from edge.ports import Message

if TYPE_CHECKING:
    from tests.unit.edge.conftest import Cloud, Site

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
AT_ONE = "2026-07-01T13:00:00Z"


def test_a_command_reaches_the_device_whole(site: "Site", cloud: "Cloud") -> None:
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
    site: "Site", cloud: "Cloud"
) -> None:
    cloud.ask("c1", 26)
    site.obeyed("c1", 26)
    site.report(setpoint_c=24, changed_by="schedule")

    cloud.delta(command_id="c2", requested_by="advisor", expires_at=AT_ONE)

    assert site.told()[-1] == {
        "setpoint_c": 24.0,
        "mode": "cool",
        "command_id": "c2",
        "requested_by": "advisor",
        "expires_at": AT_ONE,
    }


def test_an_end_that_the_new_command_does_not_have_is_not_inherited(site: "Site", cloud: "Cloud") -> None:
    cloud.ask("c1", 26, expires_at=AT_ONE)
    cloud.ask("c2", 22, requested_by="app")

    assert "expires_at" not in site.told()[-1]


def test_off_is_told_without_the_setpoint_of_before(site: "Site", cloud: "Cloud") -> None:
    site.report(setpoint_c=24, mode="cool", changed_by="schedule")

    cloud.delta(command_id="c1", mode="off", requested_by="app")

    assert site.told() == [{"mode": "off", "command_id": "c1", "requested_by": "app"}]


def test_an_older_delta_that_comes_late_is_ignored(site: "Site", cloud: "Cloud") -> None:
    cloud.version = 7
    cloud.ask("c8", 26)
    cloud.version = 5
    cloud.ask("c6", 22)

    assert site.setpoints() == [26]


def test_a_shadow_made_anew_counts_from_the_start(site: "Site", cloud: "Cloud") -> None:
    cloud.version = 7
    cloud.ask("c8", 26)

    cloud.document(1, desired={"command_id": "d1", "setpoint_c": 23, "requested_by": "app"})
    cloud.version = 1
    cloud.ask("d2", 22, requested_by="app")

    assert site.setpoints() == [26, 23, 22]


def test_what_was_asked_while_the_gateway_was_away_is_done(site: "Site", cloud: "Cloud") -> None:
    cloud.document(3, desired={"command_id": "c1", "setpoint_c": 23, "requested_by": "app"})

    assert site.told() == [{"setpoint_c": 23.0, "command_id": "c1", "requested_by": "app"}]


def test_a_gateway_that_lost_its_disk_does_not_repeat_what_the_device_obeys(
    site: "Site", cloud: "Cloud"
) -> None:
    desired = {"command_id": "c1", "setpoint_c": 23, "requested_by": "app"}

    cloud.document(3, desired=desired, reported={"command_id": "c1", "setpoint_c": 23})

    assert site.told() == []


def test_the_device_is_told_nothing_that_is_not_on_disk(site: "Site", cloud: "Cloud") -> None:
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


def test_a_device_that_asks_gets_what_holds_for_it(site: "Site", cloud: "Cloud") -> None:
    cloud.ask("c1", 35, requested_by="app", expires_at=AT_ONE)

    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])

    answer = site.devices.told[-1]
    assert answer.topic == "$aws/things/dev-1/shadow/get/accepted"
    state = json.loads(answer.body)["state"]
    assert state["desired"] == state["delta"] == site.told()[0]
    assert state["desired"]["setpoint_c"] == 30


def test_a_device_that_restarts_after_a_persons_change_does_not_get_the_advice_of_before(
    site: "Site", cloud: "Cloud"
) -> None:
    cloud.ask("c1", 26)
    site.obeyed("c1", 26)
    site.report(setpoint_c=22, changed_by="remote", command_id=None)

    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])
    site.gateway.tell_again()

    assert json.loads(site.devices.told[-1].body)["state"]["desired"] == {}
    assert site.setpoints() == [26]


def test_a_device_that_asks_gets_nothing_that_is_over_or_was_refused(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    cloud.ask("c1", 26, expires_at=AT_ONE)
    clock.at = NOON + timedelta(hours=1)
    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])
    site.report(setpoint_c=22, mode="cool", changed_by="remote")
    cloud.ask("c2", 26)
    site.gateway.receive([Message("$aws/things/dev-1/shadow/get", b"")])

    answers = [json.loads(each.body)["state"] for each in site.devices.told if "get" in each.topic]
    assert [answer["desired"] for answer in answers] == [{}, {}]


def test_what_a_device_has_not_confirmed_is_told_again_when_the_site_is_back(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    site.devices.down = True
    cloud.ask("c1", 26, expires_at=AT_ONE)
    site.devices.down = False

    site.gateway.tell_again()
    site.obeyed("c1", 26)
    site.gateway.tell_again()
    cloud.ask("c2", 27, expires_at=AT_ONE)
    clock.at = NOON + timedelta(hours=1)
    site.gateway.tell_again()

    assert site.setpoints() == [26, 27]


def test_a_command_for_a_stranger_is_a_dead_letter(site: "Site", cloud: "Cloud") -> None:
    cloud.delta("dev-9", command_id="c1", setpoint_c=22)

    assert site.devices.told == []
    assert len(site.spool.letters()) == 1


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"state":{}}', b'{"version":-1,"state":{}}'])
def test_a_broken_delta_is_a_dead_letter(site: "Site", payload: bytes) -> None:
    site.gateway.receive([Message("$aws/things/dev-1/shadow/update/delta", payload)])

    (letter,) = site.spool.letters()
    assert letter.principal == "cloud"


def test_a_device_that_left_is_told_nothing_and_is_remembered_when_it_comes_back(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    site.report(setpoint_c=22, mode="cool", changed_by="schedule")
    cloud.ask("c1", 25, expires_at=AT_ONE)
    site.obeyed("c1", 25)
    cloud.ask("c2", 26)
    registration = site.registry.pop("dev-1")
    site.gateway.tell_again()
    assert site.setpoints() == [25, 26]
    site.restart()

    site.registry["dev-1"] = registration
    site.gateway.tell_again()
    assert site.setpoints() == [25, 26, 26]


def test_a_device_that_left_is_not_sent_back_before_it_comes_back(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    site.report(setpoint_c=22, mode="cool", changed_by="schedule")
    cloud.ask("c1", 25, expires_at=AT_ONE)
    site.obeyed("c1", 25)
    registration = site.registry.pop("dev-1")

    for minute in (61, 62, 63):
        clock.at = NOON + timedelta(minutes=minute)
        site.gateway.receive([])
    assert site.setpoints() == [25]

    site.registry["dev-1"] = registration
    for minute in (64, 65, 66):
        clock.at = NOON + timedelta(minutes=minute)
        site.gateway.receive([])
    assert site.setpoints() == [25, 22]
