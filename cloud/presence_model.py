"""Presence model: when a home will be empty, and when somebody comes back, by LightGBM over all homes.

Two questions, two boosters. Whether nobody is there in a half-hour of the coming day is asked directly for
each lead. When somebody comes back to an empty home is asked as a discrete hazard: the chance of a return in
a half-hour if nobody came before it (Singer & Willett 1993, doi 10.3102/10769986018002155). The chance of
being back by then is one less the product of the others, so it never falls with the lead. Its early part,
which decides when to cool down, is fitted to that very event.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from cloud.absence import ReturnTimes
from cloud.home_clock import SLOT_S, SLOTS_PER_DAY
from cloud.presence_features import Moment, away_rows, return_rows
from cloud.trees import Floats, Trees

_ASKED_AHEAD: Final = np.arange(0, SLOTS_PER_DAY + 1, 2)
"""Leads that the trees are asked for [half-hours]; those between are interpolated: presence is smoother than
an hour, and trees are most of the time."""

_RETURN_AHEAD: Final = np.arange(SLOTS_PER_DAY)


class PresenceModel:
    """When homes are empty and people come back, from `Moment`s.

    Args:
        away: Of `AWAY_FEATURES`.
        returning: Of `RETURN_FEATURES`.
    """

    def __init__(self, away: Trees, returning: Trees) -> None:
        self.away_trees = away
        self.return_trees = returning

    def away(self, moments: Sequence[Moment]) -> Floats:
        """Chance that nobody is at home in each half-hour from the current one on, (h, 49) [ratio]."""
        rows = away_rows(moments, _ASKED_AHEAD)
        hourly = _ask(self.away_trees, rows)
        chance = np.empty((len(hourly), SLOTS_PER_DAY + 1))
        chance[:, ::2] = hourly
        chance[:, 1::2] = (hourly[:, :-1] + hourly[:, 1:]) / 2
        return chance

    def returned_by(self, moments: Sequence[Moment]) -> Floats:
        """Chance that somebody is back by the end of each half-hour from the current one on, (h, 48) [ratio].

        Args:
            moments: Homes that nobody is in.
        """
        hazard = _ask(self.return_trees, return_rows(moments, _RETURN_AHEAD))
        return np.asarray(1.0 - np.cumprod(1.0 - hazard, axis=1))

    def return_times(self, moments: Sequence[Moment]) -> list[ReturnTimes]:
        """When somebody comes back to each of the homes, which nobody is in."""
        if not moments:
            return []
        since_h = np.array([moment.at_s % SLOT_S / 3600 for moment in moments])
        return [times(float(since), by) for since, by in zip(since_h, self.returned_by(moments), strict=True)]


def times(since_h: float, returned_by: Floats) -> ReturnTimes:
    """Return times from the chances to be back by the end of each half-hour, (48,).

    A half-hour stands for its middle; who is not back after them all counts as back at their end.
    """
    ends_h = (_RETURN_AHEAD + 1.0) * (SLOT_S / 3600) - since_h
    starts_h = np.maximum(ends_h - SLOT_S / 3600, 0.0)
    hours = np.append((starts_h + ends_h) / 2, ends_h[-1])
    weights = np.diff(returned_by, prepend=0.0, append=1.0)
    return ReturnTimes(hours.tolist(), weights.tolist())


def _ask(trees: Trees, rows: Floats) -> Floats:
    """(h, t, features) to (h, t), with one call."""
    return trees.predict(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
