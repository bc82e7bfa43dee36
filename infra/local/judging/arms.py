"""Arms: who may play, by the names that a trial gives them.

`+1`, `-0.5` (the habit and so much), `programmed`, `motion`, `energy_star`, `best_rule`, `advisor`,
`advisor_without_X` for each ablation X, `advisor@5` at that λ (also of an ablation), `controller`, and those
of `WHOLE_PLAYS`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloud.champion import Champion
from infra.local.errors import LocalError
from infra.local.judging.advised import ABLATIONS, Ablation, WeatherService, advised
from infra.local.judging.control import Control
from infra.local.judging.controller import controlled, load_controller
from infra.local.judging.oracle import WHOLE_PLAYS
from infra.local.judging.plant import Plant
from infra.local.judging.prices import Prices
from infra.local.judging.rules import EnergyStar, Habits, MotionSetBack, Offset, Programmed, Rule
from infra.local.judging.trial import BEST_RULE, Trial

RULES: Mapping[str, Callable[[Habits], Rule]] = {
    "programmed": Programmed,
    "motion": MotionSetBack,
    "energy_star": EnergyStar,
}

ORACLE = "oracle"
"""The arm of which every other one's share is told, if it plays."""

_OFFSET = re.compile(r"[+-]\d+(\.\d+)?")
_ADVISOR = re.compile(r"advisor(?:_without_(?P<without>[a-z_]+))?(?:@(?P<at>\d+(?:\.\d+)?))?")


class UnknownArmError(LocalError):
    """No arm has this name."""

    def __init__(self, name: str) -> None:
        advisors = [f"advisor_without_{each}" for each in ABLATIONS]
        known = ["+1 and the like", *RULES, BEST_RULE, "advisor", *advisors, "advisor@5", *WHOLE_PLAYS]
        super().__init__(f"there is no arm {name!r}, only {', '.join(known)}")


@dataclass(frozen=True, slots=True)
class Props:
    """What arms are made with.

    Args:
        champion: The models that serve.
        plant: Whom the arm will control.
        habits: What its homes do by themselves.
        service: The weather service.
        prices: What electricity costs; None = one flat price.
    """

    champion: Champion
    plant: Plant
    habits: Habits
    service: WeatherService
    prices: Prices | None = None


def is_rule(name: str) -> bool:
    """Whether it is a rule that any thermostat could follow."""
    return name in RULES or _OFFSET.fullmatch(name) is not None


def played(trial: Trial) -> tuple[str, ...]:
    """The arms of a trial that somebody has to play."""
    return tuple(name for name in trial.lineup if name != BEST_RULE)


def check(trial: Trial) -> None:
    """See that all arms exist, before hours of play.

    Raises:
        UnknownArmError: One does not.
        ControllerError: The other people's controller cannot be used.
    """
    known = {BEST_RULE, *WHOLE_PLAYS}
    if trial.controller is not None:
        load_controller(trial.controller)
        known.add("controller")
    for name in trial.lineup:
        if not (name in known or is_rule(name) or _ablation(name)):
            raise UnknownArmError(name)


def make_control(name: str, trial: Trial, props: Props) -> Control:
    """The control of an arm that is no whole play.

    Raises:
        UnknownArmError: There is none.
        ControllerError: The other people's controller cannot be used.
    """
    if name == "controller" and trial.controller is not None:
        return controlled(trial.controller, props.plant, props.service)
    if name in RULES:
        return RULES[name](props.habits)
    if _OFFSET.fullmatch(name):
        return Offset(props.habits, float(name))
    found, ablation = _ADVISOR.fullmatch(name), _ablation(name)
    if found is None or ablation is None:
        raise UnknownArmError(name)
    comfort_lambda = trial.comfort_lambda if found["at"] is None else float(found["at"])
    arm = advised(props.champion, props.plant.sites, props.service, ablation, comfort_lambda)
    arm.prices = props.prices if ablation.hears_prices else None
    return arm


def _ablation(name: str) -> Ablation | None:
    found = _ADVISOR.fullmatch(name)
    if found is None:
        return None
    return Ablation() if found["without"] is None else ABLATIONS.get(found["without"])
