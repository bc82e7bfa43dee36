from cloud.home_clock import SLOT_S, HomeClock, Slot
from cloud.presence import Presence

MONDAY_S = 1_780_272_000.0
"""2026-06-01 00:00 UTC."""

CLOCK = HomeClock("UTC")


def watch(presence: Presence, start_h: float, end_h: float, *, moving: bool) -> None:
    """Readings every five minutes, and half-hours closed as they end."""
    at_s = MONDAY_S + start_h * 3600
    while at_s < MONDAY_S + end_h * 3600:
        slot = CLOCK.slot(at_s)
        presence.observe(at_s + 300, slot, moved=moving)
        at_s += 300
        if at_s % SLOT_S == 0:
            presence.learn(slot, moved=moving)


def slot_at(hour: float) -> Slot:
    return CLOCK.slot(MONDAY_S + hour * 3600)


def live(presence: Presence, days: int, *, leave_h: float, return_h: float) -> None:
    """Days that are all alike: asleep until seven, out from `leave_h` to `return_h`."""
    for day in range(days):
        watch(presence, 24 * day, 24 * day + 7, moving=False)
        watch(presence, 24 * day + 7, 24 * day + leave_h, moving=True)
        watch(presence, 24 * day + leave_h, 24 * day + return_h, moving=False)
        watch(presence, 24 * day + return_h, 24 * day + 23, moving=True)
        watch(presence, 24 * day + 23, 24 * day + 24, moving=False)


def test_takes_three_quarters_of_an_hour_of_stillness_for_absence_by_day() -> None:
    presence = Presence()
    watch(presence, 9, 10, moving=True)
    watch(presence, 10, 10.5, moving=False)
    assert presence.left_s is None

    watch(presence, 10.5, 11, moving=False)
    assert presence.left_s == MONDAY_S + 10 * 3600


def test_takes_a_still_night_for_sleep() -> None:
    presence = Presence()
    watch(presence, 20, 22.5, moving=True)
    watch(presence, 22.5, 31, moving=False)

    assert presence.left_s is None


def test_takes_the_single_motion_of_a_sleeper_for_no_departure() -> None:
    presence = Presence()
    watch(presence, 20, 22.5, moving=True)
    watch(presence, 22.5, 29, moving=False)
    watch(presence, 29, 29.05, moving=True)
    watch(presence, 29.1, 32, moving=False)

    assert presence.left_s is None


def test_notices_who_leaves_early_in_the_morning() -> None:
    presence = Presence()
    watch(presence, 5.5, 6.5, moving=True)
    watch(presence, 6.5, 7.5, moving=False)

    assert presence.left_s == MONDAY_S + 6.5 * 3600


def test_takes_a_silence_of_the_sensor_for_somebody_at_home() -> None:
    presence = Presence()
    watch(presence, 9, 10, moving=True)
    watch(presence, 10, 12, moving=False)
    watch(presence, 13, 13.1, moving=False)

    assert presence.left_s is None


def test_expects_people_when_they_came_on_days_like_this() -> None:
    presence = Presence()
    live(presence, 4, leave_h=8, return_h=17.5)
    watch(presence, 96, 103, moving=False)
    watch(presence, 103, 104, moving=True)
    watch(presence, 104, 108, moving=False)

    at_s = MONDAY_S + 108 * 3600

    assert presence.returns_h(at_s, slot_at(108)) == [5.5] * 4


def test_knows_nothing_of_returns_while_somebody_is_there() -> None:
    presence = Presence()
    live(presence, 4, leave_h=8, return_h=17.5)
    watch(presence, 96, 108, moving=True)

    assert presence.returns_h(MONDAY_S + 108 * 3600, slot_at(108)) == []


def test_does_not_compare_a_weekend_with_weekdays() -> None:
    presence = Presence()
    live(presence, 5, leave_h=8, return_h=17.5)  # Monday to Friday
    watch(presence, 120, 127, moving=False)
    watch(presence, 127, 128, moving=True)
    watch(presence, 128, 132, moving=False)

    assert presence.left_s is not None
    assert presence.returns_h(MONDAY_S + 132 * 3600, slot_at(132)) == []


def test_profile_is_careful_with_few_days() -> None:
    presence = Presence()
    live(presence, 3, leave_h=8, return_h=17)
    watch(presence, 72, 72.5, moving=False)

    (noon,) = presence.away_ratio([slot_at(84)])

    assert noon == 3 / (3 + 2)  # two days of prior at home


def test_believes_who_says_that_nobody_is_home() -> None:
    presence = Presence()
    watch(presence, 9, 10, moving=True)

    presence.leave(MONDAY_S + 10 * 3600)

    assert presence.left_s == MONDAY_S + 10 * 3600


def test_phones_are_as_good_as_a_sensor_and_of_use_without_one() -> None:
    presence = Presence()
    for day in range(10):
        for half_hour in range(48):
            at_s = MONDAY_S + day * 86_400 + half_hour * SLOT_S
            if half_hour in (18, 34):
                presence.hear(at_s, CLOCK.slot(at_s), at_home=half_hour == 34)
            presence.learn(CLOCK.slot(at_s), moved=False)

    ten = slot_at(24 * 10 + 10)
    presence.hear(MONDAY_S + (24 * 10 + 9) * 3600, ten, at_home=False)

    assert presence.away_ratio([ten])[0] > 0.5
    assert set(presence.returns_h(MONDAY_S + (24 * 10 + 10) * 3600, ten)) == {7.0}


def test_somebody_who_comes_home_by_phone_is_there_at_once() -> None:
    presence = Presence()
    presence.hear(MONDAY_S, slot_at(0), at_home=False)
    assert presence.left_s == MONDAY_S

    presence.hear(MONDAY_S + 600, slot_at(0.2), at_home=True)

    assert presence.left_s is None
