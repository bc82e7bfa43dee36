"""Seasons as tables, and the policies that make them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.policy import HabitSetpoints, RandomisedSetpoints
from device_sim.season import SCHEMA, simulate_telemetry
from edge.contract import Telemetry

START = datetime(2025, 7, 1, 7, tzinfo=UTC)
NO_FAULTS = FaultRates(0.0, 0.0, 0.0)


def fleet(homes: int = 4, days: int = 4, faults: FaultRates = NO_FAULTS) -> Fleet:
    return Fleet(FleetSpec(homes=homes, seed=2, start=START, split="train", faults=faults), days)


@pytest.fixture(scope="module")
def varied() -> tuple[Fleet, pa.Table]:
    played = fleet(homes=40, days=4)
    return played, simulate_telemetry(played, 4, RandomisedSetpoints(played))


def test_the_table_has_the_fields_of_the_contract() -> None:
    assert set(SCHEMA.names) == set(Telemetry.model_fields)


def test_each_row_is_what_the_device_would_have_sent() -> None:
    played, twin = fleet(), fleet()
    table = simulate_telemetry(played, 1, HabitSetpoints())
    steps = [twin.step() for _ in range(288)]

    assert table.num_rows == 4 * 288
    for row in (0, 100, 287, 288 + 5, 1151):
        home, step = divmod(row, 288)
        (record,) = table.slice(row, 1).to_pylist()
        assert Telemetry(**record) == steps[step].telemetry(home)


def test_rows_are_sorted_by_device_and_time() -> None:
    table = simulate_telemetry(fleet(), 1, HabitSetpoints())

    assert table.sort_by([("device_id", "ascending"), ("sampled_at", "ascending")]).equals(table)


def test_missing_values_stay_missing_and_refused_readings_are_left_out() -> None:
    table = simulate_telemetry(fleet(homes=40, faults=FaultRates(0.02, 0.05, 0.0)), 1, HabitSetpoints())

    rows = 40 * 288
    assert table.num_rows == pytest.approx(0.98 * rows, rel=0.01)
    assert table["indoor_dry_bulb_c"].null_count == pytest.approx(0.05 * rows, rel=0.2)
    assert pc.max(table["indoor_dry_bulb_c"]).as_py() < 40.0


def test_randomised_setpoints_lie_around_the_habit(varied: tuple[Fleet, pa.Table]) -> None:
    played, table = varied
    habit_c = {site.device_id: site.habit_setpoint_c for site in played.sites}
    rows = table.filter(pc.equal(table["changed_by"], "advisor")).drop_null().to_pylist() or table.to_pylist()
    advised = [row for row in rows if row["changed_by"] == "advisor" and row["setpoint_c"] is not None]
    offsets = np.array([row["setpoint_c"] - habit_c[row["device_id"]] for row in advised])

    assert offsets.min() == pytest.approx(-1.0)
    assert (offsets <= 3.0).mean() > 0.85  # the others are set-backs while nobody is at home
    assert offsets.max() <= 8.0
    shares = np.histogram(offsets[offsets <= 3.0], bins=[-1.25, -0.25, 0.75, 1.75, 2.75])[0] / len(offsets)
    assert shares.min() > 0.08  # all of the range is tried


def test_some_absences_have_a_set_back_or_off(varied: tuple[Fleet, pa.Table]) -> None:
    _, table = varied

    assert 0.002 < pc.mean(pc.equal(table["mode"], "off").cast(pa.float64())).as_py() < 0.10


def test_set_backs_end_when_somebody_returns() -> None:
    played = fleet(homes=40)
    policy = RandomisedSetpoints(played)
    for _ in range(2 * 288):
        for device_id, desired in policy.commands(played):
            played.command(device_id, desired)
        was_occupied = played.occupied
        readings = played.step()
        off = ~readings.cooling
        # presence is seen at the end of a step: the policy is one step late at most
        assert not (off & was_occupied & (readings.changed_by == 4)).any()


def test_a_randomised_season_is_the_same_twice() -> None:
    first, second = fleet(), fleet()

    assert simulate_telemetry(first, 2, RandomisedSetpoints(first)).equals(
        simulate_telemetry(second, 2, RandomisedSetpoints(second))
    )


def test_a_season_goes_on_where_the_fleet_stands() -> None:
    played = fleet()
    simulate_telemetry(played, 1, HabitSetpoints())
    table = simulate_telemetry(played, 1, HabitSetpoints())

    assert pc.min(table["sampled_at"]).as_py() == START + timedelta(days=1, minutes=5)
