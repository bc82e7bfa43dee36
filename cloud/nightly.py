"""Nightly: in the small hours the grey boxes of homes are tested on what was seen since, and fitted again.

Homes that decide together are fitted together, so many a round that no decision waits for long; the others
follow in the next rounds. With which others a home is fitted changes nothing of its fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np

from cloud.home_clock import SLOT_S as HALF_HOUR_S
from cloud.home_clock import Slot
from cloud.home_state import HomeState
from cloud.thermal import trust
from cloud.thermal.fit import fit
from cloud.thermal.history import ThermalHistory
from cloud.thermal.machine import load_ratio
from cloud.thermal.prior import Prior
from cloud.thermal.rows import COLUMNS, SLOT_S, SLOTS_PER_DAY, Rows

NIGHT_SLOT: Final = 6
"""Homes are fitted from this half-hour of their local day on: 3 o'clock."""

EVERY_NIGHTS: Final = 3
"""From one fit of a home to the next [nights]: walls and machines change slowly, and a fit takes 10 ms."""

MOST_A_ROUND: Final = 30
"""Homes that are fitted in one round: about half a second's work; a thousand homes of one time zone take
nine hours of quarter-hourly rounds."""

ENOUGH_SLOTS: Final = 3 * SLOTS_PER_DAY
"""With fewer known slots a home would be as the prior says: it is not fitted, and not trusted."""

Fitting: TypeAlias = Literal["nightly", "once", "never"]
"""How often the grey box of a home is fitted: anything but nightly is for ablations."""


@dataclass(frozen=True, slots=True)
class Night:
    """What the fit of one home needs.

    Attributes:
        home: The home; its grey box is changed in place.
        history: What was measured.
        latitude_deg: Of the home [°].
        longitude_deg: Of the home [°].
        slot: The half-hour around now.
        fitting: How often it is fitted.
    """

    home: HomeState
    history: ThermalHistory
    latitude_deg: float
    longitude_deg: float
    slot: Slot
    fitting: Fitting = "nightly"

    @property
    def ordinal(self) -> int:
        """Of the local day whose night is the newest one."""
        return self.slot.day if self.slot.of_day >= NIGHT_SLOT else self.slot.day - 1

    @property
    def is_due(self) -> bool:
        """Whether it was not fitted in the newest nights; without a fit it is tried every night."""
        box = self.home.grey_box
        if self.fitting == "nightly":
            nights = EVERY_NIGHTS if box.theta else 1
            return box.night is None or self.ordinal - box.night >= nights
        return self.fitting == "once" and not self.home.grey_box.theta


def refit(nights: Sequence[Night]) -> None:
    """Test and fit the homes that are due, those first that wait longest, at most `MOST_A_ROUND`."""
    due = sorted((night for night in nights if night.is_due), key=_waited)[:MOST_A_ROUND]
    for last_slot in sorted({_last_slot(night) for night in due}):
        _fit_together([night for night in due if _last_slot(night) == last_slot], last_slot)


def _waited(night: Night) -> int:
    before = night.home.grey_box.night
    return -1 if before is None else before


def _last_slot(night: Night) -> int:
    """The slot that ends with the half-hour before now; counted in 15 minutes."""
    return night.slot.number * HALF_HOUR_S // SLOT_S - 1


def _fit_together(nights: Sequence[Night], last_slot: int) -> None:
    rows = _joined(
        [night.history.rows(night.latitude_deg, night.longitude_deg, last_slot) for night in nights]
    )
    outdoor_known = ~np.isnan(rows.outdoor_c).all(axis=1, keepdims=True)
    known = ~np.isnan(rows.indoor_c) & ~np.isnan(load_ratio(rows)) & outdoor_known
    enough = known.sum(axis=1) >= ENOUGH_SLOTS
    for night in nights:
        night.home.grey_box.night = night.ordinal
    told = [night for night, known_enough in zip(nights, enough.tolist(), strict=True) if known_enough]
    if not told:
        return
    some, boxes = rows.of(np.flatnonzero(enough)), [night.home.grey_box for night in told]
    before = np.array([box.trusted for box in boxes])
    trusted = trust.trusted(trust.test(some, _prior()), before)
    fitted = fit(some, _prior())
    for place, box in enumerate(boxes):
        box.keep(fitted, place)
        box.trusted = bool(trusted[place])


def _joined(rows: Sequence[Rows]) -> Rows:
    """The rows of homes that end with the same slot, one below the other."""
    columns = {name: np.concatenate([getattr(each, name) for each in rows]) for name in COLUMNS}
    return Rows(rows[0].first_slot, **columns)


@cache
def _prior() -> Prior:
    return Prior.from_package()
