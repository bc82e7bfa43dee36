"""The measured data sets themselves: whole, in order, and in the contract's words."""

import gzip
import json
from collections import Counter
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from device_sim.recordings.formats import FORMATS
from device_sim.recordings.reading import RecordedReading
from edge.contract import Telemetry, read_telemetry

NEW_YORK = ZoneInfo("America/New_York")
FOLDERS = {"ecobee": "ecobee_home", "hilft": "hilft_ashp", "home-assistant": "ha_house"}
ROWS = {"ecobee": 6_039, "hilft": 66_240, "home-assistant": 32_967}
"""Rows of each data set, from its README."""


def rows_in(directory: Path) -> int:
    """Rows by another way than the readers': line ends of the CSV files, the footer of the Parquet files."""
    count = sum(gzip.decompress(path.read_bytes()).count(b"\n") - 1 for path in directory.glob("*.csv.gz"))
    for path in directory.glob("*.parquet"):
        count += int(pq.read_metadata(path).num_rows)
    return count


@cache
def measured(data_directory: Path, name: str) -> tuple[list[RecordedReading], list[Telemetry], Counter[str]]:
    """The readings of a data set, those that the contract accepts, and why it refuses the others."""
    readings = list(FORMATS[name].read(data_directory / FOLDERS[name], NEW_YORK))
    accepted: list[Telemetry] = []
    refused: Counter[str] = Counter()
    for start in range(0, len(readings), 300):
        payload = [reading.payload for reading in readings[start : start + 300]]
        good, bad = read_telemetry(json.dumps(payload, allow_nan=False).encode())
        accepted += good
        refused.update(refusal.reason for refusal in bad)
    return readings, accepted, refused


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_is_one_reading_ascending_and_told_apart(name: str, data_directory: Path) -> None:
    readings, accepted, refused = measured(data_directory, name)

    assert len(readings) == rows_in(data_directory / FOLDERS[name]) == ROWS[name]
    assert [r.sampled_at for r in readings] == sorted(r.sampled_at for r in readings)
    assert refused == Counter()
    assert len({(reading.device_id, reading.sampled_at) for reading in accepted}) == ROWS[name]


def test_the_ecobee_home_ran_its_compressor_22_4_hours(data_directory: Path) -> None:
    _, accepted, _ = measured(data_directory, "ecobee")

    run_h = sum((reading.compressor_ratio or 0.0) * reading.interval_s for reading in accepted) / 3600

    assert run_h == pytest.approx(22.4, abs=0.05)  # the data set's README
    assert {reading.mode for reading in accepted} == {"cool"}
    assert Counter(reading.changed_by for reading in accepted)["remote"] == 217  # rows of event=hold


def test_each_hilft_test_is_a_device_with_a_day_of_minutes(data_directory: Path) -> None:
    _, accepted, _ = measured(data_directory, "hilft")

    assert set(Counter(reading.device_id for reading in accepted).values()) == {1440}
    assert len({reading.device_id for reading in accepted}) == 46
    assert all(reading.electric_power_w is not None for reading in accepted)
    first = min(accepted, key=lambda reading: reading.sampled_at)
    assert first.sampled_at.isoformat() == "2001-03-12T05:01:00+00:00"  # 00:00 EST + 1 min


def test_the_house_heats_in_every_row_that_is_not_off(data_directory: Path) -> None:
    _, accepted, _ = measured(data_directory, "home-assistant")

    assert Counter(reading.mode for reading in accepted) == {"off": 24_518, "heat": 1_521 + 6_928}
    assert all((reading.setpoint_c is None) == (reading.mode == "off") for reading in accepted)
