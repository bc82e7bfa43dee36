"""Presence features: what the presence model sees of homes at an instant, from what `Presence` remembers.

One definition for training and serving, for many homes at once. Direct multi-horizon (ADVICE.md,
formulation 2): the half-hour that is asked about is part of the row, nothing is predicted from predictions.
Arrays have one row for each of h homes, then one for each of t half-hours asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cloud.home_clock import SLOT_S, SLOTS_PER_DAY, Slot
from cloud.presence import PRIOR_DAYS, Presence
from cloud.trees import Floats

Integers = npt.NDArray[np.int64]

_DAYS_BACK: Final = (0, 1, 6, 7, 13, 14, 20, 21)
"""Days that are looked up: the day before the target (which is today or tomorrow), and one to three weeks."""

_SHARED: Final = (
    "lead_h",
    "slot_of_day",
    "weekend",
    "gone_h",
    "present_1h_ratio",
    "present_3h_ratio",
    "present_24h_ratio",
    "days_known",
    "away_usually_ratio",
    "away_usually_1h_before_ratio",
    "away_usually_1h_after_ratio",
    "away_usually_now_ratio",
    "irregular_ratio2",
    "away_day_before",
    "away_week_before",
    "away_same_weekday_ratio",
)

AWAY_FEATURES: Final = (*_SHARED, "still_h")
"""Of the chance that nobody is there: from now to the middle of the half-hour [h], its place in the day,
since when nobody is there [h] (missing while somebody is), share of the last hours with somebody there, past
days of the target's kind, the share of them away then, an hour before and after, and at this time of today;
how far from always or never that is, over the day; whether nobody was there then the day and the week
before, and on that weekday; since the last motion [h]."""

RETURN_FEATURES: Final = (*_SHARED, "alike_days", "alike_back_ratio", "alike_hazard_ratio")
"""Of the chance that somebody comes in a half-hour if nobody has come before it: the same, and past days that
were away at this time as today is; on how many of them somebody was back before; and of the others how many
came around then. `lead_h` ends with the half-hour."""


class Moment(NamedTuple):
    """A home at an instant: what it remembers, when that is [s since 1970], and the half-hour around it."""

    presence: Presence
    at_s: float
    slot: Slot


def away_rows(moments: Sequence[Moment], ahead: Integers) -> Floats:
    """(h,) homes asked about half-hours so many after the current one, (t,) to (h, t, len(AWAY_FEATURES))."""
    homes = _Homes.of(moments)
    lead_h = (ahead[None, :] + 0.5) * (SLOT_S / 3600) - homes.since_h[:, None]
    still_h = homes.per_target(homes.still_h, len(ahead))
    return np.stack([*_shared(homes, ahead, lead_h), still_h], axis=-1)


def return_rows(moments: Sequence[Moment], ahead: Integers) -> Floats:
    """The same to (h, t, len(RETURN_FEATURES)) for homes that nobody is in now."""
    homes = _Homes.of(moments)
    lead_h = (ahead[None, :] + 1.0) * (SLOT_S / 3600) - homes.since_h[:, None]
    return np.stack([*_shared(homes, ahead, lead_h), *_alike(moments, ahead)], axis=-1)


@dataclass(frozen=True, slots=True)
class _Homes:
    """What is the same for all half-hours asked about; arrays are (h,) unless said otherwise.

    Attributes:
        of_day: The current half-hour's place in the day.
        ordinal: Local day.
        since_h: Since the current half-hour began [h].
        gone_h: Since people left [h].
        still_h: Since the last motion [h].
        usual: Share of past days away; weekdays and weekends, (h, 2, 48) [ratio].
        counted: Days behind that, (h, 2).
        away: Whether nobody was there on `_DAYS_BACK`, (h, 8, 48); NaN where that is not known.
    """

    of_day: Integers
    ordinal: Integers
    since_h: Floats
    gone_h: Floats
    still_h: Floats
    usual: Floats
    counted: Floats
    away: Floats

    @classmethod
    def of(cls, moments: Sequence[Moment]) -> "_Homes":
        at_s = np.array([moment.at_s for moment in moments])
        left_s = np.array([moment.presence.left_s for moment in moments], np.float64)  # None becomes NaN
        moved_s = np.array([moment.presence.moved_s for moment in moments], np.float64)
        counted = np.array([moment.presence.counted for moment in moments], np.float64)
        profile = np.array([moment.presence.profile for moment in moments])
        known = np.where(counted > 0, counted, np.nan)
        return cls(
            of_day=np.array([moment.slot.of_day for moment in moments]),
            ordinal=np.array([moment.slot.day for moment in moments]),
            since_h=at_s % SLOT_S / 3600,
            gone_h=(at_s - left_s) / 3600,
            still_h=(at_s - moved_s) / 3600,
            usual=profile * ((counted + PRIOR_DAYS) / known)[:, :, None],
            counted=counted,
            away=_away_days(moments),
        )

    def per_target(self, values: Floats, targets: int) -> Floats:
        """The same value for each half-hour asked about, (h,) to (h, targets)."""
        return np.repeat(values[:, None], targets, axis=1)

    def present_ratio(self, slots: int) -> Floats:
        """Share of the last half-hours that are over with somebody there, as far as it is known, (h,)."""
        days = np.concatenate([self.away[:, _DAYS_BACK.index(1)], self.away[:, 0]], axis=1)
        last = self.of_day[:, None] + SLOTS_PER_DAY - 1 - np.arange(slots)
        away = np.take_along_axis(days, last, axis=1)
        known = ~np.isnan(away)
        count = known.sum(axis=1)
        present = count - np.nansum(away, axis=1)
        return np.asarray(np.divide(present, count, out=np.full(len(count), np.nan), where=count > 0))


def _shared(homes: _Homes, ahead: Integers, lead_h: Floats) -> list[Floats]:
    """The columns of `_SHARED`, each (h, t).

    The clock on the wall is taken to run evenly: in the night of a change to summer time it is an hour off.
    """
    carry, of_day = np.divmod(homes.of_day[:, None] + ahead, SLOTS_PER_DAY)
    weekend = _is_weekend(homes.ordinal[:, None] + carry)
    home = np.arange(len(homes.of_day))[:, None]
    usual = [
        homes.usual[home, weekend, np.clip(of_day + shift, 0, SLOTS_PER_DAY - 1)] for shift in (0, -2, 2)
    ]
    now = homes.usual[home[:, 0], _is_weekend(homes.ordinal), homes.of_day]
    before = [homes.away[home, _DAYS_BACK.index(days) - carry, of_day] for days in (1, 7, 14, 21)]
    alone = (homes.gone_h, *(homes.present_ratio(slots) for slots in (2, 6, 48)))
    return [
        lead_h,
        of_day.astype(np.float64),
        weekend.astype(np.float64),
        *(homes.per_target(values, len(ahead)) for values in alone),
        homes.counted[home, weekend],
        *usual,
        homes.per_target(now, len(ahead)),
        np.mean(homes.usual * (1.0 - homes.usual), axis=2)[home, weekend],
        before[0],
        before[1],
        _known_mean(before[1:]),
    ]


def _alike(moments: Sequence[Moment], ahead: Integers) -> list[Floats]:
    """Past days that were away as today is: how many, share back before, hazard around; each (h, t)."""
    counts = np.zeros((len(moments), SLOTS_PER_DAY + 1))
    for home, moment in enumerate(moments):
        for place in moment.presence.returns_ahead(moment.at_s, moment.slot):
            counts[home, place] += 1
    back = np.cumsum(counts, axis=1)
    days = np.repeat(back[:, -1:], len(ahead), axis=1)
    known = np.where(days > 0, days, np.nan)
    padded = np.concatenate([np.zeros((len(moments), 2)), back], axis=1)  # back before place, from place 2 on
    until, since = back[:, np.minimum(ahead + 1, SLOTS_PER_DAY)], padded[:, ahead]
    still = days - since
    around = np.divide(until - since, still, out=np.full_like(still, np.nan), where=still > 0)
    return [days, padded[:, ahead + 1] / known, around]


def _away_days(moments: Sequence[Moment]) -> Floats:
    """Days that are looked up, as 1 = nobody there, 0 = somebody, NaN = not known; (h, 8, 48)."""
    masks = []
    for presence, _, slot in moments:
        days = {day.ordinal: (day.known, day.present) for day in presence.days}
        masks.append([days.get(slot.day - back, (0, 0)) for back in _DAYS_BACK])
    octets = np.array(masks, "<u8").reshape(len(moments), len(_DAYS_BACK), 2, 1).view(np.uint8)
    bits = np.unpackbits(octets, axis=3, count=SLOTS_PER_DAY, bitorder="little")
    return np.where(bits[:, :, 0] == 1, 1.0 - bits[:, :, 1], np.nan)


def _is_weekend(ordinal: Integers) -> Integers:
    """1 on Saturdays and Sundays: 0001-01-01, of ordinal 1, was a Monday."""
    return np.asarray((ordinal - 1) % 7 >= 5, np.int64)  # noqa: PLR2004 (Saturday)


def _known_mean(values: Sequence[Floats]) -> Floats:
    """Mean of those that are known; NaN where none is."""
    stack = np.stack(values)
    known = ~np.isnan(stack)
    count = known.sum(axis=0)
    total = np.nansum(stack, axis=0)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0))
