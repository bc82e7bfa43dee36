"""Intervals: which home has a fault from which step to which."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self, get_args

import numpy as np

from device_sim.faults.condition import Bools, Integers
from device_sim.faults.plan import Fault, FaultKind, FaultPlan, RandomFault
from device_sim.noise import Floats, Noise, Stream

SEASON_DAYS = 90
"""Length of the season that `RandomFault.per_season` counts for [d]: a summer of three months."""

LEAST_SEVERITY_RATIO = 0.5
"""A fault by chance has at least so much of the worst severity: assumption."""

_DAY_S = 86_400
_KINDS_A_DAY = 256
_SHAPES = 4
_NEVER = 2**40


@dataclass(frozen=True, slots=True)
class Season:
    """The steps that are played.

    Attributes:
        start: Beginning of the first one.
        steps: How many.
        step_s: Their length [s].
    """

    start: datetime
    steps: int
    step_s: int

    def steps_until(self, at: datetime) -> float:
        """Steps between the start and `at`, with a fraction; negative before the start."""
        return (at - self.start).total_seconds() / self.step_s


@dataclass(frozen=True, slots=True)
class Intervals:
    """Faults of one kind; arrays are `(faults,)`.

    Attributes:
        home: Index of the home.
        first: Its first step in this season.
        end: The step after its last.
        begun: The step in which it began, negative before the season.
        severity: How bad.
    """

    home: Integers
    first: Integers
    end: Integers
    begun: Integers
    severity: Floats

    def only(self, where: Bools) -> Self:
        """Those of `where`."""
        return type(self)(
            self.home[where], self.first[where], self.end[where], self.begun[where], self.severity[where]
        )

    def at(self, step: int) -> Self:
        """Those that are there in `step`."""
        return self.only((self.first <= step) & (step < self.end))


def planned(
    plan: FaultPlan, noise: Noise, season: Season, index: Mapping[str, int], first_home: int
) -> Iterator[tuple[FaultKind, Intervals]]:
    """The faults on demand."""
    for number, fault in enumerate(plan.faults):
        if fault.homes is None:
            chance = noise.uniform(Stream.FAULT_SHARE, np.array([number]))[0]
            homes = np.flatnonzero(chance < fault.share)
        else:
            homes = np.array(_named(fault, index, first_home), dtype=np.int64)
        begun = int(np.floor(season.steps_until(fault.starts_at)))
        end = _NEVER if fault.ends_at is None else int(np.ceil(season.steps_until(fault.ends_at)))
        yield fault.kind, _same(homes, begun, end, fault.severity or 0.0)


def random_intervals(plan: FaultPlan, noise: Noise, season: Season) -> Iterator[tuple[FaultKind, Intervals]]:
    """The faults by chance: at most one of each entry in a home and day."""
    for number, fault in enumerate(plan.random):
        yield fault.kind, _drawn(fault, number, noise, season)


def by_kind(found: Iterable[tuple[FaultKind, Intervals]], season: Season) -> dict[FaultKind, Intervals]:
    """All kinds, with what of them falls into the season; a reboot takes one step."""
    parts: dict[FaultKind, list[Intervals]] = {kind: [_same(_no_homes(), 0, 0, 0.0)] for kind in _kinds()}
    for kind, part in found:
        parts[kind].append(part)
    whole = {kind: _joined(listed) for kind, listed in parts.items()}
    reboots = whole["reboot"]
    once = Intervals(reboots.home, reboots.begun, reboots.begun + 1, reboots.begun, reboots.severity)
    whole["reboot"] = once.only(reboots.begun >= 0)
    return {kind: part.only((part.end > 0) & (part.first < season.steps)) for kind, part in whole.items()}


def merged(part: Intervals) -> Intervals:
    """The same times, without overlaps in a home; severities are of no use afterwards."""
    order = np.lexsort((part.first, part.home))
    home, first, end = part.home[order], part.first[order], part.end[order].clip(max=_NEVER)
    if not len(home):
        return part
    span = 2 * _NEVER  # homes apart, so that one running maximum serves all of them
    reached = np.maximum.accumulate(end + home * span)
    opens = np.append(True, first[1:] + home[1:] * span > reached[:-1])
    last = np.append(np.flatnonzero(opens)[1:] - 1, len(home) - 1)
    joined_end = reached[last] - home[last] * span
    return Intervals(home[opens], first[opens], joined_end, first[opens], np.zeros(len(last)))


def _kinds() -> tuple[FaultKind, ...]:
    return get_args(FaultKind)


def _no_homes() -> Integers:
    return np.zeros(0, dtype=np.int64)


def _named(fault: Fault, index: Mapping[str, int], first_home: int) -> list[int]:
    """Indices of the homes that a fault names, as far as this fleet has them."""
    found = [
        index.get(home, -1) if isinstance(home, str) else home - first_home for home in fault.homes or ()
    ]
    return sorted({home for home in found if 0 <= home < len(index)})


def _same(homes: Integers, begun: int, end: int, severity: float) -> Intervals:
    begins = np.full(len(homes), begun)
    return Intervals(
        homes, begins.clip(min=0), np.full(len(homes), end), begins, np.full(len(homes), severity)
    )


def _drawn(fault: RandomFault, number: int, noise: Noise, season: Season) -> Intervals:
    start_s = int(season.start.timestamp())
    last_s = start_s + season.steps * season.step_s
    ticks = np.arange(start_s // _DAY_S, last_s // _DAY_S + 1) * _KINDS_A_DAY + number
    happens = noise.uniform(Stream.FAULT_DAY, ticks) < fault.per_season / SEASON_DAYS
    days, homes = np.nonzero(happens)
    shape = [noise.uniform(Stream.FAULT_SHAPE, ticks * _SHAPES + column)[happens] for column in range(3)]
    begins_s = (ticks[days] // _KINDS_A_DAY + shape[0]) * _DAY_S - start_s
    lasts_s = -fault.lasts_h * 3600.0 * np.log(shape[1])
    begun = np.floor(begins_s / season.step_s).astype(np.int64)
    end = np.ceil((begins_s + lasts_s) / season.step_s).astype(np.int64)
    severity = (fault.severity or 0.0) * (LEAST_SEVERITY_RATIO + (1.0 - LEAST_SEVERITY_RATIO) * shape[2])
    found = Intervals(homes.astype(np.int64), begun, end, begun, severity)
    return found.only(begun >= 0)


def _joined(parts: list[Intervals]) -> Intervals:
    def column(name: str) -> Integers:
        return np.concatenate([getattr(part, name) for part in parts])

    severity = np.concatenate([part.severity for part in parts])
    return Intervals(column("home"), column("first"), column("end"), column("begun"), severity)
