"""Faulty days: what cannot be true is neither learnt from nor judged on, and an alarm until it is mended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cloud.champion import Champion
from cloud.drift.faults import comparable, faults
from cloud.energy import usable_energy_hours
from cloud.faulty_days import (
    COLUMNS,
    OUTDOOR_SENSOR,
    LeftOut,
    flagged_days,
    no_faulty_days,
    odd_outdoor_days,
    without,
)
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.finetuning import Known, Recipe, fine_tune
from cloud.training import TrainingParams, split, train
from cloud.trees import TreeParams, matrix
from cloud.triggers import Decision, Memory, after_job, decide

PARAMS = TrainingParams(
    energy=TreeParams(trees=40, leaves=12, min_rows_leaf=20, threads=1),
    override=TreeParams(trees=10, leaves=4, min_rows_leaf=40, threads=1),
)
NOW = pd.Timestamp("2025-07-20T00:00Z")
HOMES = [f"d{place}" for place in range(10)]
REGIONS = dict.fromkeys(HOMES, "region +30-115")


def outdoors(off_k: dict[str, float], days: int = 2) -> pd.DataFrame:
    """Hours of ten homes under one sky, some with a sensor that is off."""
    ends = pd.date_range(NOW - timedelta(days=days) + timedelta(hours=1), NOW, freq="h")
    sky_c = 30.0 + 5.0 * np.sin(np.arange(len(ends)) / 4.0)
    return pd.concat(
        pd.DataFrame(
            {"device_id": home, "hour_end_at": ends, "outdoor_dry_bulb_c": sky_c + off_k.get(home, 0.0)}
        )
        for home in HOMES
    ).reset_index(drop=True)


def test_an_outdoor_sensor_far_from_its_neighbours_is_faulty_each_day() -> None:
    found = odd_outdoor_days(outdoors({"d1": 8.0, "d2": 8.0, "d3": 8.0, "d4": 2.5}), REGIONS)

    assert sorted(set(found["device_id"])) == ["d1", "d2", "d3"]
    assert len(found) == 3 * 2
    assert set(found["reason"]) == {OUTDOOR_SENSOR}


def test_a_region_of_many_climates_has_no_odd_sensors() -> None:
    mountains = {home: 4.0 * place for place, home in enumerate(HOMES)}

    assert not len(odd_outdoor_days(outdoors(mountains), REGIONS))
    few = outdoors({"d1": 8.0})
    assert not len(odd_outdoor_days(few[few["device_id"].isin(HOMES[:3])], REGIONS))


def test_a_meter_in_another_unit_is_faulty_on_its_days_only(make_rooms: Callable[..., Any]) -> None:
    rooms = make_rooms(homes=2, days=3)
    table = rooms.telemetry()
    power_w = table["electric_power_w"].to_numpy().astype(float)
    at = table["sampled_at"].to_pandas()
    midnight = at.min().floor("D") + timedelta(days=2)
    steps_kwh = power_w * table["interval_s"].to_numpy() / 3.6e6
    counted = pd.Series(steps_kwh).groupby(table["device_id"].to_pandas()).cumsum()
    wrong = np.where(
        (at > midnight) & (table["device_id"].to_pandas() == "room-01"), power_w / 1000.0, power_w
    )
    for name, values in (("energy_total_kwh", counted.to_numpy()), ("electric_power_w", wrong)):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(name), [values])

    found = flagged_days(table)

    meters = found[found["reason"] == "power_against_counter"]
    assert set(meters["device_id"]) == {"room-01"}
    assert meters["day"].min() == midnight


def days(homes: list[str], hours: pd.DataFrame, reason: str = OUTDOOR_SENSOR) -> pd.DataFrame:
    """All days of some homes, as faulty."""
    mine = hours[hours["device_id"].isin(homes)]
    day = (mine["hour_end_at"] - timedelta(minutes=30)).dt.floor("D")
    rows = pd.DataFrame({"device_id": mine["device_id"], "day": day}).drop_duplicates()
    return rows.assign(reason=reason)[list(COLUMNS)]


def test_says_what_was_left_out_and_when_it_was_too_much() -> None:
    hours = outdoors({})

    sound, left_out = without(hours, days(["d1", "d2"], hours))

    assert set(sound["device_id"]) == set(HOMES) - {"d1", "d2"}
    assert left_out.words == "4 of 20 device-days left out as faulty (outdoor_sensor on 4 of 2 homes)"
    assert not left_out.is_too_much
    assert without(hours, days(HOMES[:6], hours))[1].is_too_much
    assert without(hours, no_faulty_days())[1] == LeftOut(0, 20, {})


def test_the_alarm_is_raised_once_outlasts_jobs_and_ends_when_it_is_mended() -> None:
    hours = outdoors({}, days=3)
    cohorts = {"fleet": frozenset(HOMES)}

    def look(faulty: pd.DataFrame, memory: Memory) -> Decision:
        return decide(faults(cohorts, hours, faulty), memory, NOW.to_pydatetime(), room=50)

    first = look(days(HOMES[:4], hours), Memory())
    again = look(days(HOMES[:4], hours), after_job(first, NOW.to_pydatetime()))
    mended = look(no_faulty_days(), again.memory)

    assert first.update is None
    assert "4 of 10 homes report what cannot be true (outdoor_sensor)" in first.reason
    assert again.fired == ()
    assert list(again.memory.quiet) == ["faults/fleet/outdoor_sensor"]
    assert mended.memory.quiet == {}
    assert look(days(HOMES[:1], hours), Memory()).fired == ()  # one alone is in the quality report


def test_homes_that_are_faulty_of_late_are_left_out_of_what_is_compared_then_and_now() -> None:
    hours = outdoors({}, days=20)
    late, once = days(["d1"], hours), days(["d2"], hours)

    left = comparable(hours, pd.concat([late[late["day"] > NOW - timedelta(days=6)], once.tail(1)]))

    assert set(left["device_id"]) == set(HOMES) - {"d1"}
    assert len(left) == 9 * 20 * 24 - 24


@pytest.fixture(scope="module")
def lives(make_rooms: Callable[..., Any]) -> tuple[Champion, pd.DataFrame, pd.DataFrame]:
    """A champion, base hours, and hours in which machines draw half as much again in the newest half."""
    base, hours = make_rooms(seed=9).hours(), make_rooms().hours()
    newest = hours["hour_end_at"] > hours["hour_end_at"].quantile(0.5)
    drawn = hours[ENERGY_TARGET].where(~newest, 1.5 * hours[ENERGY_TARGET] + 0.2)
    return train(split(base).fit, PARAMS, "v1"), base.iloc[::8], hours.assign(**{ENERGY_TARGET: drawn})


def test_what_serves_has_learnt_the_days_that_were_judged_on_and_what_was_judged_has_not(
    lives: tuple[Champion, pd.DataFrame, pd.DataFrame],
) -> None:
    champion, base, hours = lives

    made = fine_tune(champion, hours, base, PARAMS, "v2")
    recipe, parts = Recipe(champion, base, PARAMS, "v2", quick=False), split(hours)
    judged = recipe.judged(parts)

    assert (made.verdict.promote, made.refitted) == (True, True), made.verdict.reason
    assert made.verdict.document()["leaks"] == "passed: no hour of judgement was learnt from"
    assert (
        made.challenger.to_files() == recipe.whole(judged, hours).to_files()
    )  # as `models rebuild` makes it
    newest = usable_energy_hours(parts.newest)
    errors = [
        np.abs(each.energy.predict(matrix(newest, ENERGY_FEATURES)) - newest[ENERGY_TARGET]).sum()
        for each in (made.challenger, judged)
    ]
    assert errors[0] < 0.8 * errors[1]


def test_with_too_much_left_out_nobody_is_promoted_and_the_reason_says_so(
    lives: tuple[Champion, pd.DataFrame, pd.DataFrame],
) -> None:
    champion, base, hours = lives
    much = LeftOut(60, 100, {"frozen": (60, 6)})

    made = fine_tune(champion, hours, base, PARAMS, "v2", known=Known(left_out=much))
    some = fine_tune(champion, hours, base, PARAMS, "v2", known=Known(left_out=replace(much, of=1000)))

    assert (made.verdict.promote, made.refitted) == (False, False)
    assert "over 50 % of the device-days are faulty" in made.verdict.reason
    assert some.verdict.promote
    assert "60 of 1000 device-days left out as faulty (frozen on 60 of 6 homes)" in some.verdict.reason


def test_what_the_champion_knows_is_not_judged_on_and_news_is_divided(room_hours: pd.DataFrame) -> None:
    newest = room_hours["hour_end_at"].max()

    def judged_days(learnt_until: pd.Timestamp | None) -> float:
        return float((newest - split(room_hours, learnt_until).fit["hour_end_at"].max()) / timedelta(days=1))

    assert judged_days(newest - timedelta(days=4)) == pytest.approx(2.0, abs=0.05)
    assert judged_days(newest - timedelta(hours=6)) == pytest.approx(1.0, abs=0.05)  # a day at least
    assert judged_days(newest - timedelta(days=400)) == judged_days(None)  # a quarter at most
