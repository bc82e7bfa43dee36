"""The cost of a decision: `ac-advisor bench advise`, beside the bare models on the very same rows.

Homes live through some advised days; then many advisors begin anew from their states, and decide one at a
time and all together. What the models were asked is written down on the way and asked again, with nothing
around it: the ratio to that says what everything else costs, on whatever machine. The nightly fit is paid
before, in the rounds that are not timed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from cloud.advisor import HomeAdvisor, advise_all
from cloud.champion import Champion
from cloud.outcome import Floats, Predictor
from cloud.presence_model import PresenceModel
from device_sim.fleet import FleetSpec
from infra.local.judging.advised import Ablation, WeatherService, advised
from infra.local.judging.plant import FAMILIES
from infra.local.judging.play import learn, play

SEED, CLIMATE, START = 12, "hot_humid", datetime(2026, 6, 1, tzinfo=UTC)
LIVING_HOMES, HABIT_DAYS, ADVISED_DAYS = 20, 7, 3
"""Whose states the others begin from, of the split `validate`."""

ROUNDS = 5
"""Each is timed so often; the quickest counts, since others work on this machine too."""


@dataclass(slots=True)
class Recorded:
    """A model that remembers what it was asked."""

    model: Predictor
    asked: list[Floats] = field(default_factory=list[Floats])

    def predict(self, rows: Floats, /) -> Floats:
        """As the model does."""
        self.asked.append(rows)
        return self.model.predict(rows)


@dataclass(slots=True)
class RecordedModels:
    """A champion whose trees remember what they were asked."""

    version: str
    energy: Recorded
    override: Recorded
    presence: PresenceModel | None

    @classmethod
    def of(cls, champion: Champion) -> "RecordedModels":
        """Of its energy and override models; presence is asked as it is."""
        return cls(
            champion.version, Recorded(champion.energy), Recorded(champion.override), champion.presence
        )

    def asked_again(self) -> None:
        """Every question once more, with nothing around."""
        for recorded in (self.energy, self.override):
            for rows in recorded.asked:
                recorded.model.predict(rows)


@dataclass(frozen=True, slots=True)
class AdviseCost:
    """What a decision costs a home [µs of the clock on the wall], on one thread.

    Attributes:
        homes: How many decided together.
        us_per_home_decision_alone: One home at a time.
        us_per_home_decision_together: All of them in one round.
        alone_to_bare_ratio: The former over the bare energy and override models on its rows.
        together_to_bare_ratio: The latter over the same on its rows.
        state_bytes: Mean size of a home's state.
    """

    homes: int
    us_per_home_decision_alone: float
    us_per_home_decision_together: float
    alone_to_bare_ratio: float
    together_to_bare_ratio: float
    state_bytes: float


def measure(homes: int) -> AdviseCost:
    """Let so many homes decide."""
    champion = Champion.from_package()
    lived, at = _lived(champion)
    models = RecordedModels.of(champion)
    beginnings = [lived[place % len(lived)] for place in range(homes)]
    advisors = [HomeAdvisor.restore(models, each.installation, state) for each, state in beginnings]
    for minutes in range(0, 60 * homes // 1000 + 30, 15):  # until all have been fitted this night
        advise_all(models, [(each, at + timedelta(minutes=minutes)) for each in advisors])
    at += timedelta(hours=2)
    together_s, bare_together_s = _timed(models, lambda: advise_all(models, [(a, at) for a in advisors]))
    some = advisors[: min(homes, 100)]
    alone_s, bare_alone_s = _timed(models, lambda: [each.advise(at) for each in some])
    return AdviseCost(
        homes=homes,
        us_per_home_decision_alone=round(1e6 * alone_s / len(some), 1),
        us_per_home_decision_together=round(1e6 * together_s / homes, 1),
        alone_to_bare_ratio=round(alone_s / bare_alone_s, 2),
        together_to_bare_ratio=round(together_s / bare_together_s, 2),
        state_bytes=round(float(np.mean([len(state) for _, state in lived])), 0),
    )


def _lived(champion: Champion) -> tuple[list[tuple[HomeAdvisor, bytes]], datetime]:
    """Advisors that have lived with their homes, their states, and now."""
    spec = FleetSpec(LIVING_HOMES, SEED, START, climate=CLIMATE, split="validate")
    plant = FAMILIES["homes"](spec, HABIT_DAYS + ADVISED_DAYS + 3)
    control = advised(champion, plant.sites, WeatherService(plant), Ablation(), comfort_lambda=20.0)
    for _ in learn(plant, [control.observe], HABIT_DAYS):
        pass
    for _ in play(plant, control, ADVISED_DAYS):
        pass
    return [(each, each.state()) for each in control.advisors.values()], plant.now


def _timed(models: RecordedModels, work: Callable[[], object]) -> tuple[float, float]:
    """The quickest round of `work`, and of the bare models on its rows [s]."""
    quickest_s, bare_s = [], []
    for _ in range(ROUNDS):
        models.energy.asked.clear()
        models.override.asked.clear()
        quickest_s.append(_seconds(work))
        bare_s.append(_seconds(models.asked_again))
    return min(quickest_s), min(bare_s)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
