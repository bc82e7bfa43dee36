"""Blocks: the homes of a trial played by one process or shared by several, to the same figures.

Homes are independent given seed, split and number, so each process plays all arms on its own part of the
fleet: learning is done once a home, and the parts are put side by side again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from cloud.champion import Champion
from device_sim.fleet import FleetSpec
from infra.local.errors import LocalError
from infra.local.judging.advised import WeatherService
from infra.local.judging.arms import Props, check, make_control, played
from infra.local.judging.oracle import WHOLE_PLAYS
from infra.local.judging.plant import FAMILIES, Plant
from infra.local.judging.play import Played, learn, play
from infra.local.judging.prices import Meter, Prices
from infra.local.judging.rules import Habits
from infra.local.judging.trial import Trial
from infra.local.sim_processes import spread

HABIT = "habit"
"""The arm with which all others are compared."""

SPARE_DAYS = 3
"""Days of the season after the last that is played: forecasts of its evening must not end with it."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told what is done and what there is to do, in days of all arms of all blocks."""


class UnknownFamilyError(LocalError):
    """There is no such simulator."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no family {name!r}, only {', '.join(FAMILIES)}")


def play_trial(
    trial: Trial, champion: Champion, processes: int = 1, progress: Progress = lambda *_: None
) -> dict[str, Played]:
    """Play all arms of a trial; the figures do not depend on `processes`.

    Args:
        trial: What is simulated.
        champion: The models that serve.
        processes: How many share the homes.
        progress: Told after each day of each arm.

    Returns:
        By arm, the habit first.

    Raises:
        UnknownArmError: The trial names an arm that there is not.
        UnknownFamilyError: The trial names a simulator that there is not.
        PricesMissingError: The trial names a tariff that there is not.
        ControllerError: The other people's controller cannot be used.
        SimulationError: A process failed.
    """
    check(trial)
    if trial.family not in FAMILIES:
        raise UnknownFamilyError(trial.family)
    if trial.tariff is not None:
        Prices.read(trial.tariff)
    parts = _parts(trial, processes)
    total = len(parts) * (trial.learning_days + (1 + len(played(trial))) * trial.days)
    done, blocks = 0, dict[int, dict[str, Played]]()
    for block in spread(play_block, [(n, part, champion) for n, part in enumerate(parts)], processes):
        if block is None:
            done += 1
            progress(done, total)
        else:
            blocks[block.number] = block.arms
    return {name: Played.joined([blocks[n][name] for n in range(len(parts))]) for name in blocks[0]}


@dataclass(frozen=True, slots=True)
class Block:
    """What was played on one part of the homes, by arm."""

    number: int
    arms: dict[str, Played]


def play_block(number: int, trial: Trial, champion: Champion) -> Iterator[Block | None]:
    """Play all arms on one part of the homes: gives None after each day of each arm, and then the block."""
    plant = _plant(trial)
    habits = Habits.of(plant)
    prices = None if trial.tariff is None else Prices.read(trial.tariff)
    props = Props(champion, plant, habits, WeatherService(plant), prices)
    names = played(trial)
    controls = {name: make_control(name, trial, props) for name in names if name not in WHOLE_PLAYS}
    listeners = [habits.learn, *(control.observe for control in controls.values())]
    yield from learn(plant, listeners, trial.learning_days)
    arms = {HABIT: (yield from play(plant.fork(), None, trial.days, _meter(prices, plant)))}
    for name in names:
        if name in WHOLE_PLAYS:
            arms[name] = yield from WHOLE_PLAYS[name](plant.fork(), trial, arms[HABIT])
        else:
            arms[name] = yield from play(plant.fork(), controls.pop(name), trial.days, _meter(prices, plant))
    yield Block(number, arms)


def _meter(prices: Prices | None, plant: Plant) -> Meter | None:
    return None if prices is None else Meter(prices, tuple(site.timezone for site in plant.sites))


def _parts(trial: Trial, processes: int) -> list[Trial]:
    """The homes of a trial in so many parts of about the same size, none empty."""
    count = min(processes, trial.homes)
    ends = [trial.homes * (n + 1) // count for n in range(count)]
    starts = [0, *ends[:-1]]
    return [
        replace(trial, homes=end - first, first_home=trial.first_home + first)
        for first, end in zip(starts, ends, strict=True)
    ]


def _plant(trial: Trial) -> Plant:
    spec = FleetSpec(
        homes=trial.homes,
        seed=trial.seed,
        start=trial.start,
        climate=trial.climate,
        split=trial.split,
        first_home=trial.first_home,
    )
    return FAMILIES[trial.family](spec, trial.learning_days + trial.days + SPARE_DAYS)
