"""Savings: what advice has saved, measured on days at the habit, or honestly not told yet.

A saving is the difference between days that were advised and measuring days, drawn by lot. Before there are
enough of both, a number would be weather and chance.
"""

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import Field

from cloud.ports.records import DAY_PREFIX, DayRecord, device_pk
from edge.contract import DeviceId
from mobile_api.access import OwnedDevice
from mobile_api.operations import Operations, Query, Shown
from mobile_api.services import every, services

DAYS_NEEDED = 28
"""Two blocks of `cloud.assignment`: each weekday four times."""

MIN_MEASURED_H = 20.0
"""A day of which less was measured is compared with none [h]."""

Period: TypeAlias = Literal["28d", "90d", "365d"]
_DAYS: dict[Period, int] = {"28d": 28, "90d": 90, "365d": 365}

operations = Operations("savings")


class SavingsQuery(Query):
    """Of which days."""

    period: Period = Field("90d", description="So many local days up to now.")


class SavingsView(Shown):
    """What is known of the saving; the figures are null as long as they would say nothing."""

    device_id: DeviceId
    period: Period
    status: Literal["no_consent", "not_enough_days", "not_computed"]
    detail: str
    days: int = Field(description="Advised and measuring days of the period with enough measured hours.")
    advised_days: int
    measuring_days: int
    days_needed: int
    saving_kwh: float | None = None
    saving_interval_kwh: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


@operations.get("/v1/devices/<device_id>/savings", right="review")
def show_savings(device: OwnedDevice, query: SavingsQuery) -> SavingsView:
    """What advice has saved, or how many of the days that it takes are there."""
    return savings(device, query.period)


def savings(device: OwnedDevice, period: Period) -> SavingsView:
    """What is known of the saving in a period."""
    days = [each for each in days_of(device, period) if each.measured_h >= MIN_MEASURED_H]
    habit = sum(each.arm == "habit" for each in days)
    status, detail = _standing(len(days), habit, consents=device.home.record.measure_savings)
    return SavingsView(
        device_id=device.record.device_id,
        period=period,
        status=status,
        detail=detail,
        days=len(days),
        advised_days=len(days) - habit,
        measuring_days=habit,
        days_needed=DAYS_NEEDED,
    )


def days_of(device: OwnedDevice, period: Period) -> list[DayRecord]:
    """The days of a device that are over, the oldest first, however much of them was measured."""
    use, device_id = services(), device.record.device_id
    today = use.device_now(device_id).astimezone(ZoneInfo(device.home.record.timezone)).date()
    first = f"{DAY_PREFIX}{(today - timedelta(days=_DAYS[period])).isoformat()}"
    found = every(use.state, device_pk(device_id), DAY_PREFIX)
    return [DayRecord.model_validate(item.body) for item in found if item.sk >= first]


def _standing(
    days: int, habit: int, *, consents: bool
) -> tuple[Literal["no_consent", "not_enough_days", "not_computed"], str]:
    if not consents and not habit:
        return "no_consent", "savings are measured only in homes that consent to measuring days"
    if days < DAYS_NEEDED:
        return "not_enough_days", f"not enough days yet ({days} of about {DAYS_NEEDED})"
    if not habit:
        return "not_enough_days", "not enough days yet (no measuring day among them)"
    return "not_computed", f"{days} days are there, {habit} of them measuring days; not computed yet"
