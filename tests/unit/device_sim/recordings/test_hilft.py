from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from device_sim.recordings import hilft
from device_sim.recordings.errors import (
    RecordingColumnsError,
    RecordingMissingError,
    TimezoneNeededError,
)

NEW_YORK = ZoneInfo("America/New_York")

Folder = Callable[..., Path]


def payloads(directory: Path) -> list[dict[str, Any]]:
    return [reading.payload for reading in hilft.read(directory, NEW_YORK)]


def test_a_row_becomes_a_reading_in_the_contracts_words(hilft_folder: Folder) -> None:
    (reading,) = hilft.read(hilft_folder({}), NEW_YORK)

    assert reading.device_id == "Atlanta-Eff-Default"
    assert reading.sampled_at == datetime(2001, 8, 26, 9, 57, tzinfo=UTC)  # 05:56 EDT + 1 min
    assert reading.payload == {
        "device_id": "Atlanta-Eff-Default",
        "sampled_at": "2001-08-26T09:57:00Z",
        "interval_s": 60,
        "mode": "cool",
        "setpoint_c": 25.56,
        "indoor_dry_bulb_c": 25.0,
        "indoor_rh_pct": 50.1,  # ASHRAE psychrometric chart no. 1: 25 °C and 13.9 °C dew point are 50 %
        "outdoor_dry_bulb_c": 23.4,
        "electric_power_w": 1385,
        "motion": True,
    }


def test_saturated_air_is_100_percent(hilft_folder: Folder) -> None:
    assert payloads(hilft_folder({"dp_in_c": 25.0}))[0]["indoor_rh_pct"] == 100.0


def test_a_dew_point_above_the_air_travels_and_is_not_cut(hilft_folder: Folder) -> None:
    assert payloads(hilft_folder({"dp_in_c": 26.0}))[0]["indoor_rh_pct"] > 100.0


def test_an_occupant_who_changes_the_setpoint_is_named_in_that_minute(hilft_folder: Folder) -> None:
    changed, quiet = payloads(hilft_folder({"sim_setpoint_change_f": -2}, {}))

    assert changed["changed_by"] == "remote"
    assert "changed_by" not in quiet


@pytest.mark.parametrize(("count", "motion"), [(0, False), (1, True), (11, True)])
def test_people_in_the_zone_are_motion(count: int, *, motion: bool, hilft_folder: Folder) -> None:
    assert payloads(hilft_folder({"sim_n_present": count}))[0]["motion"] is motion


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("power_w", {"electric_power_w"}),
        ("t_out_c", {"outdoor_dry_bulb_c"}),
        ("dp_in_c", {"indoor_rh_pct"}),
        ("t_set_cool_c", {"setpoint_c"}),
        ("sim_n_present", {"motion"}),
    ],
)
@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_is_missing_stays_missing(
    column: str, names: set[str], value: float | None, hilft_folder: Folder
) -> None:
    before, missing, after = payloads(
        hilft_folder(
            {"ts": pd.Timestamp("2001-08-26 05:00")},
            {"ts": pd.Timestamp("2001-08-26 05:01"), column: value},
            {"ts": pd.Timestamp("2001-08-26 05:02")},
        )
    )

    assert set(before) - set(missing) == names
    assert set(after) == set(before)


def test_a_nan_is_no_value_and_an_infinity_travels_as_text(hilft_folder: Folder) -> None:
    folder = hilft_folder({"t_out_c": 23.4}, {"t_out_c": 23.4}, {"t_out_c": 23.4})
    table = pq.read_table(folder / "recording.parquet")
    odd = pa.array([float("nan"), float("inf"), 23.4], from_pandas=False)
    index = table.column_names.index("t_out_c")
    pq.write_table(table.set_column(index, "t_out_c", odd), folder / "recording.parquet")

    nan, infinite, plain = payloads(folder)

    assert "outdoor_dry_bulb_c" not in nan
    assert infinite["outdoor_dry_bulb_c"] == "inf"
    assert plain["outdoor_dry_bulb_c"] == 23.4


def test_a_missing_indoor_temperature_is_null_and_leaves_no_humidity(hilft_folder: Folder) -> None:
    payload = payloads(hilft_folder({}, {"t_in_c": None}))[1]

    assert payload["indoor_dry_bulb_c"] is None
    assert "indoor_rh_pct" not in payload


def test_a_row_in_the_skipped_hour_travels_with_its_stamp(hilft_folder: Folder) -> None:
    (payload,) = payloads(hilft_folder({"ts": pd.Timestamp("2001-04-01 02:30")}))

    assert payload["sampled_at"] == "2001-04-01T02:30:00"


def test_a_folder_that_is_no_hilft_recording_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TimezoneNeededError, match="hilft"):
        hilft.read(tmp_path, None)
    with pytest.raises(RecordingMissingError, match=r"no \*.parquet in "):
        list(hilft.read(tmp_path, NEW_YORK))
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(RecordingColumnsError, match=r"other\.parquet is of another format.*power_w"):
        list(hilft.read(tmp_path, NEW_YORK))
