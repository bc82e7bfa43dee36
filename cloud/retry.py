"""Retry: how long to wait before trying again, so that many who wait do not come back at once."""

from random import Random

FIRST_CEILING_S = 0.1
LAST_CEILING_S = 5.0


def full_jitter_s(attempts: int, random: Random) -> float:
    """The wait after `attempts` failures, uniform in [0, min(5 s, 0.1 s * 2^attempts)] [s].

    "Full jitter" of Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015.
    """
    return random.uniform(0, min(LAST_CEILING_S, FIRST_CEILING_S * 2.0 ** min(attempts, 16)))
