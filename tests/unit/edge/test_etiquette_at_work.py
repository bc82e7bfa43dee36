"""Etiquette at work, each rule in the words of the complaint that it prevents where there is one."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edge.adapters.memory import SetClock
from edge.registry import Registration

if TYPE_CHECKING:
    from tests.unit.edge.conftest import Cloud, Site

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
AT_ONE = "2026-07-01T13:00:00Z"


@pytest.mark.parametrize(("asked", "told"), [(35, 30), (5, 16), (30, 30), (16, 16), (22.5, 22.5)])
def test_a_setpoint_is_clamped_to_the_device(site: "Site", cloud: "Cloud", asked: float, told: float) -> None:
    cloud.ask("c1", asked, requested_by="app")

    assert site.setpoints() == [told]


def test_a_device_with_other_limits_has_them(site: "Site", cloud: "Cloud") -> None:
    site.registry["dev-1"] = Registration(device_id="dev-1", min_setpoint_c=18, max_setpoint_c=28)

    cloud.ask("c1", 30, requested_by="app")

    assert site.setpoints() == [28]


def test_an_impossible_setpoint_is_refused(site: "Site", cloud: "Cloud") -> None:
    cloud.ask("c1", 75)

    assert site.told() == []
    assert site.refusals() == [("c1", "invalid")]


@pytest.mark.parametrize("requested_by", ["advisor", "app"])
def test_an_expired_command_is_refused(site: "Site", cloud: "Cloud", requested_by: str) -> None:
    cloud.ask("c1", 25, requested_by=requested_by, expires_at="2026-07-01T12:00:00Z")

    assert site.told() == []
    assert site.refusals() == [("c1", "expired")]


def test_it_beeps_all_day(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    """Two changes an hour is what this site's advisor has (see the fixture)."""
    for number, setpoint_c in enumerate((25, 26, 27), start=1):
        cloud.ask(f"c{number}", setpoint_c)
        site.obeyed(f"c{number}", setpoint_c) if number < 3 else None
    clock.at = NOON + timedelta(minutes=59)
    cloud.ask("c4", 27)
    clock.at = NOON + timedelta(minutes=60)
    cloud.ask("c5", 27)

    assert site.setpoints() == [25, 26, 27]
    assert site.refusals() == [("c3", "beep_budget"), ("c4", "beep_budget")]
    assert site.desk.refused == 2


def test_peoples_commands_have_no_budget(site: "Site", cloud: "Cloud") -> None:
    for number in range(5):
        cloud.ask(f"c{number}", 20 + number, requested_by="voice")
        site.obeyed(f"c{number}", 20 + number, "voice")
    cloud.ask("c9", 26)

    assert site.setpoints() == [20, 21, 22, 23, 24, 26]


def test_advice_that_changes_nothing_makes_no_beep(site: "Site", cloud: "Cloud") -> None:
    for number in range(5):
        cloud.ask(f"c{number}", 25)
        site.obeyed(f"c{number}", 25)
    cloud.ask("c5", 26)
    site.obeyed("c5", 26)
    cloud.ask("c6", 26)  # the budget of two is spent, and this needs none
    cloud.ask("c7", 27)

    assert site.refusals() == [("c7", "beep_budget")]


def test_it_changed_while_i_had_just_set_it(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    """Changed at 12:00 UTC: the next schedule point is 17:00 (DESIGN, wire contract)."""
    site.report(setpoint_c=24, mode="cool", changed_by="schedule")
    site.report(setpoint_c=22, mode="cool", changed_by="remote")

    clock.at = datetime(2026, 7, 1, 16, 59, 59, tzinfo=UTC)
    cloud.ask("c1", 26)
    clock.at = datetime(2026, 7, 1, 17, tzinfo=UTC)
    cloud.ask("c2", 26)

    assert site.setpoints() == [26]
    assert site.refusals() == [("c1", "person_hold")]


def test_a_persons_change_stands_at_least_two_hours(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    clock.at = datetime(2026, 7, 1, 16, 30, tzinfo=UTC)
    site.report(setpoint_c=22, mode="cool", changed_by="remote")

    clock.at = datetime(2026, 7, 1, 18, 29, tzinfo=UTC)
    cloud.ask("c1", 26)
    clock.at = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)
    cloud.ask("c2", 26)

    assert site.refusals() == [("c1", "person_hold")]
    assert site.setpoints() == [26]


def test_people_may_command_during_their_own_hold(site: "Site", cloud: "Cloud") -> None:
    site.report(setpoint_c=22, mode="cool", changed_by="remote")

    cloud.ask("c1", 24, requested_by="app")
    cloud.ask("c2", 26)

    assert site.setpoints() == [24]
    assert site.refusals() == [("c2", "person_hold")]


def test_the_same_report_again_is_no_new_change(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    site.report(setpoint_c=22, mode="cool", changed_by="remote")
    clock.at = datetime(2026, 7, 1, 16, 59, tzinfo=UTC)
    site.report(setpoint_c=22, mode="cool", changed_by="remote")

    clock.at = datetime(2026, 7, 1, 17, tzinfo=UTC)
    cloud.ask("c1", 26)

    assert site.setpoints() == [26]


def test_a_change_at_the_unit_is_never_overwritten_by_the_same_command_again(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    """The cloud's `desired` still differs, so it sends its delta again: also after the hold."""
    cloud.ask("c1", 26)
    site.obeyed("c1", 26)
    site.report(setpoint_c=22, changed_by="remote")

    cloud.ask("c1", 26)
    clock.at = NOON + timedelta(days=1)
    cloud.document(2, desired={"command_id": "c1", "setpoint_c": 26, "requested_by": "advisor"})

    assert site.setpoints() == [26]
    assert site.refusals() == []


def test_a_restart_forgets_no_hold(site: "Site", cloud: "Cloud") -> None:
    site.report(setpoint_c=22, mode="cool", changed_by="remote")

    site.restart()
    cloud.ask("c1", 26)

    assert site.refusals() == [("c1", "person_hold")]


def test_a_restart_forgets_no_beep(site: "Site", cloud: "Cloud") -> None:
    for number in (1, 2):
        cloud.ask(f"c{number}", 24 + number)
        site.obeyed(f"c{number}", 24 + number)

    site.restart()
    cloud.ask("c3", 27)

    assert site.refusals() == [("c3", "beep_budget")]


def test_a_command_is_refused_once(site: "Site", cloud: "Cloud") -> None:
    site.report(setpoint_c=22, mode="cool", changed_by="remote")
    cloud.ask("c1", 26)
    cloud.ask("c1", 26)
    site.restart()
    cloud.ask("c1", 26)

    assert site.refusals() == [("c1", "person_hold")]


def test_a_dumb_device_is_sent_back_when_advice_expires(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    """The last setpoint that a person chose is 23; the advisor's and the app's passing ones do not count."""
    site.report(setpoint_c=23, mode="cool", changed_by="voice")
    cloud.ask("c1", 25, requested_by="app", expires_at="2026-07-01T12:10:00Z")
    site.obeyed("c1", 25, "app")
    cloud.ask("c2", 26, expires_at=AT_ONE)
    site.obeyed("c2", 26)

    for minute in (59, 60, 61, 62, 63):
        clock.at = NOON + timedelta(minutes=minute)
        site.gateway.receive([])

    assert site.setpoints() == [25, 26, 23]
    assert site.told()[-1]["requested_by"] == "schedule"
    assert site.told()[-1]["command_id"] == "c2:expired"


def test_a_device_that_goes_back_by_itself_is_left_alone(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    site.report(setpoint_c=23, mode="cool", changed_by="remote")
    clock.at = datetime(2026, 7, 1, 18, tzinfo=UTC)
    cloud.ask("c1", 26, expires_at="2026-07-01T19:00:00Z")
    site.obeyed("c1", 26)

    clock.at = datetime(2026, 7, 1, 19, tzinfo=UTC)
    site.gateway.receive([])
    site.report(setpoint_c=23, mode="cool", changed_by="remote")
    clock.at = datetime(2026, 7, 1, 19, 5, tzinfo=UTC)
    site.gateway.receive([])
    cloud.ask("c2", 26)

    assert site.setpoints() == [26, 26]
    assert site.refusals() == []  # going back is no new change by a person


def test_going_back_to_the_old_setpoint_before_the_end_is_a_persons_change(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    site.report(setpoint_c=23, mode="cool", changed_by="schedule")
    cloud.ask("c1", 26, expires_at=AT_ONE)
    site.obeyed("c1", 26)

    clock.at = NOON + timedelta(minutes=30)
    site.report(setpoint_c=23, mode="cool", changed_by="remote")
    cloud.ask("c2", 26)

    assert site.refusals() == [("c2", "person_hold")]


def test_it_changed_while_the_week_says_nothing_before_evening(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    """NOON is a Wednesday; the week's next entry is at 20:00, so 17:00 is no schedule point here."""
    wednesday_20 = 2 * 1440 + 20 * 60
    site.registry["dev-1"] = Registration(device_id="dev-1", schedule_min=(wednesday_20,))
    site.report(setpoint_c=22, mode="cool", changed_by="remote")

    clock.at = NOON + timedelta(hours=7, minutes=59)
    cloud.ask("c1", 26)
    clock.at = NOON + timedelta(hours=8)
    cloud.ask("c2", 26)

    assert site.refusals() == [("c1", "person_hold")]
    assert site.setpoints() == [26]
