"""What `ac-advisor sim` makes, and how it is divided: chunks of homes, each written day by day."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from device_sim.fleet import Fleet, FleetSpec
from device_sim.outdoors.files import read_weather
from device_sim.outdoors.weather import Weather
from infra.local.errors import LocalError

CHUNK_ROWS = 600_000
"""Readings of a chunk in a day [rows]: about 400 MB while they become a table, 2,083 homes at 5 min."""

MARKER = "simulation.json"
"""Says what a directory holds, and that the next simulation may empty it."""

PolicyName: TypeAlias = Literal["habit", "randomised"]


class SimulationError(LocalError):
    """A simulation cannot be made as asked."""


@dataclass(frozen=True, slots=True)
class SimPlan:
    """One simulation.

    Attributes:
        out: A data directory of its own; the telemetry goes to `lake/telemetry` below it.
        fleet: The whole fleet.
        days: Length of the season [d].
        policy: Who sets the setpoints.
        processes: How many share the work; they make the same readings as one would.
        weather_file: EPW, TMY2, TMY3 or city file instead of the generator.
        timezone: IANA name of the file's place.
    """

    out: Path
    fleet: FleetSpec
    days: int
    policy: PolicyName = "habit"
    processes: int = 1
    weather_file: Path | None = None
    timezone: str = "America/Phoenix"

    @property
    def steps(self) -> int:
        """Steps of the season."""
        return self.days * 86_400 // self.fleet.step_s

    @property
    def lake(self) -> Path:
        """Where the telemetry goes."""
        return self.out / "lake" / "telemetry"

    def require_inputs(self) -> None:
        """Refuse before anything is written.

        Raises:
            SimulatorError: There is no such fleet, or a file that it needs cannot be read.
            SimulationError: There is no such time zone.
        """
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise SimulationError(f"no time zone {self.timezone!r}") from error
        Fleet(replace(self.fleet, homes=1), self.days, self.weather())

    def weather(self) -> Weather | None:
        """The file's weather; None for the generator's.

        Raises:
            WeatherFileError: The file cannot be read.
        """
        path = self.weather_file
        if path is None:
            return None
        return read_weather(path, self.timezone, self.fleet.start, self.days, self.fleet.step_s)

    def chunks(self) -> list[FleetSpec]:
        """Parts of the fleet that fit in memory, at least one a process."""
        homes = self.fleet.homes
        most = max(1, CHUNK_ROWS * self.fleet.step_s // 86_400)
        count = max(-(-homes // most), min(self.processes, homes))
        bounds = [homes * number // count for number in range(count + 1)]
        return [
            replace(self.fleet, homes=end - first, first_home=self.fleet.first_home + first)
            for first, end in pairwise(bounds)
        ]

    def runs(self) -> Iterator[range]:
        """The steps of each UTC day, by the end of the step, as the lake is partitioned."""
        step, first = timedelta(seconds=self.fleet.step_s), 0
        start = self.fleet.start.astimezone(UTC)
        while first < self.steps:
            sampled_at = start + (first + 1) * step
            midnight = datetime(sampled_at.year, sampled_at.month, sampled_at.day, tzinfo=UTC)
            left = midnight + timedelta(days=1) - sampled_at
            end = min(first + -(-left // step), self.steps)
            yield range(first, end)
            first = end

    def to_json(self) -> str:
        """What was asked for."""
        return json.dumps(asdict(self), indent=1, default=str) + "\n"
