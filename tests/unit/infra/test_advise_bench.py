import numpy as np
import pytest

from cloud.outcome import Floats
from infra.local import advise_bench
from infra.local.advise_bench import Recorded, measure


class Doubling:
    """A model that a test can check."""

    def predict(self, rows: Floats, /) -> Floats:
        return 2.0 * rows[:, 0]


def test_a_recorded_model_answers_as_the_model_and_remembers_the_question() -> None:
    recorded, rows = Recorded(Doubling()), np.array([[1.0], [2.0]])

    assert recorded.predict(rows).tolist() == [2.0, 4.0]
    assert recorded.asked == [rows]


def test_decisions_cost_more_than_the_bare_models(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LIVING_HOMES": 2, "HABIT_DAYS": 1, "ADVISED_DAYS": 1, "ROUNDS": 1}.items():
        monkeypatch.setattr(advise_bench, name, value)

    cost = measure(4)

    assert cost.homes == 4
    assert cost.alone_to_bare_ratio > 1.0
    assert cost.together_to_bare_ratio > 1.0
    assert 1_000 < cost.state_bytes < 30_000
