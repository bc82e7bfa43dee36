from random import Random

import pytest

from cloud.retry import full_jitter_s


@pytest.mark.parametrize(("attempts", "ceiling_s"), [(0, 0.1), (1, 0.2), (3, 0.8), (6, 5.0), (10_000, 5.0)])
def test_waits_anywhere_up_to_a_ceiling_that_doubles(attempts: int, ceiling_s: float) -> None:
    random = Random(1)  # noqa: S311 (jitter)
    waits = [full_jitter_s(attempts, random) for _ in range(1000)]

    # Uniform in [0, c]: of 1000 draws the extremes lie within 2 % of the ends (0.98^1000 < 1e-8).
    assert 0 <= min(waits) < 0.02 * ceiling_s
    assert 0.98 * ceiling_s < max(waits) <= ceiling_s
