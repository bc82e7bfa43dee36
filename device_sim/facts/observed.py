"""Observed: some days of a fleet, as arrays over steps and homes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from device_sim.connected_fleet import ConnectedFleet, FleetTruth
from device_sim.noise import Floats
from device_sim.wire.readings import StepReadings
from edge.contract import Desired

Command = Callable[[ConnectedFleet, StepReadings | None], None]
"""Commands a fleet before its next step; is given the last readings (none before the first)."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Some days of a fleet.

    Attributes:
        step_s: Length of a step [s].
        ends_at: End of each step, by the clock on the wall, `(steps,)`.
        outdoor_c: What the outdoor sensors say on average [°C], `(steps,)`.
        indoor_c: What the machines' sensors say [°C], `(steps, homes)`.
        rh_pct: Relative humidity indoors [%], `(steps, homes)`.
        power_w: Electricity [W], `(steps, homes)`.
        ratio: Share of the step, or of full speed, `(steps, homes)`.
        setpoint_c: In force at the end of the step [°C]; NaN where the machine is off, `(steps, homes)`.
        occupied: Whether somebody was at home, `(steps, homes)`.
        truth: What no sensor sees, of these days.
    """

    step_s: int
    ends_at: tuple[datetime, ...]
    outdoor_c: Floats
    indoor_c: Floats
    rh_pct: Floats
    power_w: Floats
    ratio: Floats
    setpoint_c: Floats
    occupied: NDArray[np.bool_]
    truth: FleetTruth

    @property
    def days(self) -> float:
        """How long [d]."""
        return len(self.ends_at) * self.step_s / 86_400

    @property
    def untouched(self) -> NDArray[np.bool_]:
        """Homes in which nobody took the remote, `(homes,)`."""
        return np.asarray(self.truth.overrides == 0.0)

    def last_day(self) -> "Observed":
        """Its last 24 hours; the truth stays that of all days."""
        first = max(0, len(self.ends_at) - 86_400 // self.step_s)
        names = ("indoor_c", "rh_pct", "power_w", "ratio", "setpoint_c", "occupied", "outdoor_c", "ends_at")
        return replace(self, **{name: getattr(self, name)[first:] for name in names})


def observe(fleet: ConnectedFleet, hours: float, command: Command | None = None) -> Observed:
    """Let a fleet live for some time, which counts its truth anew.

    Args:
        fleet: It is stepped.
        hours: How long [h].
        command: Acts on it before each step.

    Raises:
        SeasonEndedError: The fleet has less time left.
    """
    fleet.reset_truth()
    zone, readings, ends_at = ZoneInfo(fleet.sites[0].timezone), list[StepReadings](), list[datetime]()
    occupied = list[NDArray[np.bool_]]()
    for _ in range(round(hours * 3600 / fleet.spec.step_s)):
        if command is not None:
            command(fleet, readings[-1] if readings else None)
        readings.append(fleet.step())
        occupied.append(fleet.occupied)
        ends_at.append(fleet.now.astimezone(zone))
    return Observed(
        step_s=fleet.spec.step_s,
        ends_at=tuple(ends_at),
        outdoor_c=np.array([np.nanmean(reading.outdoor_dry_bulb_c) for reading in readings]),
        indoor_c=np.stack([reading.indoor_dry_bulb_c for reading in readings]),
        rh_pct=np.stack([reading.indoor_rh_pct for reading in readings]),
        power_w=np.stack([reading.electric_power_w for reading in readings]),
        ratio=np.stack([reading.compressor_ratio for reading in readings]),
        setpoint_c=np.stack([reading.setpoint_c for reading in readings]),
        occupied=np.stack(occupied),
        truth=fleet.truth(),
    )


def wait_for(fleet: ConnectedFleet, hour: int) -> None:
    """Let time pass until the clock on the wall shows `hour`."""
    zone = ZoneInfo(fleet.sites[0].timezone)
    local = fleet.now.astimezone(zone)
    wanted = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    wanted += timedelta(days=wanted < local)
    while fleet.now.astimezone(zone) < wanted:
        fleet.step()


def warmer_than(habit: Observed, offset_k: float) -> Command:
    """Holds a fork of the fleet that was observed so much warmer than that was, step for step [K].

    Where its people set something else, that is undone with the next step.
    """
    steps = iter(range(len(habit.ends_at)))

    def command(fleet: ConnectedFleet, last: StepReadings | None) -> None:
        wanted_c = habit.setpoint_c[next(steps)] + offset_k
        in_force_c = np.full_like(wanted_c, np.nan) if last is None else last.setpoint_c
        for home in np.flatnonzero((wanted_c != in_force_c) & np.isfinite(wanted_c)):
            held = _hold(fleet, float(wanted_c[home]), habit.days * 24.0)
            fleet.command(fleet.sites[home].device_id, held.model_copy(update={"requested_by": "app"}))

    return command


def set_back(fleet: ConnectedFleet, offset_k: float, hours: float) -> None:
    """Have every home so much warmer than its habit by day, for so long [K], [h]."""
    for site in fleet.sites:
        fleet.command(site.device_id, _hold(fleet, site.habit_setpoint_c + offset_k, hours))


def switch_off(fleet: ConnectedFleet, _last: StepReadings | None) -> None:
    """Switch every machine off, as its people would, each step anew."""
    until = fleet.now + timedelta(days=1)
    for site in fleet.sites:
        fleet.command(site.device_id, Desired(mode="off", requested_by="app", expires_at=until))


def _hold(fleet: ConnectedFleet, setpoint_c: float, hours: float) -> Desired:
    until = fleet.now + timedelta(hours=hours)
    return Desired(mode="cool", setpoint_c=setpoint_c, requested_by="advisor", expires_at=until)
