from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cloud.adapters.lake_table import scan_table
from cloud.quality.report import DeviceQuality, report, window_of
from edge.contract import Telemetry

MakeTelemetry = Callable[..., Telemetry]
DAY = date(2025, 7, 1)
START = datetime(2025, 7, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
STEPS = 288


def a_day(device_id: str = "dev-1") -> list[dict[str, Any]]:
    """A day of a sound device: a machine that follows the load, 600 W or 300 W by turns, a fine sensor."""
    return [
        {
            "device_id": device_id,
            "sampled_at": START + number * STEP,
            "seq": 1000 + number,
            "indoor_dry_bulb_c": 24.0 + 0.1 * (number % 5),
            "outdoor_dry_bulb_c": 30.0 + 0.1 * (number % 7),
            "electric_power_w": 600.0 if number % 2 else 300.0,
            "compressor_ratio": 0.6 if number % 2 else 0.3,
            "energy_total_kwh": round(1000.0 + 0.0375 * number + 0.0125 * (number % 2), 4),
        }
        for number in range(STEPS)
    ]


def judge(make_telemetry: MakeTelemetry, rows: Sequence[dict[str, Any]]) -> DeviceQuality:
    found = report(_table(make_telemetry, rows), DAY)
    assert found.day == DAY
    (device,) = found.devices
    return device


def _table(make_telemetry: MakeTelemetry, rows: Sequence[dict[str, Any]]) -> Any:  # noqa: ANN401 (pyarrow has no types)
    """What the lake gives: sorted, of one time the last."""
    last = {(row["device_id"], row["sampled_at"]): row for row in rows}
    return scan_table(make_telemetry(**last[key]) for key in sorted(last))


def test_a_sound_day_has_no_flag_and_is_covered(make_telemetry: MakeTelemetry) -> None:
    assert judge(make_telemetry, a_day()) == DeviceQuality("dev-1", STEPS, 0, 1.0, {})


def change(rows: list[dict[str, Any]], first: int, count: int, **to: object) -> None:
    for row in rows[first : first + count]:
        row.update(to)


def put_clock(rows: list[dict[str, Any]], by: timedelta) -> None:
    """From 8:20 to 10:00 the clock is off."""
    for row in rows[100:120]:
        row["sampled_at"] += by


def lose_counter(rows: list[dict[str, Any]]) -> None:
    """A reboot at 8:20: `seq` and the counter begin anew."""
    for number, row in enumerate(rows[100:]):
        row["seq"] = number
        row["energy_total_kwh"] -= 1000.0


def halve_power(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["electric_power_w"] /= 2


@pytest.mark.parametrize(("fault", "flags"), [
    (lambda rows: change(rows, 100, 1, indoor_dry_bulb_c=20.0), {"indoor_jump": 2}),
    (lambda rows: change(rows, 100, 1, indoor_dry_bulb_c=27.9), {}),
    (lambda rows: change(rows, 100, 1, outdoor_dry_bulb_c=50.0), {"outdoor_jump": 2}),
    (lambda rows: change(rows, 100, 80, indoor_dry_bulb_c=24.0, compressor_ratio=0.3), {"stuck_sensor": 81}),
    (lambda rows: change(rows, 100, 80, indoor_dry_bulb_c=24.0), {}),  # the compressor follows
    (lambda rows: change(rows, 100, 60, indoor_dry_bulb_c=24.0, compressor_ratio=0.3), {}),
    (lambda rows: change(rows, 100, 80, indoor_dry_bulb_c=None), {}),
    (
        lambda rows: change(
            rows, 100, 14, indoor_dry_bulb_c=24.5, outdoor_dry_bulb_c=33.0, electric_power_w=450.0
        ),
        {"frozen": 14},
    ),
    (lambda rows: put_clock(rows, timedelta(minutes=62)), {"clock_jump": 2}),
    (lambda rows: put_clock(rows, timedelta(minutes=-62)), {"clock_jump": 2}),
    (lambda rows: put_clock(rows, timedelta(seconds=100)), {}),
    (lose_counter, {"counter_back": 1}),
    (halve_power, {"power_against_counter": STEPS - 1}),
    (lambda rows: change(rows, 0, STEPS, electric_power_w=None), {}),
    (lambda rows: rows.__delitem__(slice(61, 241, 2)), {}),  # energy of lost readings is nobody's fault
    (lambda rows: change(rows, 0, STEPS, seq=None), {}),
])  # fmt: skip
def test_a_fault_is_flagged_by_its_rule_and_by_no_other(
    make_telemetry: MakeTelemetry, fault: Callable[[list[dict[str, Any]]], None], flags: dict[str, int]
) -> None:
    rows = a_day()
    fault(rows)

    assert judge(make_telemetry, rows).flags == flags


def test_a_coarse_sensor_may_say_the_same_all_day_while_the_compressor_follows(
    make_telemetry: MakeTelemetry,
) -> None:
    rows = a_day()
    change(rows, 0, STEPS, indoor_dry_bulb_c=24.0)
    assert judge(make_telemetry, rows).flags == {}

    change(rows, 0, STEPS, compressor_ratio=0.0)  # nobody asks for anything: it tells nothing
    assert judge(make_telemetry, rows).flags == {}

    change(rows, 0, STEPS, compressor_ratio=1.0)
    assert judge(make_telemetry, rows).flags == {"stuck_sensor": STEPS}


def test_without_seq_a_clock_that_was_put_back_overlaps(make_telemetry: MakeTelemetry) -> None:
    rows = a_day()
    change(rows, 0, STEPS, seq=None)
    for row in rows[100:]:
        row["sampled_at"] -= timedelta(minutes=12)

    assert "clock_jump" in judge(make_telemetry, rows).flags


def test_counts_what_is_missing_by_device_over_resets_and_late_readings(
    make_telemetry: MakeTelemetry,
) -> None:
    rows = a_day()
    lose_counter(rows)
    other = a_day("dev-2")

    found = report(_table(make_telemetry, rows[:50] + rows[60:] + other[:10] + other[11:]), DAY)

    assert {each.device_id: each.missing for each in found.devices} == {"dev-1": 10, "dev-2": 1}
    assert (found.missing, found.readings) == (11, 2 * STEPS - 11)
    assert found.devices[0].covered_ratio == pytest.approx((STEPS - 10) / STEPS, abs=1e-4)
    assert found.flagged()["counter_back"] == (1, 1)


def test_the_day_before_is_context_and_is_not_counted(make_telemetry: MakeTelemetry) -> None:
    before = a_day()
    for row in before:
        row["sampled_at"] -= timedelta(days=1)
        row["seq"] -= STEPS
        row["energy_total_kwh"] -= 0.0375 * STEPS
    change(before, 100, 1, indoor_dry_bulb_c=10.0)
    change(before, STEPS - 60, 60, indoor_dry_bulb_c=24.0, compressor_ratio=0.3)
    today = a_day()
    change(today, 0, 20, indoor_dry_bulb_c=24.0, compressor_ratio=0.3)

    found = judge(make_telemetry, before + today)

    assert found.flags == {"stuck_sensor": 21}
    assert found.readings == STEPS
    assert window_of(DAY) == (START - timedelta(days=1), START + timedelta(days=1))


def test_an_empty_table_is_an_empty_report() -> None:
    assert report(scan_table([]), DAY).devices == ()
