import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.local.cli import commands
from infra.local.judging.command import trials_of
from infra.local.judging.trial import PROTOCOL_ARMS, Trial


def test_one_trial_is_what_the_options_say() -> None:
    options = {"protocol": False, "homes": 5, "climate": None, "arms": ("+1",), "processes": 2, "plots": None}

    assert trials_of(options) == [Trial(homes=5, arms=("+1",))]


def test_the_protocol_is_three_climates_with_their_seeds() -> None:
    trials = trials_of({"protocol": True, "split": "validate", "seed": None, "homes": None})

    assert [(trial.climate, trial.seed) for trial in trials] == [
        ("hot_dry", 1),
        ("hot_humid", 2),
        ("mild_summer", 3),
    ]
    assert {(trial.homes, trial.learning_days, trial.days) for trial in trials} == {(60, 14, 42)}
    assert {str(trial.judged) for trial in trials} == {"day 29-42"}
    assert {trial.arms for trial in trials} == {PROTOCOL_ARMS}
    assert {trial.split for trial in trials} == {"validate"}


def test_the_protocol_can_be_tried_on_fewer_homes() -> None:
    trials = trials_of({"protocol": True, "homes": 4, "seed": 11})

    assert [(trial.homes, trial.seed) for trial in trials] == [(4, 11), (4, 12), (4, 13)]


def test_plays_and_writes_what_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    days = ("--learning-days", "2", "--search-days", "0", "--advised-days", "1", "--split", "validate")
    files = ("--json", str(tmp_path / "out" / "figures.json"), "--plots", str(tmp_path / "plots"))

    done = CliRunner().invoke(commands, ["evaluate", "--homes", "2", *days, "--arms", "+1,+2", *files])

    assert done.exit_code == 0, done.output
    assert "+2" in done.output
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert [arm["arm"] for arm in figures["arms"]] == ["+1", "+2"]
    assert (tmp_path / "plots" / "homes.png").exists()
