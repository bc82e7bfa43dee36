"""Gross harm: plain and beyond chance, it is seen before the day is over; all else waits for the looks."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from cloud.ports.records import DayRecord, TrialRecord
from cloud.rollout.cohort import HomePlace, was_drawn
from cloud.rollout.gross import gross_harm
from cloud.rollout.sequential import HarmBudget

SINCE = datetime(2025, 7, 1, 9, tzinfo=UTC)
TODAY = SINCE.date()
BUDGET = HarmBudget()


def trial(stage: str = "canary") -> TrialRecord:
    fields = {"version": "v2", "champion": "v1", "stage": stage, "seed": "v2", "share_ratio": 0.3}
    return TrialRecord.model_validate(fields | {"since": SINCE})


def places(homes: int = 24) -> dict[str, HomePlace]:
    return {f"d{number}": HomePlace(f"h{number}", 45.0) for number in range(homes)}


def so_far(
    harm: Callable[[bool, int], dict[str, object]], homes: int = 24, day: date = TODAY
) -> list[DayRecord]:
    """The day that goes on, in homes that try it and in others."""
    found = list[DayRecord]()
    for number, (device_id, place) in enumerate(places(homes).items()):
        fields = {
            "device_id": device_id,
            "day": day,
            "arm": "advised",
            "version": "v1",
            "measured_h": 3.0,
            "electric_energy_kwh": 1.0,
            "overrides": 0,
            "warm_words": 0,
            "warm_minutes": 0.0,
            "decisions": 6,
            "said": {},
        }
        found.append(DayRecord.model_validate(fields | harm(was_drawn(trial(), place.home_id), number)))
    return found


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        ({"overrides": 1}, "+1.00 overrides a home"),
        ({"warm_words": 2}, "+2.00 overrides a home"),
        ({"warm_minutes": 150.0}, "+150.00 warm minutes a home"),
    ],
)
def test_plain_harm_in_the_cohort_is_seen_on_the_same_day(harm: dict[str, object], word: str) -> None:
    days = so_far(lambda tried, _: harm if tried else {})

    assert str(gross_harm(days, places(), trial(), BUDGET)).startswith(word)


def test_what_others_have_too_is_the_weather() -> None:
    days = so_far(lambda _, number: {"overrides": 1 + number % 2, "warm_minutes": 300.0})

    assert gross_harm(days, places(), trial(), BUDGET) is None


def test_a_little_more_waits_for_the_looks_at_whole_days() -> None:
    days = so_far(lambda tried, _: {"warm_minutes": 100.0 if tried else 0.0})

    assert gross_harm(days, places(), trial(), BUDGET) is None


def test_much_in_one_home_is_no_cohort() -> None:
    first = next(number for number in range(24) if was_drawn(trial(), f"h{number}"))
    days = so_far(lambda _, number: {"overrides": 9 if number == first else 0})

    assert gross_harm(days, places(), trial(), BUDGET) is None


def test_so_few_homes_that_chance_could_have_drawn_them_are_not_judged() -> None:
    days = so_far(lambda tried, _: {"overrides": 3 if tried else 0}, homes=6)

    assert gross_harm(days, places(6), trial(), BUDGET) is None


@pytest.mark.parametrize("fields", [{"arm": "habit"}, {"decisions": 0}])
def test_days_that_nobody_advised_do_not_count(fields: dict[str, object]) -> None:
    days = so_far(lambda tried, _: fields | {"overrides": 3 if tried else 0})

    assert gross_harm(days, places(), trial(), BUDGET) is None


def test_days_before_the_trial_and_the_shadow_do_not_count() -> None:
    def harm(tried: bool, _: int) -> dict[str, object]:  # noqa: FBT001 (as `so_far` calls it)
        return {"overrides": 3 if tried else 0}

    before = so_far(harm, day=TODAY - timedelta(days=2))

    assert gross_harm(before, places(), trial(), BUDGET) is None
    assert gross_harm(so_far(harm), places(), trial("shadow"), BUDGET) is None
    assert gross_harm([], places(), trial(), BUDGET) is None
