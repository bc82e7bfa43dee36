"""Calibration: known machines are found again, and what the measured one says."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from device_sim.errors import MeasurementsError
from device_sim.machine.calibration import CURVES, Calibration, calibrate, describe, plot, read, summary
from device_sim.machine.coil import sensible_ratio
from device_sim.noise import Floats
from device_sim.psychrometrics import (
    AIR_CAPACITY_J_KG_K,
    humidity_ratio,
    relative_humidity_pct,
    saturation_pressure_pa,
    wet_bulb_c,
)

RATED_W, CAPACITY_W, FAN_W, AIR_CFM = (1700.0, 2500.0), (6000.0, 8500.0), (140.0, 290.0), (650.0, 1090.0)
AIR_C = 26.0


def _running(stage: int, name: str, outdoor_c: Floats, dew_point_c: Floats) -> dict[str, Floats]:
    """What a machine of that stage draws and cools, from its definition."""
    curves, n = CURVES[name][stage - 1], stage - 1
    rh_pct = 100.0 * saturation_pressure_pa(dew_point_c) / saturation_pressure_pa(AIR_C)
    water = humidity_ratio(AIR_C, rh_pct)
    wet = wet_bulb_c(np.full_like(outdoor_c, AIR_C), relative_humidity_pct(AIR_C, water))
    air_kg_s = AIR_CFM[n] * 0.4719474e-3 * 1.2014
    total_w = CAPACITY_W[n] * curves.capacity_ratio(wet, outdoor_c)
    share = sensible_ratio(np.full_like(outdoor_c, AIR_C), water, total_w / air_kg_s)
    return {
        "outdoor_unit_w": RATED_W[n] * curves.power_ratio(wet, outdoor_c),
        "indoor_unit_w": np.full_like(outdoor_c, FAN_W[n]),
        "airflow_cfm": np.full_like(outdoor_c, AIR_CFM[n]),
        "t_supply_c": AIR_C - (total_w * share - FAN_W[n]) / (air_kg_s * AIR_CAPACITY_J_KG_K),
    }


def _test_day(day: int, name: str) -> pd.DataFrame:
    """A day of 30 minutes in each stage in turn, in its own weather; the first 3 minutes are too high."""
    minute = np.arange(1440)
    stage = minute // 30 % 3
    outdoor_c = 22.0 + day + 6.0 * np.sin(2.0 * np.pi * minute / 1440.0)
    dew_point_c = 13.0 + 0.5 * day + np.cos(2.0 * np.pi * minute / 700.0)
    rows = {"outdoor_unit_w": np.zeros(1440), "indoor_unit_w": np.full(1440, 17.0)}
    rows |= {"airflow_cfm": np.ones(1440), "t_supply_c": np.full(1440, AIR_C)}
    for number in (1, 2):
        here = stage == number
        for column, values in _running(number, name, outdoor_c[here], dew_point_c[here]).items():
            rows[column][here] = values
    rows["outdoor_unit_w"] += 900.0 * (minute % 30 < 3)
    return pd.DataFrame(
        rows
        | {
            "device_id": f"Place-{day}",
            "ts": pd.Timestamp(2001, 7, day) + pd.to_timedelta(minute, unit="min"),
        }
        | {"stage": stage, "t_out_c": outdoor_c, "t_in_c": AIR_C, "dp_in_c": dew_point_c}
        | {"power_w": rows["outdoor_unit_w"] + rows["indoor_unit_w"]}
    )


@pytest.fixture(params=list(CURVES))
def known(request: pytest.FixtureRequest) -> tuple[str, Calibration]:
    """A machine that has one of the pairs of curves."""
    frame = pd.concat([_test_day(day, request.param) for day in (1, 2, 3, 4)], ignore_index=True)
    return request.param, calibrate(frame)


def test_a_machine_that_has_the_curves_is_found_again(known: tuple[str, Calibration]) -> None:
    name, calibration = known
    for n, stage in enumerate(calibration.fits[name].stages):
        assert stage.minutes == 4 * 16 * 24  # 16 runs a day of 30 minutes, less 3 at each end
        assert stage.rated_power_w == pytest.approx(RATED_W[n])
        assert stage.fan_w == pytest.approx(FAN_W[n])
        assert stage.cv_rmse == pytest.approx(0.0, abs=1e-9)
        assert stage.slope_w_k == pytest.approx(stage.curve_slope_w_k)
        assert stage.rated_capacity_w == pytest.approx(CAPACITY_W[n], rel=1e-6)
        assert stage.rated_cop == pytest.approx(CAPACITY_W[n] / RATED_W[n], rel=1e-6)
        assert np.isnan(stage.hot_cop)  # it was never so hot
        assert stage.sensible_slope_w_k == pytest.approx(stage.curve_sensible_slope_w_k, rel=1e-4)
    assert calibration.standby_w == pytest.approx(17.0)


def test_other_curves_do_not_fit_it(known: tuple[str, Calibration]) -> None:
    name, calibration = known
    for other in set(CURVES) - {name}:
        assert calibration.fits[other].stages[0].cv_rmse > 0.01


def test_energy_counts_what_the_settled_minutes_leave_out(known: tuple[str, Calibration]) -> None:
    # 48 starts of 3 minutes at 900 W are 2.16 kWh a day that no curve knows
    name, calibration = known
    energy = calibration.energy_kwh

    assert (energy["measured"] - energy[name]).to_numpy() == pytest.approx([2.16] * 4)
    assert calibration.fits[name].day_nmbe == pytest.approx(2.16 / energy["measured"].mean())


def test_a_day_is_predicted_from_the_other_days() -> None:
    frame = pd.concat([_test_day(day, "heat pump") for day in (1, 2)], ignore_index=True)
    second = frame["device_id"] == "Place-2"
    frame.loc[second & (frame["stage"] == 1), "outdoor_unit_w"] *= 1.1

    stage = calibrate(frame).fits["heat pump"].stages[0]

    # each day is missed by the whole tenth, one up and one down; a fit on both would halve it
    assert stage.cv_rmse == pytest.approx(0.10, abs=0.006)
    assert stage.rated_power_w == pytest.approx(1.05 * RATED_W[0], rel=0.01)


def test_the_picture_and_the_table_are_made(known: tuple[str, Calibration], tmp_path: Path) -> None:
    _, calibration = known
    plot(calibration, tmp_path / "stages.png")

    assert (tmp_path / "stages.png").read_bytes().startswith(b"\x89PNG")
    table = describe(calibration)
    assert "heat pump" in table
    assert "standard error" in table


def test_all_files_of_a_folder_are_read_and_the_result_is_json(tmp_path: Path) -> None:
    _test_day(1, "heat pump").to_parquet(tmp_path / "a.parquet")
    _test_day(2, "heat pump").to_parquet(tmp_path / "b.parquet")

    said = json.loads(json.dumps(summary(calibrate(read(tmp_path)))))

    assert said["fits"]["heat pump"]["stages"][0]["rated_power_w"] == pytest.approx(RATED_W[0])
    assert said["cold_standby_w"] is None  # it was never cold
    assert set(said) == {field.name for field in fields(Calibration)} - {"points", "energy_kwh"}


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementsError, match="no Parquet file"):
        read(tmp_path)


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    _test_day(1, "heat pump").drop(columns="airflow_cfm").to_parquet(tmp_path / "a.parquet")

    with pytest.raises(MeasurementsError, match="no airflow_cfm"):
        read(tmp_path)


def test_the_measured_heat_pump_has_the_slope_of_heat_pumps(data_directory: Path) -> None:
    calibration = calibrate(read(data_directory / "hilft_ashp"))

    assert calibration.minutes == 45 * 1440  # 46 tests, less Buffalo-Shift-TES
    assert calibration.weather_days == 9
    for name, too_flat in (("heat pump", False), ("air conditioner", True)):
        for stage in calibration.fits[name].stages:
            missing = (stage.slope_w_k - stage.curve_slope_w_k) / stage.slope_error_w_k
            assert (missing > 2.0) is too_flat
            assert stage.cv_rmse < 0.06
    assert calibration.cold_standby_w - calibration.standby_w == pytest.approx(42.0, abs=3.0)
