"""Training of the presence model: motion as devices reported it, replayed through the code that serves.

Features come from `Presence` as it was at an instant, labels from what the same rule of stillness says
afterwards: an absence that is noticed after 45 minutes (or 9 hours) began with the last motion.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloud.errors import InsufficientDataError
from cloud.home_clock import SLOT_S, SLOTS_PER_DAY, HomeClock
from cloud.presence import Presence
from cloud.presence_features import AWAY_FEATURES, RETURN_FEATURES, Moment, away_rows, return_rows
from cloud.presence_model import PresenceModel
from cloud.trees import Floats, TreeParams, Trees

Flags = npt.NDArray[np.bool_]

DECISION_S: Final = 900
"""Homes are asked at quarter-hours [s], as the advisor is."""

ASKED_EVERY: Final = 13
"""Each home is asked in one of so many of them: 13 and the 96 of a day have no common divisor, so all times
of the day come in turn."""

LEADS: Final = 6
"""Half-hours asked about at each instant, drawn from the coming day."""

MIN_ROWS: Final = 5000
"""Fewer rows than this know no habits."""

AWAY_MONOTONE: Final = {"away_usually_ratio": +1, "away_same_weekday_ratio": +1}
RETURN_MONOTONE: Final = {"alike_hazard_ratio": +1, "away_usually_ratio": -1}
"""What is usual is never taken for a sign of the contrary."""


@dataclass(frozen=True, slots=True)
class PresenceParams:
    """How the boosters are grown; small, since each decision asks for 25 and 48 half-hours."""

    away: TreeParams = field(
        default_factory=lambda: TreeParams(
            trees=45, leaves=15, learning_rate=0.15, min_rows_leaf=300, threads=1
        )
    )
    returning: TreeParams = field(
        default_factory=lambda: TreeParams(
            trees=40, leaves=12, learning_rate=0.15, min_rows_leaf=300, threads=1
        )
    )


@dataclass(frozen=True, slots=True)
class Motion:
    """What motion sensors of some homes said, in equal intervals.

    Attributes:
        timezone: IANA name, of all of them.
        start_s: Start of the first interval [s since 1970], at the start of a half-hour.
        step_s: Length of an interval, a divisor of `DECISION_S` [s].
        moved: Whether somebody was seen, (homes, steps).
    """

    timezone: str
    start_s: int
    step_s: int
    moved: Flags


class Replay:
    """Lets homes live through their motion again.

    Args:
        motion: What was seen.

    Attributes:
        away: Whether nobody was there, by the rule of stillness, (homes, steps); whole after the iteration.
    """

    def __init__(self, motion: Motion) -> None:
        self.motion = motion
        self.away = np.zeros(motion.moved.shape, np.bool_)
        self._clock = HomeClock(motion.timezone)
        self._homes = [Presence() for _ in motion.moved]

    def __iter__(self) -> Iterator[tuple[int, list[int], list[Moment]]]:
        """Instants with some homes each: intervals that are over, places of the homes, the homes."""
        motion = self.motion
        lately = np.zeros(len(self._homes), np.bool_)
        for step, moved in enumerate(motion.moved.T, start=1):
            at_s = motion.start_s + step * motion.step_s
            slot = self._clock.slot(at_s - 1.0)
            lately |= moved
            self._observe(step, float(at_s), moved)
            if at_s % SLOT_S == 0:
                for presence, seen in zip(self._homes, lately.tolist(), strict=True):
                    presence.learn(slot, moved=seen)
                lately[:] = False
            if at_s % DECISION_S == 0:
                turn = at_s // DECISION_S % ASKED_EVERY
                places = list(range(turn, len(self._homes), ASKED_EVERY))
                now = self._clock.slot(at_s)
                yield step, places, [Moment(self._homes[place], float(at_s), now) for place in places]

    def _observe(self, step: int, at_s: float, moved: Flags) -> None:
        motion, slot = self.motion, self._clock.slot(at_s - 1.0)
        for place, (presence, seen) in enumerate(zip(self._homes, moved.tolist(), strict=True)):
            known = presence.left_s is not None
            presence.observe(at_s, slot, moved=seen)
            if presence.left_s is not None:
                begun = step - 1 if known else int((presence.left_s - motion.start_s) // motion.step_s)
                self.away[place, begun:step] = True


@dataclass(frozen=True, slots=True)
class PresenceRows:
    """What to learn from, or to judge on.

    Attributes:
        away: `AWAY_FEATURES`, and `away`: whether nobody was there in the half-hour.
        returning: `RETURN_FEATURES`, and `returned`: whether somebody came in the half-hour; rows end with
            the return.
    """

    away: pd.DataFrame
    returning: pd.DataFrame


def presence_rows(motion: Motion, seed: int) -> PresenceRows:
    """Rows from the motion of some homes.

    Args:
        motion: What was seen.
        seed: Of the half-hours that are asked about.
    """
    replay, random = Replay(motion), np.random.default_rng(seed)
    asked, gone = [], []
    for step, places, moments in replay:
        ahead = np.sort(random.choice(SLOTS_PER_DAY + 1, LEADS, replace=False))
        asked.append((step, places, ahead, away_rows(moments, ahead)))
        empty = [place for place, each in enumerate(moments) if each.presence.left_s is not None]
        if empty:
            rows = return_rows([moments[place] for place in empty], np.arange(SLOTS_PER_DAY))
            gone.append((step, [places[place] for place in empty], rows))
    labels = Labels(replay)
    away = [_labelled(rows, labels.away(step, places, ahead)) for step, places, ahead, rows in asked]
    returning = [_labelled(rows, labels.returned(step, places)) for step, places, rows in gone]
    return PresenceRows(
        _frame(away, (*AWAY_FEATURES, "away")), _frame(returning, (*RETURN_FEATURES, "returned"))
    )


class Labels:
    """What came after an instant of a replay, by the rule of stillness or by whatever else knows it.

    Args:
        replay: It is over.
        away: Who knows better when nobody was there, (homes, steps); None for the rule of stillness.
    """

    def __init__(self, replay: Replay, away: Flags | None = None) -> None:
        motion = replay.motion
        self._away = replay.away if away is None else away
        self._per_slot = SLOT_S // motion.step_s
        count = np.cumsum(~self._away, axis=1)
        self._present = np.concatenate([np.zeros((len(count), 1), np.int64), count], axis=1)

    def away(self, step: int, places: Sequence[int], ahead: npt.NDArray[np.int64]) -> Floats:
        """Whether nobody was there in what is left of each half-hour, (places, ahead); NaN after the end."""
        ends = (step // self._per_slot + 1 + ahead) * self._per_slot
        starts = np.maximum(ends - self._per_slot, step)
        over = ends >= self._present.shape[1]
        starts, ends = np.where(over, 0, starts), np.where(over, 0, ends)
        present = self._present[list(places)]
        return np.where(over, np.nan, present[:, ends] == present[:, starts])

    def returned(self, step: int, places: Sequence[int]) -> Floats:
        """Whether somebody came in each of the next half-hours, (places, 48); NaN after that, or the end."""
        gone = self.away(step, places, np.arange(SLOTS_PER_DAY))
        came = 1.0 - gone
        back = np.cumsum(np.nan_to_num(came), axis=1)
        return np.where(back - np.nan_to_num(came) > 0, np.nan, came)


def train_presence(rows: PresenceRows, params: PresenceParams) -> PresenceModel:
    """Fit both boosters.

    Raises:
        InsufficientDataError: Fewer than `MIN_ROWS` rows for one of them.
    """
    fewest = min(len(rows.away), len(rows.returning))
    if fewest < MIN_ROWS:
        raise InsufficientDataError(fewest, MIN_ROWS)
    away = Trees.grow(
        rows.away[list(AWAY_FEATURES)],
        rows.away["away"],
        monotone=AWAY_MONOTONE,
        objective="binary",
        params=params.away,
    )
    returning = Trees.grow(
        rows.returning[list(RETURN_FEATURES)],
        rows.returning["returned"],
        monotone=RETURN_MONOTONE,
        objective="binary",
        params=params.returning,
    )
    return PresenceModel(away, returning)


def _labelled(rows: Floats, labels: Floats) -> Floats:
    """(h, t, features) and (h, t) to the rows with a known label, (n, features + 1)."""
    both = np.concatenate([rows, labels[:, :, None]], axis=2)
    return both[~np.isnan(labels)]


def _frame(parts: Sequence[Floats], columns: Sequence[str]) -> pd.DataFrame:
    whole = np.concatenate(parts) if parts else np.empty((0, len(columns)))
    return pd.DataFrame(whole, columns=list(columns))
