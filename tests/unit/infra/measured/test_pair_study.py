"""Measured pairs: what a pair is, that no judged day is known to what judges it, and the figures."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cloud.champion import Champion
from cloud.feature_catalogue import ENERGY_TARGET
from cloud.outcome import MODEL_RANGE
from device_sim.errors import MeasurementsError
from infra.local.cli import commands
from infra.local.measured.day_ahead_forecasts import OURS
from infra.local.measured.laboratory_backtest import OTHERS, backtest_days, predict_days
from infra.local.measured.laboratory_days import (
    DATA_SET,
    described,
    hours_of,
    pairs_of,
    read_days,
    scheduled,
)
from infra.local.measured.pair_forecasts import (
    _outcomes,
    as_told,
    degrees_alone,
    degrees_in_proportion,
    forecasts,
)
from infra.local.measured.pair_study import HINDSIGHT, fold_without, study_pairs

WARMTH_C = {"Albany": 24.0, "Boston": 27.0, "Camden": 30.0}
"""Mean outdoor temperature of each city's day [°C]."""

KWH_PER_K_H = 0.05
"""What an hour costs for each degree above 6 K below the setpoint [kWh/K]."""


def invented(*variants: str) -> pd.DataFrame:
    """Minutes of each city's day under both schedules; the load goes with the degrees, exactly."""
    parts = []
    for month, (city, warmth_c) in enumerate(WARMTH_C.items(), start=6):
        ts = pd.date_range(f"2001-{month:02}-15", periods=1440, freq="min")
        outdoor_c = warmth_c + 4 * np.sin(2 * np.pi * (ts.hour - 9) / 24)
        for variant in variants:
            for schedule, warmer_k in (("Eff", 0.0), ("Shift", 1.0)):
                setpoint_c = 25.0 + np.where((ts.hour >= 12) & (ts.hour < 18), warmer_k, 0.0)
                degrees_k = np.maximum(outdoor_c - setpoint_c + 6.0, 0.0)
                parts.append(
                    pd.DataFrame(
                        {
                            "device_id": f"{city}-{schedule}-{variant}",
                            "ts": ts,
                            "power_w": 1000 * KWH_PER_K_H * degrees_k,
                            "t_out_c": outdoor_c,
                            "t_set_cool_c": setpoint_c,
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def test_a_pair_is_one_weather_day_under_both_schedules_without_store_and_optimiser() -> None:
    days = hours_of(invented("Default", "MPC", "TES"))

    pairs = pairs_of(days)

    assert [pair.name for pair in pairs] == ["Albany Default", "Boston Default", "Camden Default"]
    assert [pair.weather_day for pair in pairs] == ["Albany 06-15", "Boston 07-15", "Camden 08-15"]
    assert pairs[2].saved_kwh == pytest.approx(6 * KWH_PER_K_H)  # 1 K for 6 h
    assert "Albany-Eff-MPC" in set(days["test"])
    assert not days["test"].str.endswith("TES").any()


def test_the_day_before_had_the_same_setpoints() -> None:
    day = pairs_of(hours_of(invented("Default")))[0].habit
    setpoint_c = np.full(24, 25.0)
    setpoint_c[23] = 28.0

    planned = scheduled(day, setpoint_c)

    assert planned["setpoint_3h_c"].tolist()[:4] == pytest.approx([26.0, 26.0, 26.0, 25.0])
    assert planned["setpoint_24h_c"].iloc[0] == pytest.approx(25.0 + 3 / 24)


def test_a_home_is_described_by_its_habit_on_other_weather_days() -> None:
    days = hours_of(invented("Default"))
    albany = days[days["test"] == "Albany-Shift-Default"]

    own = described(albany, days, left_out="Boston 07-15")

    camden = days[days["test"] == "Camden-Eff-Default"]
    assert own["home_kwh_168h"].unique() == pytest.approx([camden[ENERGY_TARGET].mean()])
    assert own["home_degree_168h"].unique() == pytest.approx(
        [np.maximum(camden["outdoor_dry_bulb_c"] - 25.0, 0.0).mean()]
    )


def test_degrees_in_proportion_are_exact_where_the_load_goes_with_the_degrees() -> None:
    days = hours_of(invented("Default"))
    pairs = pairs_of(days)

    saved_kwh = degrees_in_proportion(fold_without("Camden 08-15", days, pairs))(pairs[2])

    assert saved_kwh == pytest.approx(pairs[2].saved_kwh)


def test_the_advice_hears_the_judged_days_weather_as_it_was() -> None:
    days = hours_of(invented("Default"))
    pair = pairs_of(days)[2]
    fold = fold_without(pair.weather_day, days, pairs_of(days))

    heard_c = _outcomes(Champion.from_package(), pair, fold).outdoor_c[0]

    assert heard_c[:24] == pytest.approx(pair.habit["outdoor_dry_bulb_c"].to_numpy())


def test_what_is_told_is_the_share_of_the_degrees_within_the_models_range() -> None:
    days = hours_of(invented("Default"))
    pairs = pairs_of(days)
    shipped = Champion.from_package()
    for pair in pairs:
        fold = fold_without(pair.weather_day, days, pairs)

        told, alone = as_told(shipped, fold)(pair), degrees_alone(shipped, fold)(pair)

        # `cloud.outcome` takes the mean of the degrees over 25 hours, a few per cent from that over 24
        assert MODEL_RANGE[0] - 0.05 <= told / alone <= MODEL_RANGE[1] + 0.05


def test_no_forecast_knows_anything_measured_on_the_judged_weather_day() -> None:
    minutes = invented("Default", "ExtrmSum")
    other = minutes.copy()
    judged = other["device_id"].str.startswith("Camden")
    other.loc[judged, "power_w"] = 5000.0 - other.loc[judged, "power_w"]
    shipped = Champion.from_package()

    answers = []
    for source in (minutes, other):
        days = hours_of(source)
        pairs = pairs_of(days)
        fold = fold_without("Camden 08-15", days, pairs)
        judged_pair = next(pair for pair in pairs if pair.name == "Camden Default")
        answers.append({name: forecast(judged_pair) for name, forecast in forecasts(fold, shipped).items()})

    assert answers[0] == answers[1]


def test_a_study_says_what_holds(tmp_path: Path) -> None:
    study = study_pairs(hours_of(invented("Default")), Champion.from_package())

    assert study.holds("degree-days, in proportion")
    assert not study.holds("always zero")
    assert not study.holds(HINDSIGHT)
    assert study.scores["degree-days, in proportion"].over_measured == pytest.approx(1.0)
    assert study.scores["always zero"].mae_kwh == pytest.approx(np.mean(list(study.measured_kwh.values())))
    assert study.to_json()["scores"]["always zero"]["holds"] is False


def test_a_weather_day_is_forecast_from_the_others() -> None:
    minutes = invented("Default")
    other = minutes.copy()
    other.loc[other["device_id"].str.startswith("Camden"), "power_w"] *= 10.0

    usual, tenfold = (predict_days(hours_of(source), Champion.from_package()) for source in (minutes, other))

    judged = (usual["device_id"] == "Camden 08-15").to_numpy(bool)
    known = ["observed", *OURS, *OTHERS]
    assert [(usual[name] == tenfold[name])[judged].all() for name in known] == [False, *[True] * 4]
    assert not (usual["ridge"] == tenfold["ridge"])[~judged].any()


def test_the_backtest_of_laboratory_days_draws_weather_days() -> None:
    backtest = backtest_days(hours_of(invented("Default")), Champion.from_package())

    assert backtest.units == "weather days"
    assert (backtest.daily.homes, backtest.daily.count, backtest.hourly.count) == (3, 6, 6 * 24)
    assert backtest.weeks == {}


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementsError):
        read_days(tmp_path)


def test_pairs_only_without_data_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AC_ADVISOR_DATA", raising=False)

    result = CliRunner().invoke(commands, ["backtest", "--pairs-only"])

    assert result.exit_code == 2
    assert "AC_ADVISOR_DATA" in result.output


def test_the_command_prints_and_writes_the_measured_pairs(data_directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "figures" / "backtest.json"

    result = CliRunner().invoke(commands, ["backtest", "--pairs-only", "--json", str(path)])

    assert result.exit_code == 0, result.output
    assert "16 measured pairs on 7 weather days" in result.output
    document = json.loads(path.read_text())
    scores = document["pairs"]["scores"]
    # 1.10 kWh/day of always zero and 0.57 of the mean predictor: published with the data set's first study
    assert scores["always zero"]["mae_kwh"] == pytest.approx(1.10, abs=0.005)
    assert scores[HINDSIGHT]["mae_kwh"] == pytest.approx(0.57, abs=0.005)
    assert scores["shipped, as told"]["mae_kwh"] < scores["always zero"]["mae_kwh"]
    assert set(document) == {"pairs"}
    assert (data_directory / DATA_SET).is_dir()
