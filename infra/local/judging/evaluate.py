"""Evaluation: advice in closed loop on simulated homes, each arm paired with the same homes at their habit.

Everything runs without a broker: the homes live through learning days at their habit, are forked once an
arm, and each arm decides on its own fork from the first day on. Figures come from the simulation's truth,
never from the advisor's models.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from cloud.champion import Champion
from infra.local.judging.arms import ORACLE, is_rule
from infra.local.judging.blocks import HABIT, Progress, play_trial
from infra.local.judging.curve import Curve, curve
from infra.local.judging.figures import ArmResult, arm_result
from infra.local.judging.hindsight import best_rule
from infra.local.judging.play import Played
from infra.local.judging.trial import BEST_RULE, Trial


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a trial.

    Attributes:
        trial: What was simulated.
        champion: The version of the models that served.
        habit_kwh_day: Electricity of a home and day at the habit, over the judged days [kWh/day].
        warm_habit_k_h_day: Warm degree-hours there [K·h/day].
        overrides_habit_day: Overrides of a home and day there.
        changes_habit_day: Changes of the setpoint of a home and day there.
        arms: In the order of the trial.
        curve: Through the advisor at each λ; None without `Trial.lambdas`.
    """

    trial: Trial
    champion: str
    habit_kwh_day: float
    warm_habit_k_h_day: float
    overrides_habit_day: float
    changes_habit_day: float
    arms: tuple[ArmResult, ...]
    curve: Curve | None = None

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON values; what is not known is null, since JSON has no NaN."""
        whole = {**asdict(self), "trial": {**asdict(self.trial), "start": self.trial.start.isoformat()}}
        known: dict[str, Any] = _known(whole)
        return known


def evaluate(
    trial: Trial, champion: Champion, processes: int = 1, progress: Progress = lambda *_: None
) -> Evaluation:
    """Play a trial and judge it; arguments and errors are those of `play_trial`."""
    return judge(trial, champion.version, play_trial(trial, champion, processes, progress))


def judge(trial: Trial, champion: str, played: Mapping[str, Played]) -> Evaluation:
    """The figures of what was played, by arm, the habit among them."""
    habit, arms = played[HABIT], dict(played)
    if BEST_RULE in trial.lineup:
        rules = {name: arm for name, arm in played.items() if is_rule(name)}
        arms[BEST_RULE] = best_rule(habit, rules, trial.judged)
    before, days = habit.over(trial.judged), float(trial.judged.days)
    by_lambda = {each: arms[trial.curve_arm(each)].over(trial.judged) for each in trial.lambdas}
    oracle = arms.get(ORACLE)
    perfect = None if oracle is None else oracle.over(trial.judged)
    return Evaluation(
        trial=trial,
        champion=champion,
        habit_kwh_day=float(before.cooling_kwh.mean()) / days,
        warm_habit_k_h_day=float(before.warm_degree_hours_k_h.mean()) / days,
        overrides_habit_day=float(before.overrides.mean()) / days,
        changes_habit_day=float(before.changes.mean()) / days,
        arms=tuple(arm_result(name, habit, arms[name], oracle, trial) for name in trial.lineup),
        curve=curve(before, by_lambda, days, perfect) if by_lambda else None,
    )


def pool(trials: Sequence[Trial], champion: str, played: Sequence[Mapping[str, Played]]) -> Evaluation:
    """The figures of the homes of several trials together, which differ in climate and seed only."""
    together = replace(
        trials[0],
        climate=" + ".join(trial.climate for trial in trials),
        homes=sum(trial.homes for trial in trials),
    )
    return judge(
        together, champion, {name: Played.joined([each[name] for each in played]) for name in played[0]}
    )


def _known(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    if isinstance(value, dict):
        return {name: _known(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
