"""Tolerance: how warm the people of a home may be kept while they are there; probe, believe, hold.

Warmth is how much warmer than usual it feels [K]. It is searched: for one evening, with people at home and
awake, it is kept warmer than it is meant to stay, since silence in comfort tells nothing (ADVICE.md,
study C); what is borne and what is not moves the belief of `cloud.comfort`, and the home lives where that
expects to add no more discomfort than the budget.

An override that our warmth has caused costs a token. There are two at most, one comes back in `1 / budget`
days, and without one there is no warmth.
"""

from dataclasses import dataclass, field

import numpy as np

from cloud.comfort import AT_HOME_H, ComfortLimit
from cloud.home_clock import SLOTS_PER_DAY, Slot
from cloud.slot_summary import SlotSummary

PROBES_K = np.arange(0.5, 4.01, 0.5)
"""Levels of a probe [K]; devices know half degrees."""

PROBE_RISK_RATIO = 0.3
"""Chance that a probe is answered by an override, at most: so the first probes are shallow [ratio]."""

WORTH_PROBING_K = 0.5
"""A probe goes at least so much beyond what is held anyway [K]."""

PROBE_SLOTS = (36, 42)
"""Half-hours of a probe: 18:00 to 21:00, when people are at home and awake."""

PROBE_H = 2.5
"""Time that people are at home and awake in them [h]; an assumption."""

SETTLE_DAYS = 1
"""Advised days before the first probe: people first see advice that they cannot feel."""

SEARCH_DAYS = 21
"""The search is over so many days after it began; later a probe now and then sees whether it holds."""

PROBE_EVERY_DAYS = 2
RECHECK_EVERY_DAYS = 18
"""Days from one probe to the next, in the search and after it."""

QUIET_DAYS = 2
"""Days without a probe after any change by a person."""

TOKENS = 2.0
"""Overrides of our doing that may come close together."""

EAGER_LAMBDA = 10.0
"""Who weighs comfort with less than this puts savings first (ADVICE.md: 20 protects comfort, 5 saves)."""

WARM_BUDGET_K_H_DAY = 0.15
SEARCH_BUDGET_K_H_DAY = 0.3
"""Warm degree-hours that may be expected to be added, at the usual weight of comfort, later and in the
search [K·h/day]; a home counts as kept comfortable up to 0.25 (ADVICE.md)."""

USUAL_LAMBDA = 20.0
"""The usual weight of comfort; who weighs it less allows more."""

AWAKE_SLOTS = (15, 44)
"""Half-hours in which somebody at home is awake: 07:30 to 22:00."""

CENSORED_SLOTS = 2
"""For so many half-hours after an override it says nothing that nobody acts: ADVICE.md, formulation 3."""

THERMAL_RATIO = 0.5
"""An override that is as likely as this about warmth is taken for our doing [ratio]."""

EASED_STEP_K = 0.5
"""Whoever says that it is a bit warm gets it so much cooler, for the rest of the day, down to the habit; and
for `EASED_SLOTS` half-hours from the first word of a day on down to so much below it [K]. For the rest of the
day that would cost single homes 3 % of their electricity."""

EASED_SLOTS = 8
"""Half-hours for which it may be cooler than the habit."""

SLOT_H = 24.0 / SLOTS_PER_DAY


@dataclass(slots=True)
class Tolerance:
    """What is known of one home's tolerance.

    Attributes:
        comfort: Where the upper limit is believed to be.
        first_advised_day: Ordinal of the first local day with advice.
        not_before_day: No probe before that local day.
        probed_day: The newest local day with a probe.
        tokens: Overrides of our doing that are left; on `tokens_day`.
        tokens_day: See there.
        censored_until: Number of the half-hour until which silence says nothing.
        eased_day: The newest local day on which somebody said that it is a bit warm.
        eased_k: The setpoint goes no further above the habit for the rest of that day [K].
        eased_slot: Number of the half-hour in which that was said first on that day.
    """

    comfort: ComfortLimit = field(default_factory=ComfortLimit)
    first_advised_day: int | None = None
    not_before_day: int = 0
    probed_day: int = 0
    tokens: float = TOKENS
    tokens_day: int = 0
    censored_until: int = 0
    eased_day: int = 0
    eased_k: float = 0.0
    eased_slot: int = 0

    def budget_k_h(self, slot: Slot, comfort_lambda: float) -> float:
        """Warm degree-hours a day that may be added, as far as the limit is known [K·h]."""
        budget = SEARCH_BUDGET_K_H_DAY if self._searches(slot) else WARM_BUDGET_K_H_DAY
        return budget * USUAL_LAMBDA / max(comfort_lambda, 1.0)

    def may_warm(self, slot: Slot, budget_per_day: float) -> bool:
        """Whether another override of our doing is within the budget [1/day]."""
        return budget_per_day > 0 and self.tokens_left(slot, budget_per_day) >= 1.0

    def advised(self, slot: Slot) -> None:
        """Advice is in force in `slot`."""
        if self.first_advised_day is None:
            self.first_advised_day = slot.day

    def may_probe(self, slot: Slot, budget_per_day: float) -> bool:
        """Whether it is the time to probe in `slot`, now or planned, within a budget of overrides [1/day]."""
        in_time = PROBE_SLOTS[0] <= slot.of_day < PROBE_SLOTS[1] and self._is_due(slot)
        return in_time and self.may_warm(slot, budget_per_day)

    def deepest_probe_k(self) -> float:
        """Warmth of a probe that goes as far as its risk of an override allows [K]; 0 when none does."""
        safe = self.comfort.override_ratio(PROBES_K, PROBE_H) <= PROBE_RISK_RATIO
        return float(PROBES_K[safe].max(initial=0.0))

    def probed(self, slot: Slot) -> None:
        """A probe is on in `slot`."""
        self.probed_day = slot.day

    def postpone(self, slot: Slot) -> None:
        """A person changed something: leave them alone for a while."""
        self.not_before_day = max(self.not_before_day, slot.day + QUIET_DAYS)
        self.censored_until = slot.number + CENSORED_SLOTS

    def learn(self, summary: SlotSummary, warmth_k: float) -> None:
        """A half-hour passed in which nobody objected."""
        slot = summary.slot
        if summary.at_home is False or slot.number <= self.censored_until:
            return
        if AWAKE_SLOTS[0] <= slot.of_day < AWAKE_SLOTS[1]:
            certain = 1.0 if summary.at_home else AT_HOME_H / 24
            self.comfort.live(warmth_k, certain * SLOT_H, asked=summary.author == "advice")

    def pass_day(self) -> None:
        """A local day is over."""
        self.comfort.forget()

    def override(self, slot: Slot, warmth_k: float, budget_per_day: float, *, advised: bool) -> None:
        """Somebody cooled at `warmth_k`: because of it, or for another reason."""
        thermal = self.comfort.thermal_ratio(warmth_k) >= THERMAL_RATIO
        self.comfort.override(warmth_k)
        if thermal and advised:
            self.object(slot, budget_per_day)
        self.postpone(slot)

    def too_hot(self, slot: Slot, warmth_k: float, budget_per_day: float) -> None:
        """Somebody said that it is too hot at `warmth_k`."""
        self.comfort.override(warmth_k)
        self.object(slot, budget_per_day)
        self.postpone(slot)

    def warmer(self) -> None:
        """Somebody made it warmer."""
        self.comfort.warmer()

    def a_bit_warm(self, slot: Slot, warmth_k: float, risen_k: float) -> None:
        """Somebody said that it is a bit warm at `warmth_k`, with a setpoint `risen_k` above the habit."""
        self.comfort.a_bit_warm(warmth_k)
        before_k = np.inf
        if self.eased_day == slot.day:
            before_k = self.eased_k
        else:
            self.eased_day, self.eased_slot = slot.day, slot.number
        self.eased_k = max(min(risen_k - EASED_STEP_K, before_k), -EASED_STEP_K)
        self.postpone(slot)

    def eased_rise_k(self, slot: Slot, rise_k: float) -> float:
        """What is left of a rise in `slot`, now or planned, after what was said that day [K]."""
        if slot.day != self.eased_day:
            return rise_k
        lately = slot.number - self.eased_slot < EASED_SLOTS
        return min(rise_k, self.eased_k if lately else max(self.eased_k, 0.0))

    def object(self, slot: Slot, budget_per_day: float) -> None:
        """An override of our doing."""
        self.tokens = self.tokens_left(slot, budget_per_day) - 1.0
        self.tokens_day = slot.day

    def tokens_left(self, slot: Slot, budget_per_day: float) -> float:
        """Overrides of our doing that are left on a day."""
        days = slot.day - self.tokens_day if self.tokens_day else 0
        return min(self.tokens + days * budget_per_day, TOKENS)

    def _searches(self, slot: Slot) -> bool:
        return self.first_advised_day is None or slot.day - self.first_advised_day < SEARCH_DAYS

    def _is_due(self, slot: Slot) -> bool:
        if self.first_advised_day is None or slot.day - self.first_advised_day < SETTLE_DAYS:
            return False
        every = PROBE_EVERY_DAYS if self._searches(slot) else RECHECK_EVERY_DAYS
        since = slot.day - self.probed_day
        return slot.day >= self.not_before_day and (since == 0 or since >= every)
