"""Votes: what they say of invented people is what was put in; and the figures that the docstrings name."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from device_sim.people.votes import main, read_ashrae, spread

BETWEEN_K, WITHIN_K, HALF_WIDTH_K = 1.0, 2.0, 2.0


def invented(people: int, votes: int) -> pd.DataFrame:
    """People whose neutral temperatures differ by 1 K, and whose vote of the moment by 2 K."""
    random = np.random.default_rng(4)
    person = np.repeat(np.arange(people), votes)
    neutral_c = 24.0 + BETWEEN_K * random.normal(size=people)[person]
    temperature_c = np.clip(random.normal(24.0, 2.0, people * votes), 18.1, 33.9)
    latent_k = temperature_c - neutral_c + WITHIN_K * random.normal(size=people * votes)
    vote = np.where(latent_k > HALF_WIDTH_K, 1.0, np.where(latent_k < -HALF_WIDTH_K, -1.0, 0.0))
    return pd.DataFrame(
        {"study": "s", "person": person.astype(str), "day": "", "temperature_c": temperature_c, "vote": vote}
    )


@pytest.mark.parametrize(("people", "votes"), [(150, 120), (600, 30)])
def test_the_spread_between_people_and_the_width_are_found_again(people: int, votes: int) -> None:
    found = spread(invented(people, votes))

    assert (found.people, found.votes) == (people, 18_000)
    assert found.between_people_k == pytest.approx(BETWEEN_K, abs=0.1)
    assert found.half_width_k == pytest.approx(HALF_WIDTH_K, abs=0.35)
    assert np.isnan(found.day_to_day_k)


def test_people_differ_in_the_database_as_the_docstrings_say(data_directory: Path) -> None:
    found = spread(read_ashrae(data_directory))

    # people with at least 20 votes in air-conditioned buildings, counted by hand with pandas: 217 and 6582
    assert (found.people, found.votes) == (217, 6582)
    assert 0.7 < found.between_people_k < 1.3
    assert 1.6 < found.half_width_k < 3.0


def test_the_command_wants_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "DIR" in capsys.readouterr().err
