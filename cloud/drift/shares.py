"""Shares: how many of a few homes, said so that chance alone does not look like a change."""

import math
from typing import Final

Z_95: Final = 1.645
"""95 % quantile of the standard normal distribution."""


def at_least(found: int, of: int) -> float:
    """Lower 95 % bound of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953) [ratio].

    One home of nine is no ninth of all homes.
    """
    share, z2 = found / of, Z_95**2
    middle = share + z2 / (2 * of)
    width = Z_95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    return max((middle - width) / (1 + z2 / of), 0.0)
