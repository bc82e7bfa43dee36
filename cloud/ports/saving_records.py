"""Records of savings: what a report says of homes, and what the API shows of it."""

from datetime import date, datetime
from typing import Final

from pydantic import Field

from cloud.ports.records import DesignRecord, Record

SAVINGS_SK = "savings"
"""Of the advisor's partition: of all homes; of a home's: its own."""


MEASURED_H: Final = 20.0
"""A day counts if so many hours of its electricity are known [h]; it is scaled to 24."""

LOOK_DAYS: Final = 28
"""Figures are renewed once in so many days, and not between [days]: four of each weekday, two blocks."""


class Saving(Record):
    """Saved by always being advised against never, with the interval that holds it 95 % of the time."""

    saved: float
    low: float
    high: float


class ArmRecord(Record):
    """What days of one arm were like, a day."""

    days: int
    overrides: float
    warm_words: float
    warm_minutes: float


class SavingsRecord(Record):
    """What is known of a home's saving at the newest look. Key `home#{home_id}` / `savings`.

    Figures are a day of the home with all its devices; None where they would say nothing yet.
    """

    home_id: str
    first: date = Field(description="The first local day that was looked at.")
    last: date = Field(description="And the last.")
    look: int = Field(description="How many looks there were, with this one.")
    days: int = Field(description="Days that count.")
    habit_days: int = Field(description="Those of them at the habit.")
    devices: int
    kwh: Saving | None = None
    money: Saving | None = None
    currency: str
    co2_kg: Saving | None = None
    followed_ratio: float | None = Field(None, description="Of advised days, on which advice was in force.")
    per_followed_day_kwh: Saving | None = Field(None, description="Of a day on which advice was in force.")
    claimed: bool = Field(default=False, description="Whether it saves, sure over all looks.")
    sacrificed_kwh: float | None = Field(None, description="What the habit days have cost in all.")
    advised: ArmRecord | None = None
    habit: ArmRecord | None = None


class GroupRecord(Record):
    """What is known of a cohort or the fleet, a home and day."""

    cohort: str
    homes: int
    days: int
    habit_days: int
    habit_kwh: float = Field(description="What these homes would use at their habit [kWh].")
    kwh: Saving
    pct: Saving
    co2_kg: Saving | None = None
    followed_ratio: float | None = None
    claimed: bool
    sacrificed_kwh: float
    advised: ArmRecord
    habit: ArmRecord


class FleetSavingsRecord(Record):
    """The newest report of all homes that take part. Key `ADVISOR_PK` / `SAVINGS_SK`; the fleet is first."""

    made_at: datetime
    first: date
    last: date
    look: int
    code: str = Field(description="Version of the program that made it.")
    designs: tuple[DesignRecord, ...] = Field(description="How its days were drawn.")
    digest: str = Field(description="SHA-256 of the days, arms, weather and places that it is made of.")
    groups: tuple[GroupRecord, ...]
