"""A fact: one figure of a fleet beside what is published of it, or what we expect."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from device_sim.noise import Floats


class Kind(StrEnum):
    """How well the range of a fact is known."""

    PUBLISHED = "published"
    DERIVED = "derived"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Reference:
    """The range in which a figure should lie.

    Attributes:
        low: Lower end, in the fact's unit.
        high: Upper end.
        source: Where the range is from; of an assumption, why we expect it.
        kind: Whether it is published so, derived from what is published, or assumed.
    """

    low: float
    high: float
    source: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a fleet.

    Attributes:
        name: What it is.
        unit: Of all its numbers.
        value: The mean over the homes; their median where `is_median`.
        low: A tenth of the homes is below.
        high: A tenth of the homes is above.
        standard_error: Of the mean over the homes; NaN for a median.
        homes: How many homes it is from.
        reference: Where it should lie.
        is_median: Whether `value` is the median.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    standard_error: float
    homes: int
    reference: Reference
    is_median: bool = False

    @property
    def inside(self) -> bool:
        """Whether the figure lies in the range; one that could not be measured does not."""
        return self.reference.low <= self.value <= self.reference.high


def measured(name: str, unit: str, by_home: Floats, reference: Reference, *, median: bool = False) -> Fact:
    """The fact that values of single homes show, `(homes,)`; NaN is a home that says nothing of it."""
    known = by_home[np.isfinite(by_home)]
    if not len(known):
        nothing = float("nan")
        return Fact(name, unit, nothing, nothing, nothing, nothing, 0, reference, median)
    low, middle, high = np.percentile(known, [10.0, 50.0, 90.0])
    error = float(known.std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 and not median else float("nan")
    value = float(middle if median else known.mean())
    return Fact(name, unit, value, float(low), float(high), error, len(known), reference, median)
