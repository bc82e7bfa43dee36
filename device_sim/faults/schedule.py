"""Fault schedule: a plan worked out for the homes of one fleet, asked step by step.

Nothing in it depends on what anybody does, so forks of a fleet share it. The arrays of a condition are made
anew only when a fault begins or ends (those of drifting sensors every hour).
"""

from collections.abc import Mapping

import numpy as np

from device_sim.faults.condition import Bools, Condition, Integers, WireCondition
from device_sim.faults.intervals import Intervals, Season, by_kind, merged, planned, random_intervals
from device_sim.faults.plan import FaultKind, FaultPlan
from device_sim.machine.faults import MachineCondition
from device_sim.noise import Floats, Noise, Stream

SOONEST_AGAIN_S, LATEST_AGAIN_S = 60.0, 900.0
"""A message that is not repeated at once comes again after so long [s]: assumption."""

AT_ONCE_SHARE = 0.5
"""Share of repeated messages that are repeated at once: assumption."""

DRIFT_EVERY_S = 3600
"""A drifting sensor's error grows in steps of so long [s]: small beside the sensor's noise."""

_ON_THE_WIRE: tuple[FaultKind, ...] = ("wifi_outage", "clock_skew", "duplicates", "late_messages")


class FaultSchedule:
    """What is wrong in which step.

    Args:
        plan: What is to go wrong.
        noise: Of the fleet.
        season: The steps to come.
        index: Indices of the homes by device id.
        first_home: Number of the first home.
    """

    def __init__(
        self, plan: FaultPlan, noise: Noise, season: Season, index: Mapping[str, int], first_home: int = 0
    ) -> None:
        self._homes, self._season, self._noise = len(index), season, noise
        self._buffer_readings = plan.buffer_readings
        found = [*planned(plan, noise, season, index, first_home), *random_intervals(plan, noise, season)]
        self._intervals = by_kind(found, season)
        self._outages = merged(self._intervals["wifi_outage"])
        self._clock_faulty = self._where("clock_skew")
        self._changes = self._find_changes()
        self._from, self._until = 0, 0
        self._condition = self._sound()
        self._reaches_wire = any(len(self._intervals[kind].home) for kind in _ON_THE_WIRE)
        self.reboot_loses_energy = plan.reboot_loses_energy

    def at(self, step: int) -> Condition:
        """What is wrong in `step`."""
        if not self._from <= step < self._until:
            after = int(np.searchsorted(self._changes, step, side="right"))
            self._from = int(self._changes[after - 1])
            self._until = int(self._changes[after])
            self._condition = self._work_out(self._from)
        return self._condition

    def wire(self, step: int) -> WireCondition | None:
        """What happens to the readings of `step` on their way; None when nothing does, all season long."""
        if not self._reaches_wire:
            return None
        now = self.at(step)
        held = step - now.offline_since
        return WireCondition(
            offline=now.offline,
            lost=now.offline & (held >= self._buffer_readings),
            skew_s=now.skew_s,
            clock_faulty=self._clock_faulty,
            again_after_s=self._again_after_s(now.duplicate_ratio, step),
            delay_s=self._delay_s(now.mean_delay_s, step),
        )

    def _uniform(self, stream: Stream, step: int) -> Floats:
        tick = int(self._season.start.timestamp()) // self._season.step_s + step
        return np.asarray(self._noise.uniform(stream, np.array([tick]))[0])

    def _again_after_s(self, ratio: Floats, step: int) -> Floats:
        if not ratio.any():
            return np.full(self._homes, np.nan)
        chance = self._uniform(Stream.AGAIN, step)
        later_s = SOONEST_AGAIN_S + (LATEST_AGAIN_S - SOONEST_AGAIN_S) * self._uniform(Stream.AGAIN_S, step)
        after_s = np.where(chance < AT_ONCE_SHARE * ratio, 0.0, later_s)
        return np.where(chance < ratio, after_s, np.nan)

    def _delay_s(self, mean_s: Floats, step: int) -> Floats:
        """Exponentially distributed, so that messages overtake each other."""
        return -mean_s * np.log(self._uniform(Stream.DELAY, step)) if mean_s.any() else mean_s

    def _where(self, kind: FaultKind) -> Bools:
        where = np.zeros(self._homes, dtype=np.bool_)
        where[self._intervals[kind].home] = True
        return where

    def _find_changes(self) -> Integers:
        """Steps in which anything begins or ends, with those before and after all."""
        every = max(1, DRIFT_EVERY_S // self._season.step_s)
        drifts = self._intervals["drifting_sensor"]
        grown = [
            np.arange(a, min(b, self._season.steps), every)
            for a, b in zip(drifts.first, drifts.end, strict=True)
        ]
        ends = [column for part in self._intervals.values() for column in (part.first, part.end)]
        edges = [np.array([0, self._season.steps + 1]), *ends, *grown]
        changes = np.unique(np.concatenate(edges).clip(0, self._season.steps + 1))
        return np.asarray(changes, dtype=np.int64)

    def _sound(self) -> Condition:
        no, zero = np.zeros(self._homes, dtype=np.bool_), np.zeros(self._homes)
        nobody = np.zeros(0, dtype=np.int64)
        since = np.zeros(self._homes, dtype=np.int64)
        return Condition(MachineCondition.sound(self._homes), no, no, since, zero, zero, zero, nobody)

    def _work_out(self, step: int) -> Condition:
        """Where faults of one kind overlap, the worst counts; clocks add up."""
        now = {kind: part.at(step) for kind, part in self._intervals.items()}
        if not any(len(part.home) for part in now.values()):
            return self._sound()
        outage = self._outages.at(step)
        since = np.zeros(self._homes, dtype=np.int64)
        since[outage.home] = outage.first
        skew_s = np.zeros(self._homes)
        np.add.at(skew_s, now["clock_skew"].home, np.round(now["clock_skew"].severity, 3))
        return Condition(
            machine=self._machine(now, step),
            window_open=self._mark(now["window_left_open"]),
            offline=self._mark(outage),
            offline_since=since,
            skew_s=skew_s,
            duplicate_ratio=self._worst(now["duplicates"]),
            mean_delay_s=self._worst(now["late_messages"]),
            rebooting=np.unique(now["reboot"].home),
        )

    def _machine(self, now: Mapping[FaultKind, Intervals], step: int) -> MachineCondition:
        drift, drift_k = now["drifting_sensor"], np.zeros(self._homes)
        grown_k = drift.severity * ((step - drift.begun) / np.maximum(drift.end - drift.begun, 1))
        np.add.at(drift_k, drift.home, grown_k)
        return MachineCondition(
            airflow_ratio=1.0 - self._worst(now["clogged_filter"]),
            charge_ratio=1.0 - self._worst(now["low_refrigerant"]),
            sensor_drift_k=drift_k,
            sensor_stuck=self._mark(now["stuck_sensor"]),
        )

    def _worst(self, part: Intervals) -> Floats:
        worst = np.zeros(self._homes)
        np.maximum.at(worst, part.home, part.severity)
        return worst

    def _mark(self, part: Intervals) -> Bools:
        where = np.zeros(self._homes, dtype=np.bool_)
        where[part.home] = True
        return where
