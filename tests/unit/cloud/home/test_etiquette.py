"""Other modes, vacations, quiet hours, beeps and people who disagree: what a home may ask of its advisor."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from cloud.advice import Feedback, Installation, Preferences, QuietHours
from cloud.advice_round import MAX_CHANGES_PER_DAY
from cloud.advisor import HomeAdvisor
from cloud.outcome import Models
from edge.contract import Mode, Telemetry
from tests.unit.cloud.home.conftest import MIDNIGHT

MakeReading = Callable[..., Telemetry]

DAYS = 10


@pytest.fixture
def advisor(models: Models, installation: Installation, make_reading: MakeReading) -> HomeAdvisor:
    """Ten days at the habit of 24 °C."""
    advisor = HomeAdvisor(models, installation)
    for half_hour in range(1, DAYS * 48 + 1):
        advisor.observe(make_reading(half_hour / 2, interval_s=1800.0))
    return advisor


def at(hour: float) -> datetime:
    """So many hours after the last midnight."""
    return MIDNIGHT + timedelta(days=DAYS, hours=hour)


@pytest.fixture
def report(advisor: HomeAdvisor, make_reading: MakeReading) -> Callable[..., None]:
    """What the device says, so many hours after the last midnight."""

    def tell(hour: float, **changes: object) -> None:
        advisor.observe(make_reading(24 * DAYS + hour, interval_s=1800.0, **changes))

    return tell


Report = Callable[..., None]


@pytest.mark.parametrize(
    ("mode", "setpoint_c", "reason"),
    [
        ("off", None, "The air conditioner is off, as you set it: nothing to save."),
        ("dry", None, "It is drying the air, as you set it: your setting stays."),
        ("fan", None, "Only the fan runs, as you set it: nothing to save."),
        ("heat", 21.0, "Heating is on, as you set it: this advice is for cooling only, your setting stays."),
        (
            "auto",
            23.0,
            "The device chooses between heating and cooling itself, as you set it: your setting stays.",
        ),
    ],
)
@pytest.mark.parametrize("changed_by", ["schedule", "remote", None])
def test_another_mode_stands_and_it_is_said_why(
    advisor: HomeAdvisor,
    report: Report,
    *,
    mode: Mode,
    setpoint_c: float | None,
    reason: str,
    changed_by: str | None,
) -> None:
    report(9.0, mode=mode, setpoint_c=setpoint_c, changed_by=changed_by)
    advisor.configure(Preferences(away_until=at(20)))

    for hour in (9.0, 18.0):  # also when no person's word stands any more
        report(hour + 0.1, mode=mode, setpoint_c=setpoint_c, changed_by=changed_by)
        advice = advisor.advise(at(hour + 0.5))

        assert (advice.mode, advice.setpoint_c, advice.fan) == (mode, setpoint_c, None)
        assert advice.reason == reason
        assert (advice.expected_saving_kwh, advice.notice_probability) == (0.0, 0.0)
        assert [(step.mode, step.setpoint_c) for step in advice.plan] == [(mode, setpoint_c)]


def test_where_cooling_may_not_be_advised_nothing_is(
    models: Models, make_reading: MakeReading, installation: Installation
) -> None:
    heater = Installation(24.0, 0.0, 0.0, "UTC", modes=("heat",))
    advisor = HomeAdvisor.restore(models, heater, HomeAdvisor(models, installation).state())
    advisor.observe(make_reading(1.0, setpoint_c=22.0))

    advice = advisor.advise(MIDNIGHT + timedelta(hours=1))

    assert (advice.mode, advice.setpoint_c, advice.expected_saving_kwh) == ("cool", 22.0, 0.0)
    assert advice.reason == "Cooling is not among the modes that may be advised here: your setting stays."


def test_on_vacation_it_gets_warmer_and_is_cool_again_in_time(advisor: HomeAdvisor, report: Report) -> None:
    advisor.configure(Preferences(away_until=at(20)))
    setpoints_c, reasons = {}, {}
    for half_hour in range(16, 40):
        hour = half_hour / 2
        advice = advisor.advise(at(hour))
        setpoints_c[hour], reasons[hour] = advice.setpoint_c, advice.reason
        report(
            hour + 0.25,
            setpoint_c=advice.setpoint_c,
            changed_by="advisor",
            indoor_dry_bulb_c=advice.setpoint_c,
        )

    assert setpoints_c[16.0] is not None
    assert setpoints_c[16.0] > 24.0
    assert "You are away until 20:00" in reasons[16.0]
    assert setpoints_c[19.5] is not None
    assert setpoints_c[19.5] < setpoints_c[16.0]
    assert advisor.advise(at(20)).reason.startswith(("You should not feel", "Same as you set", "A warmer"))


def test_a_long_vacation_ends_on_a_date(advisor: HomeAdvisor, report: Report) -> None:
    advisor.configure(Preferences(away_until=at(9 + 3 * 24)))
    report(7.9)

    assert "You are away until 09:00 on Sunday, 14 June:" in advisor.advise(at(8)).reason


def test_in_quiet_hours_the_device_does_not_beep(advisor: HomeAdvisor, report: Report) -> None:
    advisor.configure(Preferences(away_until=at(20), quiet_hours=QuietHours(22.0, 9.0)))
    report(8.5)

    assert advisor.advise(at(8.75)).setpoint_c == 24.0
    assert advisor.advise(at(9.0)).setpoint_c != 24.0


def test_but_it_is_made_cooler_also_in_quiet_hours(advisor: HomeAdvisor, report: Report) -> None:
    advisor.configure(Preferences(away_until=at(8.75), quiet_hours=QuietHours(8.0, 9.0)))
    report(7.0, setpoint_c=27.0, changed_by="advisor", indoor_dry_bulb_c=27.0)

    advice = advisor.advise(at(8.5))

    assert advice.setpoint_c is not None
    assert advice.setpoint_c < 27.0


def test_there_are_only_so_many_beeps_a_day(advisor: HomeAdvisor, report: Report) -> None:
    """People who announce and call off a journey every half-hour."""
    in_force_c, rises, changes = 24.0, 0, 0
    for half_hour in range(48):
        away = half_hour % 2 == 0
        advisor.configure(Preferences(away_until=at(30) if away else None))
        advice = advisor.advise(at(half_hour / 2))
        assert advice.setpoint_c is not None
        rises += advice.setpoint_c > in_force_c
        changes += advice.setpoint_c != in_force_c
        in_force_c = advice.setpoint_c
        report(half_hour / 2 + 0.25, setpoint_c=in_force_c, changed_by="advisor", indoor_dry_bulb_c=24.5)

    assert rises <= MAX_CHANGES_PER_DAY / 2 + 2
    # the first ever is not counted, and what makes it cooler for people is never held back
    assert MAX_CHANGES_PER_DAY <= changes <= MAX_CHANGES_PER_DAY + 4


def test_advice_holds_until_the_next_decision_at_least_and_never_stops_the_machine(
    advisor: HomeAdvisor, installation: Installation
) -> None:
    for half_hour in range(4):
        advisor.configure(Preferences(away_until=at(8.25 + half_hour / 2)))
        advice = advisor.advise(at(8 + half_hour / 2))

        assert advice.setpoint_c is not None
        assert advice.valid_until - at(8 + half_hour / 2) >= timedelta(seconds=installation.step_s)


def test_of_two_people_who_disagree_the_last_one_is_heard(advisor: HomeAdvisor, report: Report) -> None:
    report(10.0, setpoint_c=22.0, changed_by="remote")
    assert advisor.advise(at(10.25)).setpoint_c == 22.0
    report(10.5, setpoint_c=26.0, changed_by="app")

    held = advisor.advise(at(10.75))

    assert held.setpoint_c == 26.0
    assert held.reason == "You chose 26.0 °C: that stands until 17:00."
    assert advisor.is_held(at(16.9))
    report(16.5, setpoint_c=26.0, changed_by="app")
    assert not advisor.is_held(at(17.0))


def test_a_change_shortly_before_a_schedule_point_stands_for_two_hours(
    advisor: HomeAdvisor, report: Report
) -> None:
    report(16.5, setpoint_c=22.0, changed_by="remote")

    assert advisor.advise(at(18.4)).setpoint_c == 22.0
    assert advisor.is_held(at(18.4))
    assert not advisor.is_held(at(18.5))


def test_words_of_two_people_count_in_their_order(advisor: HomeAdvisor, report: Report) -> None:
    report(12.0, setpoint_c=24.5, changed_by="advisor", indoor_dry_bulb_c=24.5)
    advisor.record(Feedback(at(12.1), "too_hot"))
    assert advisor.is_held(at(12.2))

    advisor.record(Feedback(at(12.3), "too_cold"))

    assert not advisor.is_held(at(12.4))


def test_with_a_week_a_change_stands_until_its_next_entry(advisor: HomeAdvisor, report: Report) -> None:
    today_min = at(0).weekday() * 1440
    advisor.configure(Preferences(schedule_min=(today_min + 20 * 60,)))

    report(12.0, setpoint_c=26.0, changed_by="remote")

    assert advisor.advise(at(12.1)).reason == "You chose 26.0 °C: that stands until 20:00."
    assert advisor.is_held(at(19.9))
    assert not advisor.is_held(at(20))


@pytest.mark.parametrize("consent", [True, False])
def test_phones_count_only_with_consent(advisor: HomeAdvisor, *, consent: bool) -> None:
    advisor.configure(Preferences(share_presence=consent))

    advisor.record(Feedback(at(9), "left_home"))

    assert (advisor._home.presence.left_s is not None) is consent
    advisor.record(Feedback(at(10), "came_home"))
    assert advisor._home.presence.left_s is None


def test_a_bit_cool_holds_nothing_and_lets_warmth_grow(
    advisor: HomeAdvisor, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(12.0, setpoint_c=22.0, changed_by="advisor", advice_id="a")
    grown: list[bool] = []
    monkeypatch.setattr(type(advisor._home.tolerance), "warmer", lambda _: grown.append(True))

    advisor.record(Feedback(at(12.1), "a_bit_cool"))

    assert grown == [True]
    assert advisor._home.recovery.chilled_day is not None  # it was cooled ahead too far
    assert not advisor.is_held(at(12.2))
