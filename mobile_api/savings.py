"""Savings: what advice has saved, measured on days at the habit, or honestly not told yet.

A saving is what advised days and measuring days, drawn by lot, tell of always being advised against never.
Before there are enough of both, a number would be weather and chance. Figures are renewed once in four weeks,
not daily, so that nobody waits for a lucky day: infra/adr/0018.
"""

from datetime import date, timedelta
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import Field

from cloud.ports.records import DAY_PREFIX, DayRecord, device_pk, home_pk
from cloud.ports.saving_records import (
    LOOK_DAYS,
    MEASURED_H,
    SAVINGS_SK,
    ArmRecord,
    Saving,
    SavingsRecord,
)
from cloud.ports.state import every
from edge.contract import DeviceId
from mobile_api.access import OwnedDevice
from mobile_api.operations import Operations, Query, Shown
from mobile_api.services import services

Interval: TypeAlias = Annotated[list[float], Field(min_length=2, max_length=2, examples=[[0.3, 2.1]])]
Period: TypeAlias = Literal["28d", "90d", "365d"]
_DAYS: dict[Period, int] = {"28d": 28, "90d": 90, "365d": 365}

operations = Operations("savings")


class SavingsQuery(Query):
    """Of which days."""

    period: Period = Field("90d", description="So many local days up to now.")


Status: TypeAlias = Literal["no_consent", "not_enough_days", "not_computed", "estimated"]


class ArmView(Shown):
    """What a day of the home was like."""

    days: int
    overrides: float = Field(description="Times that somebody made it cooler at the device.")
    warm_words: float = Field(
        description="Times that somebody said that it is too warm, or took advice back."
    )
    warm_minutes: float = Field(description="Minutes of cooling well above the habit.")

    @classmethod
    def of(cls, record: ArmRecord | None) -> "ArmView | None":
        """As it is stored."""
        return None if record is None else cls.model_validate(record.model_dump())


class SavingsFigures(Shown):
    """What the newest look saw of the whole home, with all its devices, a day; 95 % intervals [low, high]."""

    home_id: str
    first: date
    last: date
    look: int = Field(description="Looks so far: there is one in 28 days, and nothing changes between.")
    devices: int
    saving_kwh_per_day: float
    saving_interval_kwh_per_day: Interval
    saving_money_per_day: float | None
    saving_interval_money_per_day: Interval | None
    currency: str
    saving_co2_kg_per_day: float | None
    saving_interval_co2_kg_per_day: Interval | None
    followed_ratio: float | None = Field(description="Share of advised days on which advice was in force.")
    saving_kwh_per_followed_day: float | None
    saving_interval_kwh_per_followed_day: Interval | None
    claimed: bool = Field(
        description="It saves, so surely that of all looks together one in 20 would be wrong."
    )
    sacrificed_kwh: float | None = Field(description="What the measuring days have cost.")
    advised_day: ArmView | None
    measuring_day: ArmView | None


class SavingsView(Shown):
    """What is known of the saving; the figures are null as long as they would say nothing."""

    device_id: DeviceId
    period: Period
    status: Status
    detail: str
    days: int = Field(description="Advised and measuring days of the period with enough measured hours.")
    advised_days: int
    measuring_days: int
    days_needed: int
    saving_kwh: float | None = Field(None, description="Of the home, on the advised days of the period.")
    saving_interval_kwh: Interval | None = None
    figures: SavingsFigures | None = None


@operations.get("/v1/devices/<device_id>/savings", right="review")
def show_savings(device: OwnedDevice, query: SavingsQuery) -> SavingsView:
    """What advice has saved, or how many of the days that it takes are there."""
    return savings(device, query.period)


def savings(device: OwnedDevice, period: Period) -> SavingsView:
    """What is known of the saving in a period."""
    days = [each for each in days_of(device, period) if each.measured_h >= MEASURED_H]
    habit = sum(each.arm == "habit" for each in days)
    figures = _figures(device)
    status, detail = _standing(len(days), habit, consents=device.home.record.measure_savings)
    if figures is not None:
        status, detail = "estimated", f"look {figures.look}, of the days up to {figures.last}"
    advised = len(days) - habit
    return SavingsView(
        device_id=device.record.device_id,
        period=period,
        status=status,
        detail=detail,
        days=len(days),
        advised_days=advised,
        measuring_days=habit,
        days_needed=LOOK_DAYS,
        saving_kwh=None if figures is None else round(advised * figures.saving_kwh_per_day, 2),
        saving_interval_kwh=None
        if figures is None
        else [round(advised * each, 2) for each in figures.saving_interval_kwh_per_day],
        figures=figures,
    )


def days_of(device: OwnedDevice, period: Period) -> list[DayRecord]:
    """The days of a device that are over, the oldest first, however much of them was measured."""
    use, device_id = services(), device.record.device_id
    today = use.device_now(device_id).astimezone(ZoneInfo(device.home.record.timezone)).date()
    first = f"{DAY_PREFIX}{(today - timedelta(days=_DAYS[period])).isoformat()}"
    found = every(use.state, device_pk(device_id), DAY_PREFIX)
    return [DayRecord.model_validate(item.body) for item in found if item.sk >= first]


def _figures(device: OwnedDevice) -> SavingsFigures | None:
    """What the newest report says of the home; None as long as that is nothing, and without consent."""
    home = device.home.record
    item = services().state.get(home_pk(home.home_id), SAVINGS_SK) if home.measure_savings else None
    record = None if item is None else SavingsRecord.model_validate(item.body)
    if record is None or record.kwh is None:
        return None
    return SavingsFigures(
        home_id=record.home_id,
        first=record.first,
        last=record.last,
        look=record.look,
        devices=record.devices,
        saving_kwh_per_day=record.kwh.saved,
        saving_interval_kwh_per_day=[record.kwh.low, record.kwh.high],
        saving_money_per_day=_saved(record.money),
        saving_interval_money_per_day=_interval(record.money),
        currency=record.currency,
        saving_co2_kg_per_day=_saved(record.co2_kg),
        saving_interval_co2_kg_per_day=_interval(record.co2_kg),
        followed_ratio=record.followed_ratio,
        saving_kwh_per_followed_day=_saved(record.per_followed_day_kwh),
        saving_interval_kwh_per_followed_day=_interval(record.per_followed_day_kwh),
        claimed=record.claimed,
        sacrificed_kwh=record.sacrificed_kwh,
        advised_day=ArmView.of(record.advised),
        measuring_day=ArmView.of(record.habit),
    )


def _saved(found: Saving | None) -> float | None:
    return None if found is None else found.saved


def _interval(found: Saving | None) -> list[float] | None:
    return None if found is None else [found.low, found.high]


def _standing(days: int, habit: int, *, consents: bool) -> tuple[Status, str]:
    if not consents and not habit:
        return "no_consent", "savings are measured only in homes that consent to measuring days"
    if days < LOOK_DAYS:
        return "not_enough_days", f"not enough days yet ({days} of about {LOOK_DAYS})"
    if not habit:
        return "not_enough_days", "not enough days yet (no measuring day among them)"
    return "not_computed", f"{days} days are there, {habit} of them measuring days; computed at the next look"
