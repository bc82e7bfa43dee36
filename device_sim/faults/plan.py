"""Fault plan: what is to go wrong in which homes, when and how badly; on demand, at random, or both."""

import json
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from device_sim.errors import SimulatorError

FaultKind: TypeAlias = Literal[
    "clogged_filter",
    "low_refrigerant",
    "window_left_open",
    "stuck_sensor",
    "drifting_sensor",
    "wifi_outage",
    "clock_skew",
    "duplicates",
    "late_messages",
    "reboot",
]

SEVERITY: Final[dict[FaultKind, tuple[float, float, str]]] = {
    "clogged_filter": (0.0, 0.9, "share of the airflow lost"),
    "low_refrigerant": (0.0, 0.9, "share of the charge lost"),
    "drifting_sensor": (-20.0, 20.0, "K that it reads too high at the end"),
    "clock_skew": (-86_400.0, 86_400.0, "s that the clock is fast"),
    "duplicates": (0.0, 1.0, "share of the messages sent again"),
    "late_messages": (0.0, 86_400.0, "mean delay in s"),
}
"""Lowest and highest severity and what it means, of the kinds that have one."""

BUFFER_READINGS = 288
"""Readings that a device keeps without network: a day of 5-minute readings. Assumption; devices keep from
none (Tasmota) to weeks."""

Severity: TypeAlias = float | None


class FaultPlanError(SimulatorError):
    """The file is not a plan of faults; its message says where."""


def _check_severity(kind: FaultKind, severity: Severity) -> None:
    if kind not in SEVERITY:
        return
    low, high, meaning = SEVERITY[kind]
    if severity is None or not low <= severity <= high:
        raise ValueError(f"severity of {kind} is the {meaning}, {low:g} to {high:g}")


class Fault(BaseModel):
    """One fault in some homes.

    Attributes:
        kind: What goes wrong.
        starts_at: From when; the step that this falls into has the fault.
        ends_at: Until when; none means that nobody repairs it. A reboot needs none.
        severity: How bad, in the unit that `SEVERITY` says for the kind.
        homes: Numbers of homes or ids of devices; those that a fleet does not have are another fleet's.
        share: Without `homes`, the share of all homes that has it, drawn by the fleet's seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: FaultKind
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    severity: Severity = None
    homes: tuple[int | str, ...] | None = None
    share: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        _check_severity(self.kind, self.severity)
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at has to be after starts_at")
        if self.kind == "drifting_sensor" and self.ends_at is None:
            raise ValueError("drifting_sensor needs ends_at: its severity is reached then")
        if self.homes is not None and self.share < 1.0:
            raise ValueError("either homes or share")
        return self


class RandomFault(BaseModel):
    """Faults of one kind that come by chance.

    Attributes:
        kind: What goes wrong.
        per_season: Mean number in a home and season (of `schedule.SEASON_DAYS`).
        lasts_h: Mean duration, which is exponentially distributed [h].
        severity: The worst; each fault has 50 to 100 % of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: FaultKind
    per_season: Annotated[float, Field(gt=0.0, le=90.0)]
    lasts_h: Annotated[float, Field(gt=0.0)] = 24.0
    severity: Severity = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        _check_severity(self.kind, self.severity)
        return self


class FaultPlan(BaseModel):
    """Everything that is to go wrong; by default nothing.

    Attributes:
        faults: On demand.
        random: By chance.
        buffer_readings: How many readings a device keeps while it has no network, on flash; when it is full
            the new ones are lost.
        reboot_loses_energy: Whether the lifetime energy counter is volatile and starts at 0 after a reboot.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    faults: tuple[Fault, ...] = ()
    random: tuple[RandomFault, ...] = ()
    buffer_readings: Annotated[int, Field(ge=0)] = BUFFER_READINGS
    reboot_loses_energy: bool = False

    @property
    def device_ids(self) -> tuple[str, ...]:
        """The devices that faults name by their ids."""
        return tuple(home for fault in self.faults for home in fault.homes or () if isinstance(home, str))


def read_plan(path: Path) -> FaultPlan:
    """The plan of a JSON file: a list of faults, or an object with the fields of `FaultPlan`.

    Raises:
        FaultPlanError: The file is no plan, or cannot be read.
    """
    try:
        document = json.loads(path.read_text())
        return FaultPlan.model_validate({"faults": document} if isinstance(document, list) else document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FaultPlanError(f"{path}: {where}: {first['msg']}") from None
    except OSError as error:
        raise FaultPlanError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise FaultPlanError(f"{path}: no JSON: {error}") from None
