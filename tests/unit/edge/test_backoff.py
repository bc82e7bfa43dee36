import random

from edge.backoff import CAP_S, full_jitter


def test_waits_are_spread_over_a_limit_that_doubles_up_to_the_cap() -> None:
    """The limits by hand: 0.2, 0.4, 0.8 ... s, at most 120 s; the mean of an even spread is half of it."""
    rng = random.Random(1)  # noqa: S311 (spreads reconnects, hides nothing)
    for attempt, limit_s in ((0, 0.2), (1, 0.4), (4, 3.2), (6, 12.8), (10, CAP_S), (1000, CAP_S)):
        waits = [full_jitter(attempt, rng) for _ in range(2000)]

        assert 0 <= min(waits) < 0.05 * limit_s
        assert 0.95 * limit_s < max(waits) <= limit_s
        assert abs(sum(waits) / len(waits) - limit_s / 2) < 0.05 * limit_s
