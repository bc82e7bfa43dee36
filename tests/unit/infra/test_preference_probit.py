"""Preference probit: what was put into invented votes is found again; and the shipped prior is its result."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cloud.comfort_prior import ComfortPrior
from cloud.votes import COOLER, WARMER
from infra.local.comfort_prior import by_person, join, main, make_prior
from infra.local.comfort_votes import read_votes
from infra.local.preference_probit import Figure, fit_preference

LIMIT_K, HALF_WIDTH_K, HUMIDITY_K_PER_PCT, PERSON_SD_K, MOMENT_SD_K = 1.5, 2.0, 0.03, 1.0, 2.5


def invented(
    people: int = 300, votes: int = 20, *, seed: int = 5, person_sd_k: float = PERSON_SD_K
) -> pd.DataFrame:
    """People who each live at another usual temperature, and ask for cooler air from about 1.5 K above it."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), votes)
    warmth_k, damp_pct = random.normal(0.0, 1.5, len(person)), random.normal(0.0, 10.0, len(person))
    felt_k = warmth_k + HUMIDITY_K_PER_PCT * damp_pct + MOMENT_SD_K * random.normal(size=len(person))
    limit_k = LIMIT_K + person_sd_k * random.normal(size=people)[person]
    cooler, warmer = felt_k > limit_k, felt_k < limit_k - 2.0 * HALF_WIDTH_K
    return pd.DataFrame(
        {
            "unit": person,
            "temperature_c": 24.0 + 2.0 * random.normal(size=people)[person] + warmth_k,
            "rh_pct": 50.0 + damp_pct,
            "preference": np.where(cooler, COOLER, np.where(warmer, WARMER, "no change")),
        }
    )


def test_what_was_put_in_is_found_again_within_its_errors() -> None:
    fit = fit_preference(invented())

    for figure, true in (
        (fit.limit_k, LIMIT_K),
        (fit.half_width_k, HALF_WIDTH_K),
        (fit.humidity_k_per_pct, HUMIDITY_K_PER_PCT),
    ):
        assert abs(figure.value - true) < 3.0 * figure.standard_error < 0.4
    assert fit.unit_sd_k == pytest.approx(PERSON_SD_K, abs=0.2)
    assert fit.moment_sd_k == pytest.approx(MOMENT_SD_K, abs=0.25)


def test_the_errors_are_how_far_figures_of_other_votes_lie_apart() -> None:
    fits = [
        fit_preference(invented(20, seed=seed, person_sd_k=0.0), units_differ=False) for seed in range(60)
    ]

    for name in ("limit_k", "half_width_k", "humidity_k_per_pct"):
        figures = [getattr(fit, name) for fit in fits]
        apart = np.std([figure.value for figure in figures], ddof=1)
        said = np.sqrt(np.mean([figure.standard_error**2 for figure in figures]))
        assert said == pytest.approx(apart, rel=0.3), name  # of 60 draws: 9 %, and the figures are skew


def test_what_units_differ_by_is_noise_where_they_are_taken_for_alike() -> None:
    apart, alike = fit_preference(invented()), fit_preference(invented(), units_differ=False)

    assert (alike.unit_sd_k, alike.units) == (0.0, apart.units)
    both_k = np.hypot(PERSON_SD_K, MOMENT_SD_K)  # 2.69 K
    assert alike.moment_sd_k / apart.moment_sd_k == pytest.approx(both_k / MOMENT_SD_K, rel=0.02)


def test_studies_are_joined_by_random_effects() -> None:
    # DerSimonian and Laird by hand: weights 1, mean 2, Q = 2, so variance (2 - 1) / (2 - 1) = 1
    mean, between = join([Figure(1.0, 1.0), Figure(3.0, 1.0)])

    assert mean.value == pytest.approx(2.0)
    assert between == pytest.approx(1.0)
    assert mean.standard_error == pytest.approx(1.0)  # 1 / sqrt(1/2 + 1/2)
    assert join([Figure(1.0, 0.5)]) == (Figure(1.0, 0.5), 0.0)


def test_a_person_with_a_vote_or_two_says_nothing_of_warmth() -> None:
    votes = pd.DataFrame({"study": 1, "season": "summer", "person": ["a"] * 3 + ["b"] * 2 + [None] * 4})

    assert by_person(votes)["unit"].tolist() == ["1/a/summer"] * 3


def test_the_shipped_prior_is_what_the_recipe_makes(data_directory: Path) -> None:
    made, shipped = asdict(make_prior(read_votes(data_directory))), asdict(ComfortPrior.from_package())

    for name, value in shipped.items():
        # other processors may round otherwise; a change of the data or of the recipe is far larger
        assert made[name] == (pytest.approx(value, abs=5e-4) if isinstance(value, float) else value), name


def test_the_recipe_says_in_one_line_that_there_are_no_votes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AC_ADVISOR_DATA", raising=False)

    assert main() == 1
    assert "AC_ADVISOR_DATA is not set" in capsys.readouterr().err
