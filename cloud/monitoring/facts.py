"""Facts: what a round of monitoring goes by, of each device, before it is counted by cohort."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from cloud.drift.cohorts import FLEET, Cohorts
from cloud.ports.records import AdviceRecord, Autonomy, DayRecord
from edge.contract import DeviceId

WEEK_DAYS: Final = 7
"""Days that rates are counted over: weekends are other days [days]."""

RECENT_DAYS: Final = 2
USUAL_DAYS: Final = 14
"""Overrides of so many newest days are held against those of so many before [days]."""

MOST_COHORTS: Final = 40
"""So many cohorts are told of, the largest ones: a report stays small however large the world is."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """One device.

    Attributes:
        autonomy: How far advice may act there.
        newest_at: Of its newest reading; None: it has said nothing yet.
        advice: That was made last.
        days: That are over, of the last two weeks and a little more.
    """

    autonomy: Autonomy
    newest_at: datetime | None
    advice: AdviceRecord | None
    days: tuple[DayRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetFacts:
    """All that is known when a round begins.

    Attributes:
        at: Wall clock.
        fleet_at: What time it is for the fleet.
        devices: By id.
        cohorts: Who belongs together; the fleet is one of them.
        model_ages: Of each version that advises, from the end of its data to now.
        champion: The version that serves.
        trial: The version on trial, with its stage.
        advised_up_to: The newest reading that the advisor has taken in.
        trained_at: The newest look at the triggers whose job has not failed.
        drift: Signals of the newest look, by cohort.
    """

    at: datetime
    fleet_at: datetime
    devices: Mapping[DeviceId, DeviceFacts]
    cohorts: Cohorts
    model_ages: Mapping[str, timedelta]
    champion: str | None = None
    trial: str | None = None
    advised_up_to: datetime | None = None
    trained_at: datetime | None = None
    drift: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])


def first_day(fleet_at: datetime) -> date:
    """From which day on days of devices are needed."""
    return fleet_at.date() - timedelta(days=RECENT_DAYS + USUAL_DAYS)


def largest(cohorts: Cohorts) -> Cohorts:
    """The fleet and the largest others."""
    others = sorted((name for name in cohorts if name != FLEET), key=lambda name: (-len(cohorts[name]), name))
    return {name: cohorts[name] for name in [FLEET, *sorted(others[: MOST_COHORTS - 1])]}
