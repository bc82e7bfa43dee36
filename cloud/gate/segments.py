"""Segments: kinds of homes, each of which must not be worse off, however well the fleet is on the whole."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

HOT_C = 26.0
"""Outdoor mean from which a climate counts as hot [°C]; an assumption."""

HUMID_PCT = 60.0
"""Indoor mean from which a climate counts as humid [%]: the upper limit of ASHRAE 62.1-2007, 5.10."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a home besides its readings.

    Attributes:
        machine: `inverter`, `single speed` or `unknown`.
        slow_h: Time constant of its walls as fitted [h]; None while nothing can be said.
    """

    machine: str = "unknown"
    slow_h: float | None = None


def segments_of(
    hours: pd.DataFrame, traits: Mapping[str, Traits], new_homes: Collection[str]
) -> dict[str, set[str]]:
    """Homes by segment; each home is in several.

    Args:
        hours: That are judged, columns of `cloud.features`.
        traits: By home; what is missing is unknown.
        new_homes: Whose habit was still being learnt.
    """
    found: dict[str, set[str]] = {}
    border_h = _middle_h(traits)
    means = hours.groupby("device_id")[["outdoor_dry_bulb_c", "indoor_rh_pct"]].mean()
    for home, outdoor_c, rh_pct in zip(means.index, *means.to_numpy().T, strict=True):
        own = traits.get(str(home), Traits())
        age = "new" if home in new_homes else "known"
        for segment in (
            f"climate {_climate(outdoor_c, rh_pct)}",
            f"machine {own.machine}",
            f"home {_weight(own.slow_h, border_h)}",
            f"{age} home",
        ):
            found.setdefault(segment, set()).add(str(home))
    return found


def _climate(outdoor_c: float, rh_pct: float) -> str:
    if outdoor_c != outdoor_c:  # noqa: PLR0124 (NaN: no sensor)
        return "unknown"
    return f"{'hot' if outdoor_c >= HOT_C else 'mild'} {'humid' if rh_pct >= HUMID_PCT else 'dry'}"


def _middle_h(traits: Mapping[str, Traits]) -> float:
    known = sorted(each.slow_h for each in traits.values() if each.slow_h is not None)
    return known[len(known) // 2] if known else 0.0


def _weight(slow_h: float | None, border_h: float) -> str:
    """Heavy is what is as slow as half of the fleet."""
    if slow_h is None:
        return "of unknown weight"
    return "heavy" if slow_h >= border_h else "light"
