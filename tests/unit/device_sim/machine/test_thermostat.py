"""The firmware: who decides, until when, and what is answered."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from device_sim.machine.thermostat import Thermostats
from edge.contract import Desired

NOON = datetime(2025, 7, 1, 19, tzinfo=UTC)
NOW_S = int(NOON.timestamp())
NEXT_POINT_S = NOW_S + 5 * 3600  # 17:00
HABIT_C = np.array([24.0, 24.0])
BOTH, FIRST = np.array([True, True]), np.array([True, False])


@pytest.fixture
def firmware() -> Thermostats:
    return Thermostats(HABIT_C)


def advice(setpoint_c: float | None = 26.0, hours: float = 1.0, **fields: object) -> Desired:
    values: dict[str, object] = {
        "setpoint_c": setpoint_c,
        "mode": "cool",
        "advice_id": "a-1",
        "command_id": "c-1",
        "requested_by": "advisor",
        "expires_at": NOON + timedelta(hours=hours),
    }
    return Desired.model_validate(values | fields)


def obey(firmware: Thermostats, desired: Desired, now_s: int = NOW_S) -> None:
    firmware.obey(0, desired, now_s, NEXT_POINT_S)


def take_remote(firmware: Thermostats, setpoint_c: float, next_point_s: int = NEXT_POINT_S) -> None:
    firmware.take_remote(FIRST, np.array([setpoint_c, np.nan]), NOW_S, next_point_s)


def test_schedule_is_in_force_at_first(firmware: Thermostats) -> None:
    reported = firmware.reported(1)

    assert (reported.setpoint_c, reported.mode, reported.changed_by) == (24.0, "cool", "schedule")


def test_advice_is_obeyed_by_the_device_it_is_for(firmware: Thermostats) -> None:
    obey(firmware, advice())

    reported = firmware.reported(0)
    assert (reported.setpoint_c, reported.changed_by) == (26.0, "advisor")
    assert (reported.advice_id, reported.command_id) == ("a-1", "c-1")
    assert firmware.reported(1).setpoint_c == 24.0


def test_expired_advice_gives_way_to_the_schedule(firmware: Thermostats) -> None:
    obey(firmware, advice())

    firmware.keep_time(NOW_S + 3599, HABIT_C)
    assert firmware.reported(0).setpoint_c == 26.0

    firmware.keep_time(NOW_S + 3600, HABIT_C)
    reported = firmware.reported(0)
    assert (reported.setpoint_c, reported.changed_by, reported.advice_id) == (24.0, "schedule", None)


def test_advice_that_comes_too_late_is_answered_but_not_obeyed(firmware: Thermostats) -> None:
    obey(firmware, advice(hours=-0.1))

    reported = firmware.reported(0)
    assert (reported.setpoint_c, reported.command_id, reported.advice_id) == (24.0, "c-1", None)


def test_advice_without_an_end_holds_until_the_next_schedule_point(firmware: Thermostats) -> None:
    obey(firmware, advice(expires_at=None))

    firmware.keep_time(NEXT_POINT_S - 1, HABIT_C)
    assert firmware.reported(0).setpoint_c == 26.0
    firmware.keep_time(NEXT_POINT_S, HABIT_C)
    assert firmware.reported(0).setpoint_c == 24.0


def test_mode_off_turns_off_and_reports_no_setpoint(firmware: Thermostats) -> None:
    obey(firmware, advice(setpoint_c=None, mode="off"))

    reported = firmware.reported(0)
    assert (reported.mode, reported.setpoint_c, reported.changed_by) == ("off", None, "advisor")
    firmware.keep_time(NOW_S + 3600, HABIT_C)
    assert (firmware.reported(0).mode, firmware.reported(0).setpoint_c) == ("cool", 24.0)


def test_a_person_at_the_unit_wins_and_clears_the_advice(firmware: Thermostats) -> None:
    obey(firmware, advice())

    take_remote(firmware, 22.5)

    reported = firmware.reported(0)
    assert (reported.setpoint_c, reported.changed_by, reported.advice_id) == (22.5, "remote", None)
    assert firmware.reported(1).changed_by == "schedule"


def test_advice_is_ignored_while_a_persons_change_holds(firmware: Thermostats) -> None:
    take_remote(firmware, 22.5)

    obey(firmware, advice(command_id="c-2"))

    reported = firmware.reported(0)
    assert (reported.setpoint_c, reported.changed_by, reported.advice_id) == (22.5, "remote", None)
    assert reported.command_id == "c-2"  # it answers with its state, so the cloud can see the refusal


@pytest.mark.parametrize("requested_by", ["schedule", None])
def test_only_people_may_change_what_a_person_has_chosen(
    firmware: Thermostats, requested_by: str | None
) -> None:
    take_remote(firmware, 22.5)

    obey(firmware, advice(requested_by=requested_by))

    assert firmware.reported(0).changed_by == "remote"


def test_a_persons_change_ends_at_the_schedule_point(firmware: Thermostats) -> None:
    take_remote(firmware, 22.5)

    firmware.keep_time(NEXT_POINT_S - 1, HABIT_C)
    assert firmware.reported(0).setpoint_c == 22.5
    firmware.keep_time(NEXT_POINT_S, HABIT_C + 1.0)
    assert (firmware.reported(0).setpoint_c, firmware.reported(0).changed_by) == (25.0, "schedule")


def test_a_persons_change_holds_two_hours_at_least(firmware: Thermostats) -> None:
    take_remote(firmware, 22.5, next_point_s=NOW_S + 600)

    firmware.keep_time(NOW_S + 7199, HABIT_C)
    assert firmware.reported(0).changed_by == "remote"
    firmware.keep_time(NOW_S + 7200, HABIT_C)
    assert firmware.reported(0).changed_by == "schedule"


def test_a_command_that_comes_again_is_not_obeyed_again(firmware: Thermostats) -> None:
    obey(firmware, advice(hours=12.0))
    take_remote(firmware, 22.5)
    firmware.keep_time(NEXT_POINT_S, HABIT_C)

    obey(firmware, advice(hours=12.0), NEXT_POINT_S)

    assert firmware.reported(0).changed_by == "schedule"


@pytest.mark.parametrize("requested_by", ["app", "voice"])
def test_app_and_voice_speak_for_a_person(firmware: Thermostats, requested_by: str) -> None:
    take_remote(firmware, 22.5)

    obey(firmware, advice(setpoint_c=23.0, requested_by=requested_by, expires_at=None, advice_id=None))
    obey(firmware, advice(command_id="c-2"))

    assert (firmware.reported(0).setpoint_c, firmware.reported(0).changed_by) == (23.0, requested_by)
    firmware.keep_time(NEXT_POINT_S, HABIT_C)
    assert firmware.reported(0).changed_by == "schedule"


def test_a_person_may_say_until_when(firmware: Thermostats) -> None:
    obey(firmware, advice(setpoint_c=23.0, requested_by="app", hours=0.5))

    firmware.keep_time(NOW_S + 1800, HABIT_C)

    assert firmware.reported(0).changed_by == "schedule"


def test_withdrawn_advice_gives_way_at_once(firmware: Thermostats) -> None:
    obey(firmware, advice())

    obey(firmware, Desired(command_id="c-2"))

    assert (firmware.reported(0).changed_by, firmware.reported(0).advice_id) == ("schedule", None)


def test_a_new_habit_setpoint_waits_behind_advice(firmware: Thermostats) -> None:
    obey(firmware, advice())

    firmware.keep_time(NOW_S + 600, HABIT_C - 1.0)
    assert firmware.reported(0).setpoint_c == 26.0
    assert firmware.reported(1).setpoint_c == 23.0

    firmware.keep_time(NOW_S + 3600, HABIT_C - 1.0)
    assert firmware.reported(0).setpoint_c == 23.0


@pytest.mark.parametrize(("asked_c", "accepted_c"), [(35.0, 30.0), (5.0, 16.0), (25.26, 25.3)])
def test_setpoints_are_cut_to_the_machines_range(
    firmware: Thermostats, asked_c: float, accepted_c: float
) -> None:
    obey(firmware, advice(asked_c))

    assert firmware.reported(0).setpoint_c == accepted_c


@pytest.mark.parametrize("mode", ["heat", "dry", "fan", "auto"])
def test_modes_that_the_machine_has_not_are_refused(firmware: Thermostats, mode: str) -> None:
    obey(firmware, advice(mode=mode))

    assert (firmware.reported(0).mode, firmware.reported(0).changed_by) == ("cool", "schedule")


def test_fan_alone_can_be_commanded(firmware: Thermostats) -> None:
    obey(firmware, advice(setpoint_c=None, mode=None, fan="low"))

    assert (firmware.reported(0).fan, firmware.reported(0).setpoint_c) == ("low", 24.0)
    assert firmware.texts()[0] == ("low", "auto")


def test_changed_reports_are_named_once(firmware: Thermostats) -> None:
    assert firmware.take_changed() == [0, 1]

    obey(firmware, advice())
    assert firmware.take_changed() == [0]
    firmware.keep_time(NOW_S + 60, HABIT_C)
    assert firmware.take_changed() == []
    firmware.keep_time(NOW_S + 3600, HABIT_C)
    assert firmware.take_changed() == [0]
