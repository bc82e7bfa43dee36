"""The study of comfort: its measures by hand, and what it says of the data base."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cloud.votes import COOLER, PREFERENCES, beside_usual
from infra.local.cli import commands
from infra.local.comfort_study import (
    Bin,
    auc,
    calibration_error,
    predict_left_out,
    reliability,
    study_comfort,
)
from infra.local.comfort_votes import DATA_SET, VotesMissingError, read_votes


def invented(complaining: float) -> pd.DataFrame:
    """Three studies of 800 votes at random temperatures; in study 3 so many ask for cooler air, else 20 %."""
    random = np.random.default_rng(3)
    study = np.repeat([1, 2, 3], 800)
    asked = random.uniform(size=len(study)) < np.where(study == 3, complaining, 0.2)
    return beside_usual(
        pd.DataFrame(
            {
                "study": study,
                "building": 1,
                "season": "summer",
                "temperature_c": random.normal(24.0, 1.0, len(study)),
                "rh_pct": 50.0,
                "pmv": np.nan,
                "preference": np.where(
                    asked, COOLER, np.where(random.uniform(size=len(study)) < 0.3, "warmer", "-")
                ),
            }
        )
    )


def test_auc_by_hand() -> None:
    # pairs of one who asked and one who did not: 0.8 over 0.5 and 0.3; 0.5 ties with 0.5, and is over 0.3
    asked = np.array([True, False, True, False])

    assert auc(asked, np.array([0.8, 0.5, 0.5, 0.3])) == pytest.approx(3.5 / 4)
    assert np.isnan(auc(np.array([True, True]), np.array([0.1, 0.2])))


def test_calibration_error_by_hand() -> None:
    # two bins of two: 0.1 and 0.3 for one in two, 0.6 and 0.8 for two of two
    bins = reliability(np.array([True, True, False, True]), np.array([0.8, 0.6, 0.1, 0.3]), bins=2)

    assert [(each.votes, each.observed) for each in bins] == [(2, 0.5), (2, 1.0)]
    assert [each.predicted for each in bins] == pytest.approx([0.2, 0.7])
    assert calibration_error(bins) == pytest.approx((0.3 + 0.3) / 2)


def test_the_error_counts_bins_by_their_votes() -> None:
    assert calibration_error([Bin(3, 0.5, 0.5), Bin(1, 0.2, 0.6)]) == pytest.approx(0.1)


def test_no_vote_of_a_study_is_known_to_the_models_that_predict_it() -> None:
    few, many = predict_left_out(invented(0.05)), predict_left_out(invented(0.95))
    own = (invented(0.05)["study"] == 3).to_numpy()

    assert (few[COOLER][own] == many[COOLER][own]).all()
    assert many[COOLER][~own].mean() > few[COOLER][~own].mean() + 0.2


def test_figures_without_pmv_are_null_in_json_and_do_not_hold() -> None:
    document = study_comfort(invented(0.3)).to_json()

    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["preferences"][COOLER]["all_votes"]["pmv_auc"] is None
    assert document["preferences"][COOLER]["holds"] is False


def test_what_must_hold_does_on_the_data_base(data_directory: Path) -> None:
    votes = read_votes(data_directory)
    study = study_comfort(votes)

    # air-conditioned votes with a preference and a plausible temperature, counted by pandas from the file
    assert (study.votes, study.studies) == (22919, 14)
    assert {name: study.preferences[name].holds for name in PREFERENCES} == dict.fromkeys(PREFERENCES, True)


def test_votes_that_are_not_there_are_said_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(VotesMissingError, match=DATA_SET):
        read_votes(tmp_path)

    monkeypatch.delenv("AC_ADVISOR_DATA", raising=False)
    with pytest.raises(VotesMissingError, match="AC_ADVISOR_DATA is not set"):
        read_votes()


def test_the_command_writes_figures_and_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    votes = invented(0.3)
    monkeypatch.setattr("infra.local.comfort_votes.read_votes", lambda: votes)

    said = CliRunner().invoke(
        commands, ["comfort", "--json", str(tmp_path / "a" / "f.json"), "--plots", str(tmp_path / "b")]
    )

    assert said.exit_code == 0, said.output
    assert "cooler: DOES NOT HOLD" in said.output
    assert json.loads((tmp_path / "a" / "f.json").read_text())["votes"] == len(votes)
    assert [path.suffix for path in (tmp_path / "b").iterdir()] == [".png"]
