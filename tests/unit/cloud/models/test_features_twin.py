"""The incremental twin gives the numbers of the feature definition, and forgets nothing over a restart."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest

from cloud.adapters.duckdb_hours import hours_frame
from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from cloud.hours import HourlyHistory
from cloud.planned_rows import PlannedPath, Recent, energy_rows
from edge.contract import Telemetry

Make = Callable[..., Telemetry]
Floats = npt.NDArray[np.float64]
ToTable = Callable[[list[Telemetry]], pa.Table]

LONGITUDE_DEG = -70.0


def life(seed: int, days: int, make: Make) -> list[Telemetry]:
    """Readings with gaps, lost sensors, all modes, people, advice and uneven intervals."""
    draw = random.Random(seed)  # noqa: S311 - a test's own dice
    readings, minute, setpoint_c, mode = [], 0.0, 24.0, "cool"
    with_motion = draw.random() < 0.7
    while minute < days * 1440:
        step = draw.choice((5, 5, 5, 15))
        minute += step if draw.random() > 0.01 else draw.choice((40, 200, 2000))
        changed_by = None
        if draw.random() < 0.06:
            setpoint_c = draw.randint(40, 56) / 2
            changed_by = draw.choice(("remote", "app", "schedule", "advisor", "unknown", None))
            mode = draw.choices(("cool", "auto", "off", "fan", "dry"), (8, 2, 2, 1, 1))[0]
        readings.append(
            make(
                minute + draw.choice((0, 0, 0.001)),
                interval_s=step * 60.0,
                mode=mode,
                setpoint_c=setpoint_c if mode in {"cool", "auto"} or draw.random() < 0.5 else None,
                indoor_dry_bulb_c=None if draw.random() < 0.05 else draw.uniform(20, 30),
                indoor_rh_pct=None if draw.random() < 0.3 else draw.uniform(30, 80),
                outdoor_dry_bulb_c=None if draw.random() < 0.1 else draw.uniform(20, 40),
                electric_power_w=None if draw.random() < 0.05 else draw.uniform(0, 3000),
                motion=draw.random() < 0.1 if with_motion and draw.random() < 0.9 else None,
                changed_by=changed_by,
                advice_id="a" if draw.random() < 0.2 else None,
            )
        )
    return readings


def rows_of(history: HourlyHistory, start_at: datetime, path: PlannedPath) -> Floats:
    """The rows of one home, (n, features)."""
    (rows,) = energy_rows(Recent.of([(history, start_at)]), path)
    return np.asarray(rows, np.float64)


def twin_rows(readings: list[Telemetry], frame: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    """Feature rows of each hour of `frame`, from a history that has seen only what came before."""
    history, queue, draw = HourlyHistory(LONGITUDE_DEG), list(readings), random.Random(0)  # noqa: S311 - dice
    energy, override = [], []
    for hour in frame.to_dict("records"):
        end_at: datetime = hour["hour_end_at"].to_pydatetime()
        actual = PlannedPath(
            np.array([[hour["setpoint_c"]]]),
            np.array([[hour["on_ratio"]]]),
            np.array([[hour["outdoor_dry_bulb_c"]]]),
        )
        energy.append(rows_of(history, end_at - timedelta(hours=1), actual)[0])
        while queue and queue[0].sampled_at < end_at + timedelta(seconds=1):
            reading = queue.pop(0)
            history.observe(reading)
            if draw.random() < 0.1:
                history.observe(reading)  # twice
                history.observe(readings[0])  # and one that is long past
        override.append(history.override_row(end_at)[0])
    return energy, override


def assert_twin_agrees(readings: list[Telemetry], to_table: ToTable) -> None:
    frame = hours_frame(to_table(readings), {"ac-1": LONGITUDE_DEG})

    energy, override = twin_rows(readings, frame)

    for rows, features in ((energy, ENERGY_FEATURES), (override, OVERRIDE_FEATURES)):
        for place, name in enumerate(features):
            found = np.array([row[place] for row in rows])
            expected = frame[name].to_numpy(float)
            np.testing.assert_allclose(found, expected, atol=2e-4, rtol=0, err_msg=name)


@pytest.mark.parametrize("seed", range(8))
def test_twin_agrees_with_the_definition_on_any_life(
    make_reading: Make, to_table: ToTable, seed: int
) -> None:
    assert_twin_agrees(life(seed, 4, make_reading), to_table)


def test_twin_agrees_beyond_a_week_and_the_learning_days(make_reading: Make, to_table: ToTable) -> None:
    assert_twin_agrees(life(3, 17, make_reading), to_table)


def test_a_restart_changes_nothing(make_reading: Make) -> None:
    readings = life(5, 9, make_reading)
    history, restarted = HourlyHistory(LONGITUDE_DEG), HourlyHistory(LONGITUDE_DEG)
    for reading in readings:
        history.observe(reading)
        restarted.observe(reading)
        if reading.sampled_at.minute == 20:  # in the middle of an hour
            restarted = HourlyHistory.from_bytes(restarted.to_bytes())

    assert restarted.to_bytes() == history.to_bytes()
    assert len(history.to_bytes()) < 10_000  # bytes; one home's share of a state item


def test_a_state_of_another_version_is_refused() -> None:
    state = msgspec.msgpack.decode(HourlyHistory(0.0).to_bytes()) | {"version": 0}

    with pytest.raises(ValueError, match="version 0"):
        HourlyHistory.from_bytes(msgspec.msgpack.encode(state))


def test_keeps_eight_days(make_reading: Make) -> None:
    history = HourlyHistory(0.0)
    for hour in range(400):
        history.observe(make_reading(60 * hour + 60, interval_s=3600.0))

    assert len(history.hours) == 192


def test_past_means_roll_along_the_plan(make_reading: Make) -> None:
    history = HourlyHistory(0.0)
    for hour in range(24):
        history.observe(make_reading(60 * hour + 60, interval_s=3600.0, setpoint_c=24.0))
    path = PlannedPath.of([26.0, 26.0, None, 26.0], [30.0] * 4)

    rows = rows_of(history, make_reading(24 * 60 + 20).sampled_at, path)

    column = {name: rows[:, place] for place, name in enumerate(ENERGY_FEATURES)}
    assert column["setpoint_c"].tolist() == [26, 26, 35, 26]
    assert column["on_ratio"].tolist() == [1, 1, 0, 1]
    assert column["setpoint_3h_c"] == pytest.approx([24, (24 + 24 + 26) / 3, (24 + 26 + 26) / 3, 29])
    assert column["setpoint_24h_c"] == pytest.approx([24, 24 + 2 / 24, 24 + 4 / 24, 24 + 15 / 24])
    assert column["home_kwh_168h"] == pytest.approx([0.6] * 4)
    assert column["solar_hour"].tolist() == [0.5, 1.5, 2.5, 3.5]


def test_an_unknown_home_has_rows_without_a_past(make_reading: Make) -> None:
    at = make_reading().sampled_at
    history = HourlyHistory(0.0)

    rows = rows_of(history, at, PlannedPath.of([24.0], [30.0]))
    override = history.override_row(at, felt_above_habit_k=1.5)

    assert np.isnan(rows[0, ENERGY_FEATURES.index("home_kwh_168h")])
    assert override[0, OVERRIDE_FEATURES.index("felt_above_habit_k")] == 1.5
    assert override[0, OVERRIDE_FEATURES.index("hours_since_override")] == 168
