"""What becomes of a trial: by cohort and region, with the reason, and never back and forth."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.advice import Installation, Preferences
from cloud.assignment import Assignment, Design
from cloud.day_count import day_writes
from cloud.ports.records import DayRecord, Said, TrialRecord
from cloud.rollout.cohort import HomePlace, tries, was_drawn
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.rollout.judge import judge_canary, judge_shadow, newest_whole_day
from cloud.rollout.sequential import HarmBudget
from cloud.serving import Profile

BEGAN = datetime(2025, 7, 1, 9, tzinfo=UTC)
TROPICS_DEG, TEMPERATE_DEG = 10.0, 48.0
PLACES = {
    f"d{number}": HomePlace(f"h{number}", (TROPICS_DEG, TEMPERATE_DEG)[number % 2]) for number in range(80)
}


def trial(**changes: object) -> TrialRecord:
    fields = {
        "version": "v2",
        "champion": "v1",
        "stage": "canary",
        "seed": "v2",
        "share_ratio": 0.3,
        "since": BEGAN,
    }
    return TrialRecord.model_validate(fields | changes)


def record(device_id: str, day: date, **changes: object) -> DayRecord:
    fields = {
        "device_id": device_id,
        "day": day,
        "arm": "advised",
        "version": "v1",
        "measured_h": 24.0,
        "electric_energy_kwh": 8.0,
        "overrides": 0,
        "warm_words": 0,
        "warm_minutes": 0.0,
        "decisions": 96,
        "said": {},
    }
    return DayRecord.model_validate(fields | changes)


def lived(days: int, harm: Callable[[HomePlace], dict[str, object]]) -> list[DayRecord]:
    """Records of all homes, ten days before the trial and `days` after it began."""
    return [
        record(device_id, BEGAN.date() + timedelta(days=number), **(harm(place) if number > 0 else {}))
        for device_id, place in PLACES.items()
        for number in range(-10, days + 1)
    ]


def last(days: int) -> date:
    return BEGAN.date() + timedelta(days=days)


def tried(place: HomePlace) -> bool:
    return was_drawn(trial(), place.home_id)


def test_a_harmless_challenger_goes_on_and_passes_after_the_last_look() -> None:
    days = lived(14, lambda _: {})

    assert judge_canary(days, PLACES, trial(), last(5)).way == "go on"
    passed = judge_canary(days, PLACES, trial(), last(14))
    assert (passed.way, passed.reason) == (
        "pass",
        f"no harm seen in 14 days in {sum(map(tried, PLACES.values()))} homes",
    )


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        ({"overrides": 2}, "overrides"),
        ({"warm_words": 2}, "overrides"),
        ({"warm_minutes": 300.0}, "warm minutes"),
        ({"electric_energy_kwh": 10.0}, "electricity"),
    ],
)
def test_harm_everywhere_ends_it_on_the_first_whole_day(harm: dict[str, object], word: str) -> None:
    days = lived(1, lambda place: harm if tried(place) else {})

    found = judge_canary(days, PLACES, trial(), last(1))

    assert found.way == "end"
    assert word in found.reason
    assert found.document[word].endswith("false alarms")


def test_harm_to_homes_that_do_not_try_it_is_none_of_its_doing() -> None:
    days = lived(5, lambda place: {} if tried(place) else {"overrides": 2})

    assert judge_canary(days, PLACES, trial(), last(5)).way == "go on"


def test_harm_in_one_region_withdraws_it_there_alone() -> None:
    def harm(place: HomePlace) -> dict[str, object]:
        sign = 1 if place.latitude_deg == TROPICS_DEG else -1
        return {"overrides": 1 + sign} if tried(place) else {"overrides": 1}

    found = judge_canary(lived(3, harm), PLACES, trial(), last(3))

    assert (found.way, found.homes) == ("withdraw", ("tropics",))
    assert found.reason.startswith("tropics: +1.00 overrides")


def test_harm_to_one_kind_of_machines_withdraws_it_from_these_alone() -> None:
    """Whoever harms inverters, and helps the others: on the whole nothing is to be seen."""
    homes = {
        name: replace(place, machine=("inverter", "single-speed")[number // 2 % 2])
        for number, (name, place) in enumerate(PLACES.items())
    }

    def harm(place: HomePlace) -> dict[str, object]:
        number = int(place.home_id[1:])
        return {"overrides": 1 + (tried(place) if number // 2 % 2 == 0 else -tried(place))}

    found = judge_canary(lived(3, harm), homes, trial(), last(3))

    assert (found.way, found.homes) == ("withdraw", ("inverter machines",))
    assert found.reason.startswith("inverter machines: +1.00 overrides")
    assert "overrides, temperate" in found.document


SWITCHBACK = Assignment((Design("s1", 7),))


BY_LOT_DAYS = 10
NEAR = {name: replace(place, longitude_deg=9.0) for name, place in PLACES.items()}
"""So that the sky is taken off by what neighbours use."""

BY_LOT = HarmBudget(looks=BY_LOT_DAYS, draws=500)


def by_lot(days: int, saved_kwh: Callable[[HomePlace], float]) -> list[DayRecord]:
    """As drawn: 6.8 kWh on advised days, on those at the habit so much more; weather is the same for all.

    So advised days alone are alike in all homes: what a version costs is seen by lot only.
    """

    def day(device_id: str, place: HomePlace, number: int) -> DayRecord:
        at = BEGAN.date() + timedelta(days=number)
        arm = SWITCHBACK.of(place.home_id, at).arm
        more = (saved_kwh(place) if number > 0 else 1.2) if arm == "habit" else 0.0
        return record(device_id, at, arm=arm, electric_energy_kwh=6.8 + 3.0 * np.sin(number) + more)

    return [
        day(device_id, place, number)
        for device_id, place in PLACES.items()
        for number in range(-14, days + 1)
    ]


def test_it_is_judged_by_what_it_saves_on_days_drawn_by_lot() -> None:
    days = by_lot(BY_LOT_DAYS, lambda place: 0.2 if tried(place) else 1.2)

    seen = judge_canary(days, NEAR, trial(), last(BY_LOT_DAYS), BY_LOT, SWITCHBACK)

    assert seen.way == "end"
    assert seen.reason.startswith("+0.")
    assert "electricity on days by lot" in seen.reason
    told = seen.document["electricity on days by lot"]
    assert re.search(
        r"; v2 saves [+-]\d\.\d+ ± \d\.\d+ kWh a day \(\d+ habit days\), v1 saves \+1\.", told
    ), told


def test_who_saves_as_much_passes_and_nobody_is_judged_by_days_that_were_not_drawn() -> None:
    days = by_lot(BY_LOT_DAYS, lambda _: 1.2)

    passed = judge_canary(days, NEAR, trial(), last(BY_LOT_DAYS), BY_LOT, SWITCHBACK)
    without = judge_canary(days, NEAR, trial(), last(BY_LOT_DAYS))

    assert passed.way == "pass"
    assert passed.document["electricity on days by lot"].startswith(("+0.0", "-0.0"))
    assert "electricity on days by lot" not in without.document


def test_a_home_that_did_not_consent_has_no_days_by_lot() -> None:
    """It lived advised days where habit days were drawn."""
    consented = by_lot(BY_LOT_DAYS, lambda place: 0.2 if tried(place) else 1.2)
    days = [day.model_copy(update={"arm": "advised"}) for day in consented]

    seen = judge_canary(days, NEAR, trial(), last(BY_LOT_DAYS), BY_LOT, SWITCHBACK)

    assert "electricity on days by lot" not in seen.document


def test_measuring_days_say_nothing_of_a_version() -> None:
    days = lived(3, lambda place: {"overrides": 3, "arm": "habit"} if tried(place) else {})

    assert judge_canary(days, PLACES, trial(), last(3)).way == "go on"


def shadow_days(challenger_kwh: float) -> list[DayRecord]:
    said = {
        "v1": Said(advised_kwh=9.0, expected_saving_kwh=1.0),
        "v2": Said(advised_kwh=challenger_kwh, expected_saving_kwh=1.0),
    }
    return [
        record(device_id, BEGAN.date() + timedelta(days=number), said=said)
        for device_id in PLACES
        for number in range(4)
    ]


def test_who_was_nearer_in_the_shadow_passes_and_who_was_further_off_does_not() -> None:
    shadow = trial(stage="shadow")

    assert judge_shadow(shadow_days(8.4), shadow, last(1)).way == "go on"
    assert judge_shadow(shadow_days(8.4), shadow, last(3)).way == "pass"
    refused = judge_shadow(shadow_days(11.0), shadow, last(3))
    assert refused.way == "end"
    assert refused.reason.startswith("off by 37.5 % of 240 days' electricity in the shadow, v1 by 12.5 %")


def test_a_larger_share_takes_homes_in_and_lets_none_out() -> None:
    homes = [f"h{number}" for number in range(1000)]
    by_share = [
        {home for home in homes if was_drawn(trial(share_ratio=share), home)} for share in (0.05, 0.2, 0.6)
    ]

    assert by_share[0] < by_share[1] < by_share[2]
    assert len(by_share[1]) == pytest.approx(200, abs=40)
    other = {home for home in homes if was_drawn(trial(seed="v3"), home)}
    assert other != {home for home in homes if was_drawn(trial(), home)}


def test_nobody_tries_it_in_the_shadow_or_where_it_was_withdrawn_or_when_it_is_over() -> None:
    drawn = next(home for home in PLACES.values() if tried(home))
    where = HomePlace(drawn.home_id, TROPICS_DEG, "inverter")

    assert tries(trial(), where)
    assert not tries(trial(stage="shadow"), where)
    assert not tries(trial(withdrawn={"tropics": "too warm"}), where)
    assert not tries(trial(withdrawn={"inverter machines": "too warm"}), where)
    assert tries(trial(withdrawn={"temperate": "too warm", "mixed machines": "too warm"}), where)
    assert not tries(trial(), where, {drawn.home_id})
    assert not tries(trial(ended="it failed"), where)


def test_a_day_is_over_when_it_is_over_everywhere() -> None:
    assert newest_whole_day(datetime(2025, 7, 2, 11, 59, tzinfo=UTC)) == date(2025, 6, 30)
    assert newest_whole_day(datetime(2025, 7, 2, 12, 0, tzinfo=UTC)) == date(2025, 7, 1)


def profiles() -> list[Profile]:
    return [
        Profile(
            device_id,
            place.home_id,
            Installation(24.0, place.latitude_deg, 10.0, "UTC"),
            habit_told=True,
            preferences=Preferences(),
            autonomy="auto",
        )
        for device_id, place in PLACES.items()
    ]


def test_what_was_decided_outlives_a_restart_and_a_version_is_tried_once() -> None:
    store = MemoryStateStore()
    for day in lived(2, lambda place: {"overrides": 2} if tried(place) else {}):
        store.transact(day_writes(day))
    desk = RolloutDesk(store, RolloutSettings(share_ratio=0.3))
    begun = desk.begin("v2", "v1", "canary", BEGAN)
    early, _ = desk.judge(begun, profiles(), BEGAN + timedelta(hours=10))
    assert early.looked is None

    ended, found = desk.judge(begun, profiles(), BEGAN + timedelta(days=2, hours=3))

    assert (found.way, ended.ended) == ("end", found.reason)
    again = RolloutDesk(store, RolloutSettings(share_ratio=0.3)).begin(
        "v2", "v1", "canary", BEGAN + timedelta(days=9)
    )
    assert again == ended
    assert not any(tries(again, place) for place in PLACES.values())


def test_a_day_is_looked_at_once() -> None:
    store = MemoryStateStore()
    for day in lived(2, lambda _: {}):
        store.transact(day_writes(day))
    desk = RolloutDesk(store, RolloutSettings(share_ratio=0.3))
    now = BEGAN + timedelta(days=2, hours=3)

    looked, found = desk.judge(desk.begin("v2", "v1", "canary", BEGAN), profiles(), now)

    assert found.way == "go on"
    assert desk.judge(looked, profiles(), now)[1].reason == "nothing new"
