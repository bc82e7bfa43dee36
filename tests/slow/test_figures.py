"""The figures that the README claims, measured anew: `make slow` writes them into `tests/results/`."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from infra.local.judging.ablations import ablation_rows
from infra.local.loop_fleets import CHANGES
from infra.local.study_parts import differences
from tests.records import RESULTS, ROOT, record

FELT_K_H_DAY = 0.25
"""Warm degree-hours a home and day beyond the habit's from which comfort is lost: `infra.local.pairs`."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def run(*arguments: str) -> str:
    """What `ac-advisor` says to these arguments."""
    command = [sys.executable, "-m", "infra.local", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def not_more(estimate: dict[str, float]) -> bool:
    """Whether a difference is none, as far as chance lets tell: below two standard errors."""
    return estimate["mean"] <= 2.0 * estimate["standard_error"]


@pytest.mark.parametrize(
    ("family", "climate", "seed"),
    [
        ("homes", "hot_dry", 4),
        ("homes", "hot_humid", 5),
        ("homes", "mild_summer", 6),
        ("zoned", "hot_humid", 4),
    ],
)
def test_advice_saves_unfelt_on_homes_and_weather_kept_for_the_final_figure(
    family: str, climate: str, seed: int, tmp_path: Path
) -> None:
    """A climate of the protocol, and one of the second family of simulators."""
    arguments = ("evaluate", "--protocol", "--family", family, "--seed", str(seed), "--climate", climate)

    run(*arguments, "--processes", "2", "--json", str(tmp_path / "figures.json"))

    figures: dict[str, Any] = json.loads((tmp_path / "figures.json").read_text())
    record(f"evaluate_{family}_{climate}", arguments, seed, figures)
    pairs = next(arm["pairs"] for arm in figures["arms"] if arm["arm"] == "advisor")
    assert pairs["saved_pct"]["mean"] > 0.0
    assert pairs["warm_extra_k_h_day"]["mean"] < FELT_K_H_DAY
    assert not_more(pairs["overrides_extra_day"])


ABLATIONS = ("--split", "validate", "--seed", "13", "--climate", "mild_summer")
SHORT_ARMS = ("+1", "motion", "advisor", "advisor_without_search", "oracle", "oracle_without_band")


def test_the_first_homes_of_the_ablations_played_again_are_those_of_the_record(tmp_path: Path) -> None:
    """A short form of that record; what the advisor does may have changed since, foresight may not."""
    kept = {
        arm["arm"]: arm["homes"]
        for arm in json.loads((RESULTS / "ablations_mild_summer.json").read_text())["figures"]["arms"]
    }
    arguments = ("evaluate", *ABLATIONS, "--homes", "2", "--arms", ",".join(SHORT_ARMS))

    run(*arguments, "--processes", "2", "--json", str(tmp_path / "figures.json"))

    figures: dict[str, Any] = json.loads((tmp_path / "figures.json").read_text())
    record("ablations_short", arguments, 13, figures)
    again = {arm["arm"]: arm["homes"] for arm in figures["arms"]}
    for name in (each for each in SHORT_ARMS if not each.startswith("advisor")):
        assert again[name] == {column: values[:2] for column, values in kept[name].items()}
    assert len(ablation_rows([figures])) == 1 + len(SHORT_ARMS)
    assert mean(again["advisor"]["saved_pct"]) > 0.0


def test_simulated_homes_share_the_facts_of_real_ones() -> None:
    arguments = ("sim", "--check", "--strict", "--json")

    facts = json.loads(run(*arguments))

    record("facts", arguments, 1, facts)
    assert len(facts) > 30


def test_the_demo_saves_unfelt(tmp_path: Path) -> None:
    arguments = ("demo", "--exit")

    run(*arguments, "--json", str(tmp_path / "summary.json"), "--data-dir", str(tmp_path / "demo"))

    figures = json.loads((tmp_path / "summary.json").read_text())
    record("demo", arguments, 20260601, figures)
    assert figures["readings_published"] == figures["readings_in_lake"] + figures["readings_dead_lettered"]
    assert figures["saved_pct"] > 0.0
    assert figures["overrides_advised"] <= figures["overrides_habit"]
    extra = figures["warm_degree_hours_day_advised"] - figures["warm_degree_hours_day_habit"]
    assert extra < FELT_K_H_DAY


def test_ingest_keeps_up_with_a_good_part_of_what_the_broker_takes() -> None:
    arguments = ("bench", "ingest", "--json")

    figures = json.loads(run(*arguments))

    record("ingest", arguments, 0, figures)
    assert figures["ratio"] >= 0.35


def test_a_year_of_a_thousand_homes_is_read_more_quickly_than_one_plain_file() -> None:
    arguments = ("bench", "lake", "--homes", "1000", "--days", "365", "--json")

    figures = json.loads(run(*arguments))

    record("lake", arguments, 7, figures)
    assert figures["rows"] > 100_000_000
    assert figures["bytes_per_reading"] < figures["plain_bytes_per_reading"]
    assert figures["home_day_ratio"] < 0.5
    assert figures["home_month_ratio"] < 0.5
    assert figures["features_ratio"] < 1.5


def test_bad_models_are_out_before_a_second_day(tmp_path: Path) -> None:
    module, seed = "infra.local.trial_study", 611
    arguments = ("--homes", "24", "--seed", str(seed))
    command = [sys.executable, "-m", module, *arguments, "--json", str(tmp_path / "figures.json")]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    figures: list[dict[str, Any]] = json.loads((tmp_path / "figures.json").read_text())
    record("trials", arguments, seed, figures, f"python -m {module}")
    harmless = {"none", "retrain on other homes", "hot-fix on other homes"}
    bad = [each for each in figures if each["examined"] and each["fault"] not in harmless]
    assert all(each["stage"] == "rejected" and each["days"] <= 1 for each in bad)
    assert all(each["champion"] != "bad" for each in figures if each["fault"] not in harmless)
    honest = [each for each in figures if each["fault"] in harmless]
    alarms = ("than the champion does", "the champion's electricity", "in one day so far")
    assert not [each["reason"] for each in honest if any(said in each["reason"] for said in alarms)]


def test_half_a_year_of_weekly_rounds_keeps_models_small_and_as_good_as_they_were(tmp_path: Path) -> None:
    module, seed = "infra.local.rounds_study", 421
    arguments = ("--homes", "20", "--seed", str(seed))
    command = [sys.executable, "-m", module, *arguments, "--json", str(tmp_path / "figures.json")]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    figures: dict[str, Any] = json.loads((tmp_path / "figures.json").read_text())
    record("rounds", arguments, seed, figures, f"python -m {module}")
    weeks = figures["weeks"]
    energy_kwh = sum(week["energy_kwh"] for week in weeks)
    error = {
        name: sum(week[name] * week["energy_kwh"] for week in weeks) / energy_kwh
        for name in ("shipped", "serving", "hot_fix_serving")
    }
    assert len(weeks) == 26
    assert figures["rebuilt"]
    assert error["serving"] <= error["shipped"]
    assert error["hot_fix_serving"] <= error["serving"]
    assert max(week["trees"] for week in weeks) <= 150
    assert max(week["size_bytes"] for week in weeks) < 1_000_000
    assert max(week["latency_ratio"] for week in weeks) < 3.0


LOOP = ("--homes", "30", "--climates", "hot_dry", "--seed", "311")
LOOP_PARTS = ROOT / "var" / "loop_parts.json"
"""What is done of it; parts of other code are not joined."""


def loop_part(change: str, path: Path) -> dict[str, Any]:
    """Play one part of the study of the loop, or find it in the file; returns all parts that are there."""
    path.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "infra.local.loop_study", *LOOP, "--changes", change]
    subprocess.run([*command, "--json", str(path)], cwd=ROOT, capture_output=True, check=True)
    parts: dict[str, Any] = json.loads(path.read_text())["parts"]
    return parts


@pytest.mark.parametrize("change", CHANGES)
def test_the_loop_finds_what_was_planted_and_leaves_sound_homes_alone(change: str) -> None:
    parts = loop_part(change, LOOP_PARTS)

    if len(parts) == len(CHANGES):
        record("loop", LOOP, 311, list(parts.values()), "python -m infra.local.loop_study")
    course = parts[f"hot_dry/{change}"]
    if change == "nothing":  # looks at which any cohort was said to have changed
        assert len({day for day, _ in course["alarms"]}) <= 1
    else:
        assert course["delay_days"] is not None


def test_a_part_of_the_loop_played_again_is_its_row_of_the_record(tmp_path: Path) -> None:
    kept = json.loads((RESULTS / "loop.json").read_text())["figures"]

    again = loop_part("nothing", tmp_path / "again.json")["hot_dry/nothing"]

    assert differences(next(each for each in kept if each["change"] == "nothing"), again) == []


SAVINGS_STUDY = "infra.local.savings_study"


def savings_figures(name: str, seed: int, arguments: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """Play parts of the study of savings and keep their figures."""
    arguments = ("--seed", str(seed), *arguments)
    command = [sys.executable, "-m", SAVINGS_STUDY, *arguments, "--json", str(folder / "figures.json")]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    figures: dict[str, Any] = json.loads((folder / "figures.json").read_text())
    record(name, arguments, seed, figures, f"python -m {SAVINGS_STUDY}")
    return figures


def test_intervals_of_savings_hold_what_is_true(tmp_path: Path) -> None:
    arguments = ("--part", "coverage", "--fleets", "4", "--assignments", "200")

    told = savings_figures("savings_coverage", 1111, arguments, tmp_path)["coverage"]

    for level in ("home", "cohort", "fleet"):
        assert told[level]["covered_interval_pct"][0] <= 97.0
        assert told[level]["covered_interval_pct"][1] >= 93.0
        assert abs(told[level]["bias_points"]) <= 0.3
    assert 2 * told["home"]["rms_error_points"] <= told["raw_home_rms_error_points"]


def test_a_thousand_homes_are_told_their_savings_and_nothing_is_claimed_where_nothing_was_saved(
    tmp_path: Path,
) -> None:
    figures = savings_figures("savings", 1109, ("--part", "large", "--part", "nothing"), tmp_path)

    large, nothing = figures["large"], figures["nothing"]
    assert abs(large["home_bias_points"]) <= 0.3
    assert large["home_covered"]["interval_pct"][1] >= 93.0
    assert large["500_homes"]["half_width_points"] <= 1.0
    assert nothing["fleet_either_claimed"]["interval_pct"][0] <= 5.0
    assert nothing["waiting_user_fooled"]["interval_pct"][0] <= 5.0
