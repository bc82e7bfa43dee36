"""What is kept of a home: small, whole again after a restart, and without what a bad sensor said."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cloud.thermal.history import KEPT_SLOTS, HistoryRejectedError, ThermalHistory, flawed
from cloud.thermal.rows import SLOTS_PER_DAY, Rows
from cloud.thermal.sky import clear_sky_ghi_w_m2
from edge.contract import Telemetry

START = datetime(2026, 6, 1, tzinfo=UTC)
MakeReading = Callable[..., Telemetry]
MAX_BYTES = 6 * 1024


@pytest.fixture
def make_reading() -> MakeReading:
    """A reading so many minutes after the start; every field can be changed."""

    def make(minutes: float, **changes: Any) -> Telemetry:  # noqa: ANN401 (fields of every type)
        fields = {
            "device_id": "ac-1",
            "sampled_at": START + timedelta(minutes=minutes),
            "interval_s": 300.0,
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 24.5,
            "outdoor_dry_bulb_c": 30.0,
            "electric_power_w": 800.0,
            "compressor_ratio": 0.4,
        }
        return Telemetry(**{**fields, **changes})

    return make


def rows_of(history: ThermalHistory) -> Rows:
    return history.rows(0.0, 0.0)


def lively(make_reading: MakeReading, days: float = 15.0) -> ThermalHistory:
    history, draws = ThermalHistory(), np.random.default_rng(2)
    for step in range(int(days * 288)):
        hour = step / 12
        history.observe(
            make_reading(
                5.0 * (step + 1),
                indoor_dry_bulb_c=round(float(24.5 + 0.4 * np.sin(hour) + draws.normal(0.0, 0.05)), 1),
                outdoor_dry_bulb_c=round(float(30.0 + 6 * np.sin(hour * 0.26) + draws.normal(0.0, 0.3)), 1),
                electric_power_w=float(draws.uniform(200.0, 2500.0)),
                compressor_ratio=round(float(draws.uniform()), 3),
                setpoint_c=24.0 + step // 100 % 3,
            )
        )
    return history


def test_a_slot_is_the_mean_of_its_readings(make_reading: MakeReading) -> None:
    history = ThermalHistory()
    for minutes, indoor_c, power_w in (
        (5, 24.0, 500.0),
        (10, 24.5, 1000.0),
        (15, 25.0, 1500.0),
        (20, 30.0, 0.0),
    ):
        history.observe(make_reading(minutes, indoor_dry_bulb_c=indoor_c, electric_power_w=power_w))

    rows = rows_of(history)

    assert rows.shape == (1, KEPT_SLOTS)
    assert rows.first_slot + KEPT_SLOTS == START.timestamp() / 900 + 1
    assert rows.indoor_c[0, -1] == pytest.approx(24.5, abs=0.01)
    assert rows.power_w[0, -1] == pytest.approx(1000.0, rel=0.011)
    assert rows.setpoint_c[0, -1] == pytest.approx(24.0)
    assert np.isnan(rows.indoor_c[0, :-1]).all()


def test_two_weeks_are_small_and_come_back_bit_for_bit(make_reading: MakeReading) -> None:
    history = lively(make_reading)

    state = history.to_bytes()
    again = ThermalHistory.from_bytes(state)

    assert len(state) <= MAX_BYTES
    assert again.to_bytes() == state
    for name in ("indoor_c", "outdoor_c", "setpoint_c", "power_w", "load_ratio", "ghi_w_m2"):
        assert np.array_equal(getattr(rows_of(again), name), getattr(rows_of(history), name), equal_nan=True)


def test_what_is_written_is_what_is_known_on_any_day_and_after_any_silence(make_reading: MakeReading) -> None:
    history = ThermalHistory()
    for hours in (*np.arange(1.0, 20.0, 3.7), 23.9, 24.1, 24.6, 47.0, 60.0, 47 * 24.0, 47 * 24.0 + 25.0):
        for step in range(9):
            history.observe(make_reading(60.0 * hours + 15.0 * step, indoor_dry_bulb_c=24.0 + hours / 50))
        again = ThermalHistory.from_bytes(history.to_bytes())  # from what was packed at midnight, and since

        np.testing.assert_array_equal(rows_of(again).indoor_c, rows_of(history).indoor_c)
        assert again.to_bytes() == history.to_bytes()


def test_repeats_and_late_readings_change_nothing(make_reading: MakeReading) -> None:
    history, twice = ThermalHistory(), ThermalHistory()
    for step in range(1, 40):
        reading = make_reading(5.0 * step, indoor_dry_bulb_c=24.0 + step / 50)
        history.observe(reading)
        twice.observe(reading)
        twice.observe(reading)
        twice.observe(make_reading(5.0 * step - 7.0, indoor_dry_bulb_c=30.0))

    assert twice.to_bytes() == history.to_bytes()


def test_a_gap_is_unknown_and_a_clock_that_jumps_far_ahead_leaves_nothing_old(
    make_reading: MakeReading,
) -> None:
    history = ThermalHistory()
    for minutes in (5, 10, 15, 20, 125, 130, 135, 140):
        history.observe(make_reading(minutes))
    gappy = rows_of(history).indoor_c[0]

    assert np.isnan(gappy[-9:]).tolist() == [False, False, *[True] * 6, False]
    history.observe(make_reading(60.0 * 24 * 400))
    history.observe(make_reading(60.0 * 24 * 400 + 16))
    assert np.isnan(rows_of(history).indoor_c[0, :-1]).all()


def test_off_is_no_setpoint_and_no_load(make_reading: MakeReading) -> None:
    history = ThermalHistory()
    for minutes in (5, 10, 15, 20):
        history.observe(make_reading(minutes, mode="off", setpoint_c=None, compressor_ratio=None))

    rows = rows_of(history)

    assert np.isnan(rows.setpoint_c[0, -1])
    assert rows.load_ratio[0, -1] == 0.0


def test_a_stuck_sensor_is_noticed_unless_nothing_moved() -> None:
    draws = np.random.default_rng(4)
    indoor_c = 24.0 + np.round(draws.normal(0.0, 0.2, 200), 1)
    indoor_c[60:120], indoor_c[[59, 120]] = 24.3, 24.0
    busy, idle = draws.uniform(size=200), np.zeros(200)

    assert np.flatnonzero(flawed(indoor_c, busy)).tolist() == list(range(60, 120))
    assert not flawed(indoor_c, idle).any()


def test_a_coarse_sensor_may_stand_still_for_longer() -> None:
    draws = np.random.default_rng(4)
    indoor_c = np.repeat([24.0, 25.0, 24.0, 24.0, 25.0], 40)
    busy = draws.uniform(size=200)

    assert not flawed(indoor_c, busy).any()


def test_a_sensor_that_jumps_is_left_out_until_it_is_back() -> None:
    indoor_c = np.asarray(24.0 + 0.1 * (np.arange(100) % 7), np.float64)
    indoor_c[40:43] = 33.0

    assert np.flatnonzero(flawed(indoor_c, np.full(100, 0.5))).tolist() == [40, 41, 42]


@pytest.mark.parametrize("state", [b"", b"\x09" + ThermalHistory().to_bytes()[1:], b"\x02" + bytes(30)])
def test_bytes_that_are_no_history_are_refused(state: bytes) -> None:
    with pytest.raises(HistoryRejectedError):
        ThermalHistory.from_bytes(state)


def test_the_clear_sky_is_highest_at_solar_noon_and_dark_at_night() -> None:
    # 2026-03-20, the equinox, on the equator at 0° east: the sun stands overhead close to 12:07 UTC
    times_s = np.linspace(0.0, 86_400.0, SLOTS_PER_DAY, endpoint=False)
    times_s += datetime(2026, 3, 20, tzinfo=UTC).timestamp()

    ghi = clear_sky_ghi_w_m2(times_s, np.array([0.0]), np.array([0.0]))[0]

    assert ghi.max() == pytest.approx(1098.0 * np.exp(-0.057), rel=0.001)  # Haurwitz at z = 0
    assert abs(int(np.argmax(ghi)) - 48.5) <= 0.5
    assert (ghi[:23] == 0).all()


def test_gives_the_slots_up_to_any_as_far_as_it_knows_them(make_reading: MakeReading) -> None:
    history = lively(make_reading, 15.0)
    whole = rows_of(history)
    newest = whole.first_slot + KEPT_SLOTS - 1
    later = history.rows(0.0, 0.0, newest + 10)
    earlier = history.rows(0.0, 0.0, newest - 10)

    assert (later.first_slot, earlier.first_slot) == (whole.first_slot + 10, whole.first_slot - 10)
    np.testing.assert_array_equal(later.indoor_c[0, :-10], whole.indoor_c[0, 10:])
    np.testing.assert_array_equal(earlier.indoor_c[0, 10:], whole.indoor_c[0, :-10])
    assert np.isnan(later.power_w[0, -10:]).all()
    assert np.isnan(earlier.power_w[0, :10]).all()


def test_goes_on_with_the_slot_that_was_being_observed(make_reading: MakeReading) -> None:
    kept = lively(make_reading, 1.0)
    kept.observe(make_reading(1445.0, indoor_dry_bulb_c=28.0))
    again = ThermalHistory.from_bytes(kept.to_bytes(), deepcopy(kept.going))
    for history in (kept, again):
        history.observe(make_reading(1445.0, indoor_dry_bulb_c=0.0))  # comes again
        history.observe(make_reading(1450.0, indoor_dry_bulb_c=24.0))
        history.observe(make_reading(1456.0))

    assert rows_of(again).indoor_c[0, -1] == pytest.approx(26.0)
    assert again.to_bytes() == kept.to_bytes()
