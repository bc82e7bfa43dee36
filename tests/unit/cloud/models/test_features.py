"""The feature definition, by hand-made hours."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cloud.adapters.duckdb_hours import hours_frame, hours_of_parts
from cloud.adapters.lake_table import SCAN_SCHEMA, scan_table
from cloud.feature_catalogue import ENERGY_FEATURES, OVERRIDE_FEATURES
from cloud.features import COLUMNS, device_hours
from edge.contract import Telemetry

Make = Callable[..., Telemetry]
Hours = Callable[[list[Telemetry]], pd.DataFrame]
ToTable = Callable[[list[Telemetry]], pa.Table]
RESPONSES = ("electric_power_w", "indoor_dry_bulb_c", "indoor_rh_pct")
"""What the home answers with; never known before the hour is over."""


@pytest.fixture
def hours(to_table: ToTable) -> Callable[[list[Telemetry]], pd.DataFrame]:
    return lambda readings: hours_frame(to_table(readings), {"ac-1": 30.0})


def day_of(make_reading: Make, hour: int, **changes: object) -> list[Telemetry]:
    """The twelve readings of the hour that begins `hour` hours after the start."""
    return [make_reading(60 * hour + minute, **changes) for minute in range(5, 65, 5)]


def test_has_the_columns_it_promises_and_one_row_per_hour(make_reading: Make, hours: Hours) -> None:
    frame = hours(day_of(make_reading, 0) + day_of(make_reading, 2))

    assert tuple(frame.columns) == COLUMNS
    assert [at.hour for at in frame.hour_end_at] == [1, 3]


def test_hours_made_in_parts_are_those_of_all_devices_together(make_reading: Make) -> None:
    homes = {
        device_id: scan_table(
            make_reading(60 * hour + minute, device_id=device_id, setpoint_c=22.0 + hour % 5)
            for hour in range(30)
            for minute in range(5, 65, 5)
        )
        for device_id in ("ac-1", "ac-2", "ac-3")
    }
    longitudes_deg = dict.fromkeys(homes, 30.0)

    parts = hours_of_parts([homes["ac-2"], pa.concat_tables([homes["ac-1"], homes["ac-3"]])], longitudes_deg)

    whole = hours_frame(pa.concat_tables(homes.values()), longitudes_deg)
    pd.testing.assert_frame_equal(parts, whole, rtol=1e-12)
    assert hours_of_parts([], longitudes_deg).equals(hours_frame(SCAN_SCHEMA.empty_table(), longitudes_deg))


def test_energy_is_the_mean_power_over_the_hour(make_reading: Make, hours: Hours) -> None:
    readings = day_of(make_reading, 0)[:6] + day_of(make_reading, 0, electric_power_w=1200.0)[6:]

    assert hours(readings).electric_energy_kwh[0] == pytest.approx(0.9)  # half an hour each of 600, 1200 W


def test_a_reading_at_the_full_hour_ends_the_hour_before(make_reading: Make, hours: Hours) -> None:
    frame = hours([make_reading(60), make_reading(65)])

    assert [at.hour for at in frame.hour_end_at] == [1, 2]


def test_energy_of_a_thin_hour_is_null_and_its_other_columns_are_not(
    make_reading: Make, hours: Hours
) -> None:
    frame = hours(day_of(make_reading, 0)[:9])  # 45 of 60 minutes; 80 % are needed

    assert frame.coverage_ratio[0] == pytest.approx(0.75)
    assert np.isnan(frame.electric_energy_kwh[0])
    assert frame.setpoint_c[0] == 24.0


def test_power_that_is_missing_does_not_count_as_zero(make_reading: Make, hours: Hours) -> None:
    readings = day_of(make_reading, 0)[:10] + day_of(make_reading, 0, electric_power_w=None)[10:]

    assert hours(readings).electric_energy_kwh[0] == pytest.approx(0.6)


def test_off_counts_as_the_warmest_setpoint(make_reading: Make, hours: Hours) -> None:
    off = day_of(make_reading, 0, mode="off", setpoint_c=None)
    frame = hours(day_of(make_reading, 0)[:6] + off[6:])

    assert frame.setpoint_c[0] == pytest.approx((24 + 35) / 2)
    assert frame.on_ratio[0] == pytest.approx(0.5)


def test_solar_hour_is_that_of_mid_hour(make_reading: Make, hours: Hours) -> None:
    assert hours(day_of(make_reading, 12)).solar_hour[0] == pytest.approx(12.5 + 2)  # 30° E is two hours


def test_past_setpoints_leave_out_this_hour_and_skip_gaps(make_reading: Make, hours: Hours) -> None:
    readings = [
        reading
        for hour, setpoint_c in ((0, 20.0), (1, 22.0), (4, 26.0))
        for reading in day_of(make_reading, hour, setpoint_c=setpoint_c)
    ]
    frame = hours(readings)

    assert np.isnan(frame.setpoint_3h_c[0])
    assert frame.setpoint_3h_c[2] == 22.0  # hours 1, 2, 3: only hour 1 was seen
    assert frame.setpoint_24h_c[2] == 21.0


def test_outdoor_mean_takes_this_hour_in(make_reading: Make, hours: Hours) -> None:
    frame = hours(
        day_of(make_reading, 0, outdoor_dry_bulb_c=20.0) + day_of(make_reading, 1, outdoor_dry_bulb_c=30.0)
    )

    assert list(frame.outdoor_dry_bulb_24h_c) == [20.0, 25.0]


def test_descriptors_need_a_day_and_leave_out_this_hour(make_reading: Make, hours: Hours) -> None:
    readings = [
        reading
        for hour in range(25)
        for reading in day_of(make_reading, hour, electric_power_w=9000.0 if hour == 24 else 600.0)
    ]
    frame = hours(readings)

    assert np.isnan(frame.home_kwh_168h[23])
    assert frame.home_kwh_168h[24] == pytest.approx(0.6)
    assert frame.home_degree_168h[24] == pytest.approx(6.0)  # 30 outside, 24 asked for


def test_what_cooling_costs_is_known_after_an_afternoon_of_it_and_leaves_out_other_hours(
    make_reading: Make, hours: Hours
) -> None:
    readings = [
        reading
        for hour in range(9)
        for reading in day_of(
            make_reading,
            hour,
            mode="cool" if hour != 1 else "off",
            electric_power_w=900.0 if hour != 1 else 0.0,
            outdoor_dry_bulb_c=21.0 + hour,
        )
    ]
    frame = hours(readings)

    assert frame.home_on_kwh_168h[:7].isna().all()  # hours 0, 2, 3, 4, 5, 6 cool: six of them
    assert frame.home_on_kwh_168h[7] == pytest.approx(0.9)
    assert frame.home_on_degree_168h[7] == pytest.approx((21 + 23 + 24 + 25 + 26 + 27) / 6 - 24)
    assert np.isnan(frame.home_kwh_168h[8])  # a whole day is not over


def test_presence_lasts_45_minutes_after_motion_and_is_unknown_without_a_sensor(
    make_reading: Make, hours: Hours
) -> None:
    seen = [make_reading(minute, motion=minute == 5) for minute in range(5, 65, 5)]
    frame = hours(seen + day_of(make_reading, 1))

    assert frame.present_ratio[0] == pytest.approx(10 / 12)  # minutes 5 to 50
    assert frame.motion_ratio[0] == pytest.approx(1 / 12)
    assert np.isnan(frame.present_ratio[1])


@pytest.mark.parametrize(
    ("change", "is_override"),
    [
        ({"setpoint_c": 23.5, "changed_by": "remote"}, True),
        ({"setpoint_c": 23.5, "changed_by": "voice"}, True),
        ({"setpoint_c": 23.5}, True),  # nobody says who, and no advice is in force
        ({"setpoint_c": 23.6, "changed_by": "remote"}, False),
        ({"setpoint_c": 25.0, "changed_by": "remote"}, False),
        ({"setpoint_c": 23.0, "changed_by": "schedule"}, False),
        ({"setpoint_c": 23.0, "changed_by": "advisor", "advice_id": "a"}, False),
        ({"setpoint_c": 23.0, "advice_id": "a"}, False),
        ({"mode": "off", "setpoint_c": None, "changed_by": "remote"}, False),
    ],
)
def test_an_override_is_a_person_lowering_the_setpoint(
    make_reading: Make, hours: Hours, change: dict[str, Any], *, is_override: bool
) -> None:
    readings = day_of(make_reading, 0) + day_of(make_reading, 1)[:6] + day_of(make_reading, 1, **change)[6:]
    frame = hours(readings)

    assert frame.warm_override_next_h[0] == float(is_override)
    assert np.isnan(frame.warm_override_next_h[1])  # nobody has seen the hour after


@pytest.mark.parametrize(("advice_id", "is_override"), [(None, False), ("advice-1", True)])
def test_switching_on_is_an_override_only_while_off_is_advised(
    make_reading: Make, hours: Hours, advice_id: str | None, *, is_override: bool
) -> None:
    off = day_of(make_reading, 0, mode="off", setpoint_c=None, advice_id=advice_id)
    frame = hours(off + day_of(make_reading, 1, changed_by="remote"))

    assert frame.warm_override_next_h[0] == float(is_override)


def test_the_hour_after_an_override_is_censored(make_reading: Make, hours: Hours) -> None:
    overridden = [
        make_reading(60 + minute, setpoint_c=24.0 if minute < 30 else 23.0, changed_by="remote")
        for minute in range(5, 65, 5)
    ]
    frame = hours(day_of(make_reading, 0) + overridden + day_of(make_reading, 2, setpoint_c=23.0))

    assert list(frame.exposed) == [True, False, True]
    assert list(frame.hours_since_override) == [168.0, 0.5, 1.5]
    assert list(frame.overrides_168h) == [0, 1, 1]


def test_felt_level_counts_from_the_median_of_the_learning_days(make_reading: Make, hours: Hours) -> None:
    readings = [
        reading
        for hour, indoor_c in enumerate((24.0, 24.0, 26.0))
        for reading in day_of(make_reading, hour, indoor_dry_bulb_c=indoor_c, indoor_rh_pct=60.0)
    ]
    frame = hours(readings)

    # 60 % feels 0.24 K warmer at each level, so the difference is 26 - 24
    assert frame.felt_above_habit_k.to_list() == pytest.approx([0.0, 0.0, 2.0])


@pytest.mark.parametrize("advice", [{"advice_id": "a"}, {"changed_by": "advisor"}])
def test_advised_hours_do_not_make_a_habit(make_reading: Make, hours: Hours, advice: dict[str, str]) -> None:
    frame = hours(
        day_of(make_reading, 0, indoor_dry_bulb_c=24.0)
        + day_of(make_reading, 1, indoor_dry_bulb_c=27.0, **advice)
        + day_of(make_reading, 2, indoor_dry_bulb_c=25.0)
    )

    assert frame.felt_above_habit_k.to_list() == pytest.approx([0.0, 3.0, 0.5])  # of the median of 24 and 25


def scrambled(telemetry: pa.Table, after: datetime, responses: tuple[str, ...]) -> pa.Table:
    """The same plan and weather, with other answers of the home from `after` on."""
    frame = telemetry.to_pandas()
    frame.loc[frame.sampled_at > after, list(responses)] += 7.0
    return pa.Table.from_pandas(frame, schema=telemetry.schema, preserve_index=False)


def leaking(define: Callable[..., ibis.Table], telemetry: pa.Table, features: tuple[str, ...]) -> list[str]:
    """Features of the hour in the middle that change with what the home answers in that hour or later."""
    sites = ibis.memtable(pa.table({"device_id": ["room-00"], "longitude_deg": [15.0]}))
    engine = ibis.duckdb.connect(threads=1)
    target = telemetry["sampled_at"][len(telemetry) // 2].as_py().replace(minute=0)
    rows = []
    for table in (telemetry, scrambled(telemetry, target - timedelta(hours=1), RESPONSES)):
        frame = engine.to_pyarrow(define(ibis.memtable(table), sites)).to_pandas()
        rows.append(frame[frame.hour_end_at <= target][list(features)])
    engine.disconnect()
    before, after = rows
    return [name for name in features if not before[name].equals(after[name])]


def test_energy_features_know_nothing_of_their_hour(make_rooms: Callable[..., Any]) -> None:
    telemetry = make_rooms(homes=1, days=4).telemetry()

    assert leaking(device_hours, telemetry, ENERGY_FEATURES) == []


def test_the_leak_check_catches_a_feature_that_holds_the_hour_itself(make_rooms: Callable[..., Any]) -> None:
    def leaky(telemetry: ibis.Table, sites: ibis.Table) -> ibis.Table:
        hours = device_hours(telemetry, sites)
        window = ibis.range_window(
            preceding=ibis.interval(hours=167), group_by=hours.device_id, order_by=hours.hour_end_at
        )
        return hours.mutate(home_kwh_168h=hours.electric_energy_kwh.mean().over(window))

    assert leaking(leaky, make_rooms(homes=1, days=4).telemetry(), ENERGY_FEATURES) == ["home_kwh_168h"]


def test_override_features_know_nothing_of_the_next_hour(make_rooms: Callable[..., Any]) -> None:
    def shifted(telemetry: ibis.Table, sites: ibis.Table) -> ibis.Table:
        hours = device_hours(telemetry, sites)
        return hours.mutate(hour_end_at=hours.hour_end_at + ibis.interval(hours=1))

    assert leaking(shifted, make_rooms(homes=1, days=4).telemetry(), OVERRIDE_FEATURES) == []
