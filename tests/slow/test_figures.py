"""The figures that the README claims, measured anew: `make slow` writes them into `tests/results/`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "tests" / "results"

FELT_K_H_DAY = 0.25
"""Warm degree-hours a home and day beyond the habit's from which comfort is lost: `infra.local.pairs`."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def run(*arguments: str) -> str:
    """What `ac-advisor` says to these arguments."""
    command = [sys.executable, "-m", "infra.local", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def record(
    name: str, arguments: tuple[str, ...], seed: int, figures: object, program: str = "ac-advisor"
) -> None:
    """Keep figures beside the command, the commit and the seed that they come from."""
    git = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    command = " ".join((program, *arguments))
    document = {"command": command, "commit": commit, "seed": seed, "figures": figures}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")


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
    bad = [each for each in figures if each["examined"] and (each["gate"] or "slower" in each["fault"])]
    assert all(each["stage"] == "rejected" and each["days"] <= 1 for each in bad)
    assert all(each["champion"] != "bad" for each in figures if each["fault"] != "none")


def test_half_a_year_of_weekly_rounds_keeps_models_small_and_as_good_as_they_were(tmp_path: Path) -> None:
    module, seed = "infra.local.rounds_study", 317
    arguments = ("--homes", "20", "--seed", str(seed))
    command = [sys.executable, "-m", module, *arguments, "--json", str(tmp_path / "figures.json")]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    figures: dict[str, Any] = json.loads((tmp_path / "figures.json").read_text())
    record("rounds", arguments, seed, figures, f"python -m {module}")
    weeks = figures["weeks"]
    energy_kwh = sum(week["energy_kwh"] for week in weeks)
    error = {
        name: sum(week[name] * week["energy_kwh"] for week in weeks) / energy_kwh
        for name in ("shipped", "serving")
    }
    assert len(weeks) == 26
    assert figures["rebuilt"]
    assert error["serving"] <= error["shipped"]
    assert max(week["trees"] for week in weeks) <= 150
    assert max(week["size_bytes"] for week in weeks) < 1_000_000
    assert max(week["latency_ratio"] for week in weeks) < 3.0


def test_the_loop_finds_what_was_planted_and_leaves_sound_homes_alone(tmp_path: Path) -> None:
    module, seed = "infra.local.loop_study", 311
    arguments = ("--homes", "30", "--climates", "hot_dry", "--seed", str(seed))
    command = [sys.executable, "-m", module, *arguments, "--json", str(tmp_path / "figures.json")]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    figures: list[dict[str, Any]] = json.loads((tmp_path / "figures.json").read_text())
    record("loop", arguments, seed, figures, f"python -m {module}")
    sound, *planted = figures
    assert len({day for day, _ in sound["alarms"]}) <= 1  # looks at which any cohort was said to have changed
    assert all(course["delay_days"] is not None for course in planted)


def test_intervals_of_savings_hold_what_is_true_and_nothing_is_claimed_where_nothing_was_saved(
    tmp_path: Path,
) -> None:
    module, seed = "infra.local.savings_study", 1107
    arguments = ("--seed", str(seed))
    command = [sys.executable, "-m", module, *arguments, "--json", str(tmp_path / "figures.json")]

    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)

    figures: dict[str, Any] = json.loads((tmp_path / "figures.json").read_text())
    record("savings", arguments, seed, figures, f"python -m {module}")
    told, nothing = figures["coverage"], figures["nothing"]
    for level in ("home", "cohort", "fleet"):
        assert told[level]["covered_interval_pct"][0] <= 97.0
        assert told[level]["covered_interval_pct"][1] >= 93.0
    assert max(abs(told[level]["bias_points"]) for level in ("cohort", "fleet")) <= 0.3  # ADR 0018
    assert 2 * told["home"]["rms_error_points"] <= told["raw_home_rms_error_points"]
    assert figures["large"]["500_homes"]["half_width_points"] <= 1.0
    assert nothing["fleet_either_claimed"]["interval_pct"][0] <= 5.0
    assert nothing["waiting_user_fooled"]["interval_pct"][0] <= 5.0
