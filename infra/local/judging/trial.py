"""Trial: which homes are simulated for how long under which arms; and the fixed protocol.

The protocol (`ac-advisor evaluate --protocol`): three fleets of 60 homes of the split `test`, whose homes and
weather nothing was learnt from or chosen on, one in each of `PROTOCOL_CLIMATES`, with the seeds 1, 2 and 3;
14 days at the habit, then 42 days with advice from the first on. The table judges days 29 to 42, by when the
building has taken up what heat it will; the phases before tell what the search costs. The arms are
`PROTOCOL_ARMS`: the simple rules, the advisor, and perfect foresight, of which every arm's share is told.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cloud.advice import Preferences
from device_sim.noise import JudgedSplit

BEST_RULE = "best_rule"
"""The arm that nobody plays: of each home the best rule that keeps comfort, picked with hindsight."""

ARMS = (
    "+1",
    "+2",
    "programmed",
    "motion",
    "energy_star",
    BEST_RULE,
    "advisor",
    "advisor_without_motion",
    "advisor_without_forecast",
)
"""What is compared with the habit."""

PROTOCOL_HOMES = 60
PROTOCOL_CLIMATES = ("hot_dry", "hot_humid", "mild_summer")
PROTOCOL_ARMS = ("+1", "+2", "programmed", "motion", "energy_star", BEST_RULE, "advisor", "oracle")


@dataclass(frozen=True, slots=True)
class Phase:
    """Days with advice, both included, counted from 1."""

    first_day: int
    last_day: int

    @property
    def days(self) -> int:
        """How many."""
        return self.last_day - self.first_day + 1

    def __str__(self) -> str:
        return f"day {self.first_day}-{self.last_day}"


PHASES = (Phase(1, 7), Phase(8, 14), Phase(15, 28), Phase(29, 42))
"""The first week, the end of probing (ADVICE.md: at day 16 at the latest), the hold, and what is judged."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is simulated.

    Attributes:
        homes: How many.
        seed: Of the fleet.
        climate: A name of `device_sim.outdoors.climates.CLIMATES`.
        split: Constants are chosen on `validate`; `test` is for the final figure only.
        learning_days: Days at the habit before any advice.
        search_days: Days with advice before those that are compared: the search for the tolerance has a price
            of its own, and heat that the building takes up is no saving (ADVICE.md: judge from day 29).
        advised_days: Days that are compared.
        start: Start of the season (aware).
        arms: Names that `infra.local.judging.arms` knows.
        comfort_lambda: What the people prefer.
        lambdas: The advisor is played at each of these too.
        controller: Other people's controller, `module:Class`, played as the arm `controller`.
        family: Which simulator, of `infra.local.judging.plant.FAMILIES`.
        phases: Days that are told apart; those that are not played are left out.
        tariff: Prices by which advisors plan and arms are billed, as `Prices.read` knows them; None = one
            flat price.
        first_home: Number of the first home in the fleet.
    """

    homes: int = 40
    seed: int = 1
    climate: str = "hot_dry"
    split: JudgedSplit = "validate"
    learning_days: int = 14
    search_days: int = 28
    advised_days: int = 14
    start: datetime = datetime(2026, 6, 1, tzinfo=UTC)
    arms: tuple[str, ...] = ARMS
    comfort_lambda: float = Preferences().comfort_lambda
    lambdas: tuple[float, ...] = ()
    controller: str | None = None
    family: str = "homes"
    phases: tuple[Phase, ...] = PHASES
    tariff: str | None = None
    first_home: int = 0

    @property
    def days(self) -> int:
        """Days with advice."""
        return self.search_days + self.advised_days

    @property
    def judged(self) -> Phase:
        """The days that the table is about."""
        return Phase(self.search_days + 1, self.days)

    @property
    def played_phases(self) -> tuple[Phase, ...]:
        """Those of `phases` that are played to their end."""
        return tuple(phase for phase in self.phases if phase.last_day <= self.days)

    @property
    def lineup(self) -> tuple[str, ...]:
        """All arms, in the order of the table."""
        others = () if self.controller is None else ("controller",)
        curve = (self.curve_arm(each) for each in self.lambdas)
        return tuple(dict.fromkeys((*self.arms, *others, *curve)))

    def curve_arm(self, comfort_lambda: float) -> str:
        """The arm that plays the advisor at a λ: the plain one, where that is what the people prefer."""
        if comfort_lambda == self.comfort_lambda and "advisor" in self.arms:
            return "advisor"
        return f"advisor@{comfort_lambda:g}"
