"""Votes: what the models promise, on invented votes."""

import numpy as np
import pandas as pd
import pytest

from cloud.errors import InsufficientDataError
from cloud.votes import COOLER, FEATURES, WARMER, VoteModels, beside_usual


def invented(votes: int = 4000, *, turned: bool = False) -> pd.DataFrame:
    """Two studies; above 26 °C most ask for cooler air, below 22 °C for warmer; `turned`: the other way."""
    random = np.random.default_rng(7)
    temperature_c = random.normal(24.0, 2.0, votes)
    felt_c = temperature_c + random.normal(0.0, 1.0, votes)
    cooler, warmer = (felt_c < 22.0, felt_c > 26.0) if turned else (felt_c > 26.0, felt_c < 22.0)
    return beside_usual(
        pd.DataFrame(
            {
                "study": np.arange(votes) % 2,
                "building": 1,
                "season": "summer",
                "temperature_c": temperature_c,
                "rh_pct": random.uniform(30.0, 70.0, votes),
                "preference": np.where(cooler, COOLER, np.where(warmer, WARMER, "no change")),
            }
        )
    )


def warming() -> pd.DataFrame:
    """Rows that differ in warmth only, the coolest first."""
    above_usual_k = np.linspace(-6.0, 6.0, 49)
    return pd.DataFrame({"above_usual_k": above_usual_k, "humidity_above_usual_pct": 0.0, "usual_c": 24.0})


def test_what_is_usual_is_the_median_of_a_place_in_a_season() -> None:
    votes = pd.DataFrame(
        {
            "study": [1, 1, 1, 1],
            "building": [1, 1, 1, 2],
            "season": ["summer"] * 4,
            "temperature_c": [22.0, 23.0, 27.0, 30.0],
            "rh_pct": [40.0, np.nan, 50.0, 60.0],
        }
    )

    known = beside_usual(votes)

    assert known["usual_c"].tolist() == [23.0, 23.0, 23.0, 30.0]
    assert known["above_usual_k"].tolist() == [-1.0, 0.0, 4.0, 0.0]
    assert known["humidity_above_usual_pct"].tolist() == [-5.0, 0.0, 5.0, 0.0]


def test_nobody_asks_less_for_cooler_air_because_it_is_warmer_whatever_votes_say() -> None:
    chances = VoteModels.fit(invented(turned=True)).predict(warming())

    assert (np.diff(chances[COOLER]) >= 0.0).all()
    assert (np.diff(chances[WARMER]) <= 0.0).all()


def test_the_models_find_who_asks_for_what() -> None:
    chances = VoteModels.fit(invented()).predict(warming())

    cooler, warmer = chances[COOLER].to_list(), chances[WARMER].to_list()
    assert cooler[-1] > 0.8
    assert cooler[0] < 0.1
    assert warmer[0] > 0.8
    assert warmer[-1] < 0.1


def test_a_large_study_does_not_speak_for_all() -> None:
    # nine in ten votes are of a study where nobody ever asks for cooler air, the others always do: by the
    # roots of their votes (30 and 10 of 40) a quarter asks, by the votes themselves a tenth
    votes = beside_usual(
        pd.DataFrame(
            {
                "study": np.arange(5000) % 10 == 0,
                "building": 1,
                "season": "summer",
                "temperature_c": 24.0,
                "rh_pct": 50.0,
                "preference": np.where(np.arange(5000) % 10 == 0, COOLER, "no change"),
            }
        )
    )

    assert VoteModels.fit(votes).predict(votes)[COOLER].iloc[0] == pytest.approx(0.25, abs=0.01)


def test_the_same_votes_give_the_same_bits() -> None:
    votes = invented()

    assert VoteModels.fit(votes).cooler.text == VoteModels.fit(votes).cooler.text
    assert VoteModels.fit(votes).cooler.features == FEATURES


def test_too_few_votes_are_refused() -> None:
    with pytest.raises(InsufficientDataError):
        VoteModels.fit(invented(100))
