"""Day count: what a local day of a device was like, for whoever compares days, versions or homes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cloud.advice import Advice
from cloud.assignment import Arm
from cloud.feature_catalogue import OVERRIDE_STEP_K
from cloud.ports.records import DAY_PREFIX, DayRecord, Said, device_pk
from cloud.ports.state import Delete, Put, Write
from edge.contract import DeviceId, Telemetry

WARM_ABOVE_HABIT_K = 2.0
"""A room that is so much above the habit while it is being cooled is warm [K]; an assumption: what homes that
bear warmth well are kept at. Versions are compared by it, no home is judged by it alone."""

KEPT = timedelta(days=400)
"""How long a day is kept, counted in days that came: a year, and a month to compare."""

WARM_WORDS = ("too_hot", "a_bit_warm", "undone")
"""What people say who are too warm, or want advice taken back."""

DAY_H = 24

REFUSALS = ("dismissed", "undone")
"""What people say who do not want a piece of advice."""


def local_day(at: datetime, timezone: str) -> date:
    """The local day around an instant."""
    return at.astimezone(ZoneInfo(timezone)).date()


def local_hour(at: datetime, timezone: str) -> int:
    """The hour of the local day around an instant, 0 to 23."""
    return at.astimezone(ZoneInfo(timezone)).hour


@dataclass(slots=True)
class DayCount:
    """A local day of a device so far; see `DayRecord`."""

    day: date
    arm: Arm = "advised"
    version: str = ""
    measured_h: float = 0.0
    electric_energy_kwh: float = 0.0
    overrides: int = 0
    warm_words: int = 0
    warm_minutes: float = 0.0
    advised_h: float = 0.0
    outdoor_h: float = 0.0
    outdoor_c_h: float = 0.0
    hourly_kwh: list[float] = field(default_factory=lambda: [0.0] * DAY_H)
    accepted: int = 0
    refused: int = 0
    decisions: int = 0
    said: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    def see(
        self, reading: Telemetry, hour: int, before_c: float | None, habit_c: float, *, by_person: bool
    ) -> None:
        """Count a reading of a local hour that follows on a setpoint, and whether a person changed it."""
        long_h = reading.interval_s / 3600
        if reading.electric_power_w is not None:
            self.measured_h += long_h
            self.electric_energy_kwh += reading.electric_power_w * long_h / 1000
            self.hourly_kwh[hour] += reading.electric_power_w * long_h / 1000
        if reading.outdoor_dry_bulb_c is not None:
            self.outdoor_h += long_h
            self.outdoor_c_h += reading.outdoor_dry_bulb_c * long_h
        self.advised_h += long_h * (reading.advice_id is not None)
        if reading.mode == "cool" and reading.indoor_dry_bulb_c is not None:
            is_warm = reading.indoor_dry_bulb_c > habit_c + WARM_ABOVE_HABIT_K
            self.warm_minutes += is_warm * reading.interval_s / 60
        self.overrides += by_person and _is_cooler(before_c, reading.setpoint_c)

    def hear(self, kind: str) -> None:
        """Count what a person said."""
        self.warm_words += kind in WARM_WORDS
        self.accepted += kind == "accepted"
        self.refused += kind in REFUSALS

    def decide(self, arm: Arm, version: str, said: Mapping[str, Advice]) -> None:
        """Count a decision; of the day's first one, what each version said of the coming 24 h is kept."""
        self.decisions += 1
        self.arm, self.version = arm, version
        for name, advice in said.items():
            self.said.setdefault(name, _said(advice))

    def record(self, device_id: DeviceId) -> DayRecord:
        """The day as it is stored."""
        return DayRecord(
            device_id=device_id,
            day=self.day,
            arm=self.arm,
            version=self.version,
            measured_h=round(self.measured_h, 3),
            electric_energy_kwh=round(self.electric_energy_kwh, 4),
            overrides=self.overrides,
            warm_words=self.warm_words,
            warm_minutes=round(self.warm_minutes, 1),
            advised_h=round(self.advised_h, 3),
            outdoor_c=round(self.outdoor_c_h / self.outdoor_h, 3) if self.outdoor_h else None,
            hourly_kwh=tuple(round(each, 4) for each in self.hourly_kwh),
            accepted=self.accepted,
            refused=self.refused,
            decisions=self.decisions,
            said={name: Said(**each) for name, each in self.said.items()},
        )


def day_writes(record: DayRecord) -> list[Write]:
    """What stores a day, and lets the one go that is `KEPT` older."""
    pk, old = device_pk(record.device_id), record.day - KEPT
    put = Put(pk, f"{DAY_PREFIX}{record.day.isoformat()}", record.model_dump(mode="json"))
    return [put, Delete(pk, f"{DAY_PREFIX}{old.isoformat()}")]


def _is_cooler(before_c: float | None, now_c: float | None) -> bool:
    return before_c is not None and now_c is not None and before_c - now_c >= OVERRIDE_STEP_K


def _said(advice: Advice) -> dict[str, float]:
    return {
        "advised_kwh": round(advice.counterfactual.advised_kwh, 4),
        "expected_saving_kwh": round(advice.expected_saving_kwh, 4),
    }
