"""Comfort: where the upper limit of a home's comfort lies, as a distribution that overrides and silence move.

The limit is the warmth above the habit [K] beyond which the people are uncomfortable. Between the limit and
`SILENT_K` above it nobody acts; beyond that, somebody awake takes the remote at a rate that grows with the
warmth (ADVICE.md, study C: the silent zone is about 0.6 K wide). So an evening without an override says a
little, and an override says much, but not everything: people also change the setpoint for other reasons.

Households that use the app may say "a bit warm" as soon as the limit is passed; whether this one does is
believed and learnt too, since the silence of those who would have spoken says more.

The prior is study A's: of 17 households +1 K kept 12 comfortable and +2 K kept 5, which is a normal
distribution of 1.5 ± 0.9 K.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRIOR_MEAN_K, PRIOR_DEVIATION_K = 1.5, 0.9
"""The upper limit above the habit over households [K]: study A."""

SILENT_K = 0.6
"""Discomfort on which nobody acts [K]: study C."""

STEEPNESS_K = 0.5
"""Warmth beyond the silent zone at which people act with the rate of their patience [K]; an assumption."""

LARGEST_RATIO = 3.0
"""The rate grows to so many times that, and no more [ratio]; an assumption."""

RATES_PER_H = (0.3, 0.8, 2.0)
"""Patient, usual and impatient people, equally likely [1/h]; an assumption that the evidence can overrule."""

OTHER_REASONS_PER_H = 0.002
"""Rate at which somebody awake cools for other reasons than warmth [1/h]: once in a month; an assumption."""

WORDS_PER_H = 0.7
WORDS_STEEPNESS_K = 0.3
"""People who use the app say "a bit warm" with this rate [1/h] so far beyond the limit [K]; assumptions."""

WORDS_FOR_NOTHING_PER_H = 0.001
"""The same below the limit [1/h]; an assumption."""

AT_HOME_H = 15.0
"""Hours of a day with somebody at home [h/day]; ASHRAE and time-use surveys give 14 to 16."""

TINY_PER_H = 1e-6
"""Those who never speak do so with this rate [1/h]: nothing is impossible."""

FORGETTING_DAYS = 120.0
"""Evidence fades towards the prior in so many days [days]: people and seasons change."""

_LIMITS_K = np.arange(0.0, 4.01, 0.1)
_RATES = np.array(RATES_PER_H)
_SPEAKS = np.array([0.0, 1.0])
_SHAPE = (len(_LIMITS_K), len(_RATES), len(_SPEAKS))
_PRIOR = np.broadcast_to(
    -0.5 * (((_LIMITS_K - PRIOR_MEAN_K) / PRIOR_DEVIATION_K) ** 2)[:, None, None], _SHAPE
)
_WARMTH_STEP_K, _WARMEST_K = 0.1, 10.0
_WARMTHS_K = np.arange(0.0, _WARMEST_K + _WARMTH_STEP_K / 2, _WARMTH_STEP_K)
_BEYOND_K = np.maximum(_WARMTHS_K[:, None] - _LIMITS_K, 0.0)


def _prior() -> list[float]:
    return [float(weight) for weight in _PRIOR.ravel()]


@dataclass(frozen=True, slots=True)
class Discomfort:
    """How far beyond a home's limit it is expected to be at any warmth, as the limit is believed to lie.

    Attributes:
        beyond_k: For each warmth of the grid, the mean of what is beyond the limit, (101,) [K].
    """

    beyond_k: Floats

    @classmethod
    def of(cls, limit_ratio: Floats) -> "Discomfort":
        """From the probability of each limit, (41,)."""
        return cls(_BEYOND_K @ limit_ratio)

    def at_k(self, warmth_k: Floats) -> Floats:
        """What is expected beyond the limit at each warmth [K]."""
        return np.interp(warmth_k, _WARMTHS_K, self.beyond_k)

    def until_k2(self, warmth_k: Floats) -> Floats:
        """Its integral from no warmth to each warmth [K²]: what falls at 1 K/h costs so many K·h."""
        steps_k2 = (self.beyond_k[1:] + self.beyond_k[:-1]) * (_WARMTH_STEP_K / 2)
        area_k2 = np.concatenate([np.zeros(1), np.cumsum(steps_k2)])
        return np.asarray(np.interp(warmth_k, _WARMTHS_K, area_k2))


@dataclass(slots=True)
class ComfortLimit:
    """What is believed of one home's upper comfort limit.

    Attributes:
        log_weight: Logarithms of the weights of each limit, patience and silence or speech, (41 x 3 x 2).
    """

    log_weight: list[float] = field(default_factory=_prior)

    def live(self, warmth_k: float, hours: float) -> None:
        """Awake people were at home for `hours` at a `warmth_k` that we advised, and let it be."""
        if warmth_k > 0.0:
            self._believe(-hours * (_rate_per_h(warmth_k) + _words_per_h(warmth_k)))

    def override(self, warmth_k: float) -> None:
        """Somebody cooled at `warmth_k`."""
        self._believe(np.log(_rate_per_h(warmth_k) + OTHER_REASONS_PER_H))

    def a_bit_warm(self, warmth_k: float) -> None:
        """Somebody said that `warmth_k` is a bit warm."""
        self._believe(np.log(_words_per_h(warmth_k) + WORDS_FOR_NOTHING_PER_H * _SPEAKS + TINY_PER_H))

    def thermal_ratio(self, warmth_k: float) -> float:
        """How likely an override at `warmth_k` is about warmth [ratio]."""
        rate = float((_rate_per_h(warmth_k) * self._weights()).sum())
        return rate / (rate + OTHER_REASONS_PER_H)

    def discomfort(self) -> Discomfort:
        """What to expect of any warmth."""
        return Discomfort.of(self._weights().sum(axis=(1, 2)))

    def quantile_k(self, ratio: float) -> float:
        """The limit that the home's is above with probability 1 - `ratio` [K]."""
        total = np.cumsum(self._weights().sum(axis=(1, 2)))
        return float(_LIMITS_K[int(np.searchsorted(total, ratio))])

    def forget(self) -> None:
        """A day has passed."""
        kept = 1.0 - 1.0 / FORGETTING_DAYS
        self._store(_PRIOR + kept * (self._log_weight() - _PRIOR))

    def _believe(self, log_likelihood: Floats) -> None:
        self._store(self._log_weight() + log_likelihood)

    def _store(self, log_weight: Floats) -> None:
        self.log_weight = [round(float(weight), 4) for weight in (log_weight - log_weight.max()).ravel()]

    def _log_weight(self) -> Floats:
        return np.array(self.log_weight).reshape(_SHAPE)

    def _weights(self) -> Floats:
        weights = np.exp(self._log_weight())
        return np.asarray(weights / weights.sum())


def _rate_per_h(warmth_k: float) -> Floats:
    """Rate of acting at `warmth_k` for each limit and patience, (41, 3, 1) [1/h]."""
    beyond = np.clip((warmth_k - SILENT_K - _LIMITS_K) / STEEPNESS_K, 0.0, LARGEST_RATIO)
    return np.asarray(beyond[:, None, None] * _RATES[:, None])


def _words_per_h(warmth_k: float) -> Floats:
    """Rate of saying "a bit warm" at `warmth_k` for each limit, by who speaks, (41, 1, 2) [1/h]."""
    beyond = np.clip((warmth_k - _LIMITS_K) / WORDS_STEEPNESS_K, 0.0, LARGEST_RATIO)
    return np.asarray(beyond[:, None, None] * WORDS_PER_H * _SPEAKS)
