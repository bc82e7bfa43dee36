"""Beside the champion: what a version on trial advises, compared with the champion's advice before it acts.

Both go on from what was learnt of the same home and hear the same weather, so honest versions hardly differ
in what they ask for: they differ in what they expect, and by per cents. Compared is the first decision of
each home by the version, and the first of each day: enough to see a version that asks for another climate
before anybody has it, and cheap. What happens in homes is for `cloud.rollout.gross` and
`cloud.rollout.judge`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cloud.advice import Advice

MOST_K: Final = 1.5
"""How much warmer or cooler than the champion a version may ask homes to be, on average [K]: about what the
search for a home's limit takes a week for. How far honest ones were: `python -m infra.local.trial_study`."""

MOST_OF_FEW_K: Final = 3.0
"""The same while fewer than `ENOUGH_HOMES` were compared [K]: in one home the one may wait, the other not."""

ENOUGH_HOMES: Final = 4

OFF_ABOVE_HABIT_K: Final = 4.0
"""Off counts as so much above the habit: the deepest set-back that is planned [K]."""

TIMES_KWH: Final = 4.0
"""How many times the champion's electricity a version may expect, or how small a part of it [ratio]: far more
than what a change of season makes an honest update correct, which the gate has looked at."""

USUAL_KWH: Final = 0.5
"""Added to both, a home: on a day that hardly needs cooling a multiple says nothing [kWh]."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a version says of one home beside the champion.

    Attributes:
        warmer_k: How much warmer it wants the home [K].
        expected_kwh: What it expects the coming day to take [kWh].
        champion_kwh: What the champion expects of its own advice [kWh].
    """

    warmer_k: float
    expected_kwh: float
    champion_kwh: float

    @classmethod
    def of(cls, said: Advice, champion: Advice) -> "Pair":
        """Of two answers to the same question."""
        theirs, own = champion.counterfactual, said.counterfactual
        habit_c = own.habit_setpoint_c if theirs.habit_setpoint_c is None else theirs.habit_setpoint_c
        asked_c, usual_c = _asked_c(said, habit_c), _asked_c(champion, habit_c)
        warmer_k = 0.0 if asked_c is None or usual_c is None else asked_c - usual_c
        return cls(warmer_k, own.advised_kwh, theirs.advised_kwh)


@dataclass(slots=True)
class Beside:
    """The newest pair of each device that a version has decided for."""

    pairs: dict[str, Pair] = field(default_factory=dict[str, Pair])

    def hear(self, pairs: Mapping[str, Pair]) -> str | None:
        """Take new pairs into account; returns what is beyond anything that an update may change, if so."""
        self.pairs.update(pairs)
        if not self.pairs:
            return None
        few = len(self.pairs) < ENOUGH_HOMES
        if abs(self.warmer_k) > (MOST_OF_FEW_K if few else MOST_K):
            return f"it wants {len(self.pairs)} homes {self.warmer_k:+.1f} K warmer than the champion does"
        if not 1 / TIMES_KWH <= self.times_kwh <= TIMES_KWH:
            return f"it expects {self.times_kwh:.2f} times the champion's electricity"
        return None

    @property
    def warmer_k(self) -> float:
        """How much warmer than the champion it wants homes, on average [K]."""
        return sum(each.warmer_k for each in self.pairs.values()) / len(self.pairs)

    @property
    def times_kwh(self) -> float:
        """The electricity that it expects over what the champion does, all homes together [ratio]."""
        more_kwh = USUAL_KWH * len(self.pairs)
        expected_kwh = more_kwh + sum(each.expected_kwh for each in self.pairs.values())
        return expected_kwh / (more_kwh + sum(each.champion_kwh for each in self.pairs.values()))


def _asked_c(advice: Advice, habit_c: float | None) -> float | None:
    """The warmth that is asked for [°C]: the habit where the air is only dried or moved; None: unknown."""
    if advice.setpoint_c is not None or habit_c is None:
        return advice.setpoint_c
    return habit_c + (OFF_ABOVE_HABIT_K if advice.mode == "off" else 0.0)
