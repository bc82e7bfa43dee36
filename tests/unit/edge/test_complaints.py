"""Each rule of etiquette, under the complaint that it prevents (what homeowners say of smart controls)."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edge.adapters.memory import SetClock
from edge.ports import Message
from edge.registry import Registration

if TYPE_CHECKING:
    from tests.unit.edge.conftest import Cloud, Site

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NIGHT = (22 * 60, 7 * 60)


def _minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def test_it_beeped_in_the_middle_of_the_night(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    """Quiet from 22:00 to 07:00 in Berlin, which is two hours before UTC in July."""
    site.registry["dev-1"] = Registration(device_id="dev-1", quiet_hours=NIGHT, timezone="Europe/Berlin")
    asked = {
        "19:59": "",
        "20:00": "quiet_hours",
        "23:30": "quiet_hours",
        "04:59": "quiet_hours",
        "05:00": "",
    }

    for number, at in enumerate(asked):
        clock.at = datetime.fromisoformat(f"2026-07-01T{at}:00+00:00")
        cloud.ask(f"c{number}", 20 + number)
        site.obeyed(f"c{number}", 20 + number) if not asked[at] else None

    assert [reason for _, reason in site.refusals()] == [reason for reason in asked.values() if reason]


def test_it_beeped_at_night_to_undo_what_it_did_in_the_evening(site: "Site", cloud: "Cloud") -> None:
    site.registry["dev-1"] = Registration(device_id="dev-1", quiet_hours=NIGHT)

    cloud.ask("c1", 26, expires_at="2026-07-01T22:30:00Z")
    cloud.ask("c2", 26, expires_at="2026-07-01T21:30:00Z")

    assert site.refusals() == [("c1", "quiet_hours")]
    assert site.setpoints() == [26]


def test_i_could_not_even_change_it_myself_at_night(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    site.registry["dev-1"] = Registration(device_id="dev-1", quiet_hours=NIGHT)
    clock.at = NOON + timedelta(hours=12)

    cloud.ask("c1", 21, requested_by="app")

    assert site.setpoints() == [21]


def test_it_switches_on_and_off_all_the_time(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    """A compressor runs 5 min at least, and stands 5 min at least."""
    site.report(mode="off", changed_by="schedule")
    clock.at = _minutes(10)
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")

    for number, at in enumerate((10, 14.9, 15)):
        clock.at = _minutes(at)
        cloud.delta(command_id=f"off-{number}", mode="off", requested_by="advisor")
    site.report(mode="off", command_id="off-2", changed_by="advisor")
    for number, at in enumerate((16, 19.9, 20)):
        clock.at = _minutes(at)
        cloud.ask(f"on-{number}", 25)

    assert [state["mode"] for state in site.told()] == ["off", "cool"]
    assert {reason for _, reason in site.refusals()} == {"compressor_rest"}
    assert len(site.refusals()) == 4


def test_a_setpoint_may_change_while_the_compressor_runs(site: "Site", cloud: "Cloud") -> None:
    site.report(mode="off", changed_by="schedule")
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")

    cloud.ask("c1", 25)

    assert site.setpoints() == [25]


def test_the_bedroom_went_cold_because_the_living_room_was_to_be_heated(site: "Site", cloud: "Cloud") -> None:
    for name in ("dev-1", "dev-2"):
        site.registry[name] = Registration(device_id=name, compressor="roof")
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")
    site.report("dev-2", mode="heat", setpoint_c=21, changed_by="schedule")

    cloud.ask("c1", 25)
    site.registry["dev-2"] = Registration(device_id="dev-2", compressor="cellar")
    cloud.ask("c2", 25)

    assert site.refusals() == [("c1", "group_mode")]
    assert site.setpoints() == [25]


def test_one_room_may_be_switched_off_while_the_compressor_serves_another(
    site: "Site", cloud: "Cloud"
) -> None:
    for name in ("dev-1", "dev-2"):
        site.registry[name] = Registration(device_id=name, compressor="roof")
    site.report("dev-2", mode="cool", setpoint_c=24, changed_by="schedule")
    site.report(mode="off", changed_by="schedule")
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")

    cloud.delta(command_id="c1", mode="off", requested_by="advisor")

    assert site.refusals() == []
    assert site.told()[0]["mode"] == "off"


def test_grandmother_sat_in_the_heat_to_save_a_few_cents(site: "Site", cloud: "Cloud") -> None:
    """Above 32 °C no advice cools less (WHO Europe 2011), and cooling more is welcome."""
    site.report(mode="cool", setpoint_c=25, changed_by="schedule")
    site.feels(32.0)

    cloud.ask("warmer", 26)
    cloud.delta(command_id="off", mode="off", requested_by="advisor")
    cloud.ask("cooler", 24)

    assert site.refusals() == [("warmer", "heat_safety"), ("off", "heat_safety")]
    assert site.setpoints() == [24]


def test_it_stayed_off_although_it_became_unbearable(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    site.report(mode="cool", setpoint_c=25, changed_by="schedule")
    cloud.delta(command_id="c1", mode="off", requested_by="advisor", expires_at="2026-07-01T18:00:00Z")
    site.report(command_id="c1", mode="off", changed_by="advisor")
    site.feels(31.9)
    assert len(site.told()) == 1

    clock.at = _minutes(6)
    site.feels(32.0, sampled_at="2026-07-01T12:06:00Z")
    site.gateway.receive([])

    assert len(site.told()) == 2
    assert site.told()[-1] == {
        "mode": "cool",
        "setpoint_c": 25,
        "requested_by": "schedule",
        "command_id": "c1:heat",
    }


def test_a_room_that_a_person_left_off_is_theirs(site: "Site", cloud: "Cloud") -> None:
    site.report(mode="off", changed_by="remote")

    site.feels(35.0)

    assert site.told() == []


def test_it_beeped_three_times_for_one_change(site: "Site", cloud: "Cloud") -> None:
    """Three commands that come together are one, and cost one beep."""
    topic = "$aws/things/dev-1/shadow/update/delta"
    states = [{"command_id": f"c{n}", "setpoint_c": 23 + n, "mode": "cool", "fan": "low"} for n in range(3)]
    payloads = [
        json.dumps({"version": n, "state": {**state, "requested_by": "advisor"}}).encode()
        for n, state in enumerate(states, start=1)
    ]

    site.gateway.receive([Message(topic, payload) for payload in payloads])
    cloud.version = 3
    cloud.ask("c4", 27)

    assert [state["command_id"] for state in site.told()] == ["c2", "c4"]
    assert {"setpoint_c", "mode", "fan"} <= site.told()[0].keys()
    assert site.refusals() == [(name, "superseded") for name in ("c0", "c1", "c2")]


def test_the_app_went_on_waiting_for_what_i_had_changed_meanwhile(site: "Site", cloud: "Cloud") -> None:
    """Who is overtaken hears so, once: by a newer command, or by a person at the unit."""
    cloud.ask("c1", 25, requested_by="app")
    cloud.ask("c2", 26, requested_by="voice")
    site.report(setpoint_c=21, mode="cool", changed_by="remote")
    cloud.ask("c3", 24, requested_by="app")

    assert site.refusals() == [("c1", "superseded"), ("c2", "superseded")]
    assert (site.desk.superseded, site.desk.refused) == (2, 0)


def test_it_said_overtaken_of_what_it_had_done(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    """Nothing is overtaken that was done, that is asked for still, or whose time was over."""
    cloud.ask("c1", 25, requested_by="app")
    site.obeyed("c1", 25, "app")
    site.report(setpoint_c=24, changed_by="schedule")
    cloud.ask("c2", 26, requested_by="app")
    cloud.ask("c3", 26, requested_by="app", fan="low", expires_at=_minutes(60).isoformat())
    clock.at = NOON + timedelta(hours=1)
    cloud.ask("c4", 22, requested_by="app")

    assert site.refusals() == []


def test_a_restart_tells_of_an_overtaken_command_too(site: "Site", cloud: "Cloud") -> None:
    cloud.ask("c1", 25, requested_by="app")
    site.restart()
    cloud.ask("c2", 26, requested_by="app")

    assert site.refusals() == [("c1", "superseded")]


def test_the_app_says_done_and_nothing_happened(site: "Site", cloud: "Cloud") -> None:
    """Not confirmed within 30 s: told again, three times in all, then the cloud knows."""
    cloud.ask("c1", 25, requested_by="app")

    for seconds in range(0, 200, 10):
        site.wall_at = NOON + timedelta(seconds=seconds)
        site.gateway.receive([])

    assert site.setpoints() == [25, 25, 25]
    assert site.refusals() == [("c1", "not_confirmed")]
    assert site.desk.resent == 2


def test_it_said_25_and_set_23(site: "Site", cloud: "Cloud") -> None:
    """Some units take a setpoint that they cannot hold silently for another, and echo the command."""
    cloud.ask("c1", 30, requested_by="app")
    site.report(command_id="c1", mode="cool", setpoint_c=23, changed_by="app")
    site.wall_at = NOON + timedelta(seconds=30)
    site.gateway.receive([])
    site.obeyed("c1", 30, "app")
    site.wall_at = NOON + timedelta(minutes=5)
    site.gateway.receive([])

    assert site.setpoints() == [30, 30]
    assert site.refusals() == []


def test_telling_again_costs_beeps_too(site: "Site", cloud: "Cloud") -> None:
    cloud.ask("c1", 25)
    for seconds in (30, 60, 90):
        site.wall_at = NOON + timedelta(seconds=seconds)
        site.gateway.receive([])

    assert site.setpoints() == [25, 25]  # the budget of this site is two an hour
    assert site.refusals() == [("c1", "not_confirmed")]


@pytest.mark.parametrize(("says", "author"), [(25.0, "advisor"), (22.0, "remote")])
def test_who_changed_it(site: "Site", cloud: "Cloud", says: float, author: str) -> None:
    """A unit that does not say who: ours is what we told it, all else somebody did by hand."""
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")
    cloud.ask("c1", 25)

    site.report(setpoint_c=says)
    cloud.ask("c2", 26)

    assert [event["detail"]["changed_by"] for event in site.events("setpoint_changed")] == [author]
    assert json.loads(site.entries("report")[-1].body)["state"]["reported"]["changed_by"] == author
    by_hand = [("c1", "superseded"), ("c2", "person_hold")]
    assert site.refusals() == (by_hand if author == "remote" else [])


def test_a_unit_that_says_who_is_believed(site: "Site") -> None:
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")

    site.report(setpoint_c=22, changed_by="voice")
    site.report(setpoint_c=22)

    assert site.events("setpoint_changed") == []
