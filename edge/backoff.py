"""Back-off: how long to wait before the next attempt, so that a returning broker is not run over."""

import random

BASE_S = 0.2
"""Upper end of the first wait [s]."""

CAP_S = 120.0
"""Longest wait [s]. After a short outage none is that long, for waits grow with it; after a region's, a
million homes ask 26 times each instead of 187 times with 10 s, and are back 4 % later (`infra/SCALE.md`)."""

_MAX_DOUBLINGS = 16


def full_jitter(attempt: int, rng: random.Random, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """A wait [s], evenly from 0 to the doubled and capped limit ("full jitter", AWS Architecture Blog 2015).

    Args:
        attempt: Failures so far, from 0.
        rng: Where the chance comes from.
        base_s: Upper end of the wait after the first failure [s].
        cap_s: The upper end never grows beyond this [s].
    """
    return rng.uniform(0, min(cap_s, base_s * 2 ** min(attempt, _MAX_DOUBLINGS)))
