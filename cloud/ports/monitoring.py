"""Monitoring: how the fleet and its models do, as whoever looks after them reads it.

One report, of the newest round. It names cohorts and versions of models, never a home, a device or a person.
Field names carry their units; None means that nothing is known, or too little.
"""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from cloud.ports.records import Record

MONITORING_PK: Final = "monitoring#0"
REPORT_SK: Final = "report"
"""Key of the newest report."""

AlarmName: TypeAlias = Literal[
    "readings_stale",
    "advice_lapsed",
    "advisor_behind",
    "prediction_off",
    "overrides_many",
    "advice_refused",
    "feature_drift",
    "readings_faulty",
    "model_old",
    "training_idle",
]
"""What may be wrong; each has a section in `infra/RUNBOOK.md`."""

Count: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class Figures(Record):
    """A cohort now, and in its last days."""

    devices: Count = Field(description="Devices that have a home.")
    reading_age_s: float | None = Field(None, description="Age of the newest reading, median of the devices.")
    stale_ratio: Share | None = Field(None, description="Devices that said nothing for an hour, or ever.")
    heard_devices: Count = Field(0, description="The others.")
    covered_ratio: Share | None = Field(None, description="Heard devices for which advice stands.")
    lapsed_ratio: Share | None = Field(
        None, description="Heard devices that had advice, and whose advice has ended."
    )
    seated_devices: Count = Field(0, description="Heard devices that had advice, ever.")
    energy_days: Count = Field(0, description="Days of devices in the last week with prediction and energy.")
    energy_ratio: float | None = Field(
        None, description="Their measured over their predicted electricity, each day with half a kWh more."
    )
    energy_error_ratio: float | None = Field(
        None, description="Sum of their absolute errors over their measured electricity."
    )
    advised_days: Count = Field(0, description="Days of devices in the last week that were advised.")
    overrides_per_day: float | None = Field(
        None,
        description="Setpoints made cooler by people, and words that it is too warm, a device and day.",
    )
    override_excess_ratio: float | None = Field(
        None, description="In the last two days, beside the two weeks before: so many times as many at least."
    )
    answers: Count = Field(0, description="Advice of the last week that people accepted, dismissed or undid.")
    accepted_ratio: Share | None = Field(None, description="Answers that accepted it.")
    refused_ratio: Share | None = Field(None, description="Answers that did not.")
    feature_drift_index: float | None = Field(
        None, description="Highest population stability index of what devices report, of the newest look."
    )
    faulty_ratio: Share | None = Field(
        None, description="Homes that report what cannot be true: lower 95 % bound, of the newest look."
    )
    model_age_days: float | None = Field(
        None, description="Since the newest data of the oldest version that advises here."
    )


class CohortReport(Record):
    """One cohort."""

    name: str = Field(description="`fleet`, a region, or a kind of machine; see `cloud.drift.cohorts`.")
    figures: Figures
    versions: dict[str, Count] = Field(description="Devices by the version that advises them.")
    drift: dict[str, float] = Field(
        description="All signals of the newest look, as `trigger` or `trigger/subject`."
    )


class ServiceFigures(Record):
    """What is not of a cohort."""

    champion: str | None = Field(None, description="The version that serves.")
    trial: str | None = Field(None, description="The version on trial, with its stage.")
    advisor_behind_s: float | None = Field(
        None, description="From the newest reading that the advisor has taken in to the newest one."
    )
    training_idle_h: float | None = Field(
        None, description="Since the newest look at the triggers whose job has not failed [h]."
    )


class Alarm(Record):
    """A figure beyond its limit."""

    alarm: AlarmName = Field(description="Which, and the section of the runbook.")
    cohort: str = Field(description="Where; `fleet` for what is not of a cohort.")
    state: Literal["pending", "raised"] = Field(
        description="`pending` until it has lasted as long as its rule asks for."
    )
    since: datetime = Field(description="When it was first seen, by the wall clock.")
    value: float = Field(description="What is compared: of a share its lower 95 % bound.")
    limit: float = Field(description="Reached from here on.")
    ends_below: float
    words: str = Field(description="What it says, for people.")
    remedy: str = Field(description="What to do first.")


class MonitoringReport(Record):
    """One round. Key `MONITORING_PK` / `REPORT_SK`; whoever monitors replaces it."""

    schema_version: Literal[1] = 1
    at: datetime = Field(description="When it was made, by the wall clock.")
    fleet_at: datetime = Field(
        description="What time it was for the fleet: `at`, or that of the newest reading."
    )
    service: ServiceFigures
    cohorts: tuple[CohortReport, ...] = Field(description="The fleet first.")
    alarms: tuple[Alarm, ...] = Field(description="Raised ones first, then pending ones.")

    @property
    def raised(self) -> tuple[Alarm, ...]:
        """Alarms that somebody should see to."""
        return tuple(alarm for alarm in self.alarms if alarm.state == "raised")
