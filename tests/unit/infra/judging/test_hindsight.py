import numpy as np

from infra.local.judging.hindsight import best_rule
from infra.local.judging.play import Counts, Played
from infra.local.judging.trial import Phase


def played(kwh: list[float], warm_k_h: list[float], overrides: list[float]) -> Played:
    """Two days of three homes, the second day like the first."""
    kwh_day, warm_day, overrides_day = (np.tile(each, (2, 1)) for each in (kwh, warm_k_h, overrides))
    rest = np.zeros((2, 3))
    return Played(Counts(kwh_day, warm_day, overrides_day, rest, np.full((2, 3), 24.0), rest))


def test_each_home_has_its_own_best_rule_that_keeps_its_comfort() -> None:
    """The bold rule saves most; in the second home it costs overrides, in the third warmth."""
    habit = played([10.0, 10.0, 10.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    bold = played([7.0, 7.0, 7.0], [0.25, 0.0, 0.3], [0.0, 1.0, 0.0])
    mild = played([9.0, 9.0, 11.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0])

    best = best_rule(habit, {"bold": bold, "mild": mild}, Phase(2, 2))

    assert best.days.cooling_kwh.tolist() == [[7.0, 9.0, 10.0], [7.0, 9.0, 10.0]]
    assert best.days.warm_degree_hours_k_h.tolist() == [[0.25, 0.0, 0.0], [0.25, 0.0, 0.0]]
