import numpy as np
import pytest

from infra.local.judging.curve import curve
from infra.local.judging.play import Counts
from infra.local.pairs import Floats


def counts(kwh: float, warm_k_h: float, homes: int = 5) -> Counts:
    """Homes that differ a little, so that there is something to estimate."""
    zero = np.zeros(homes)
    of_home: Floats = 1.0 + 0.1 * np.arange(homes, dtype=np.float64)
    return Counts(kwh * of_home, warm_k_h - 1.0 + of_home, zero, zero, np.full(homes, 24.0), zero)


def test_between_two_points_lies_what_equal_warmth_saves() -> None:
    """8 % at +0.3 and 4 % at -0.1 K·h/day: a quarter of the way from 4 to 8, 5 %."""
    drawn = curve(counts(10.0, 1.0), {20.0: counts(9.6, 0.9), 5.0: counts(9.2, 1.3)}, 1.0)

    assert [point.comfort_lambda for point in drawn.points] == [5.0, 20.0]
    assert [point.saved_pct.mean for point in drawn.points] == pytest.approx([8.0, 4.0])
    assert drawn.equal_warm_saved_pct is not None
    assert drawn.equal_warm_saved_pct.mean == pytest.approx(5.0)
    assert drawn.equal_warm_saved_pct.standard_error == pytest.approx(0.0, abs=1e-9)  # all homes alike


def test_nothing_is_said_outside_of_the_points() -> None:
    drawn = curve(counts(10.0, 1.0), {20.0: counts(9.6, 1.1), 5.0: counts(9.2, 1.3)}, 1.0)

    assert drawn.equal_warm_saved_pct is None
