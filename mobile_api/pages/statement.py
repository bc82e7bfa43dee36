"""The statement of the last four weeks, on one sheet: what advice has saved, and what measuring has cost."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Response

from mobile_api.access import RIGHTS, OwnedDevice
from mobile_api.operations import Operations
from mobile_api.pages.forms import page
from mobile_api.savings import SavingsFigures, SavingsView, savings
from mobile_api.services import services

STATEMENT_DAYS = 28

operations = Operations("pages")


@dataclass(frozen=True, slots=True)
class Amount:
    """What was saved, or given up, in all days of a statement, with its 95 % interval."""

    name: str
    unit: str
    saved: float
    low: float
    high: float

    def of_days(self, days: int) -> "Amount":
        """The same of so many days, this being a day's."""
        return Amount(self.name, self.unit, days * self.saved, days * self.low, days * self.high)


@operations.get("/devices/<device_id>/statement", right="review", documented=False)
def show_statement_page(device: OwnedDevice) -> Response:
    """What is known of the last four weeks, or that there are not days enough yet."""
    told, home = savings(device, "28d"), device.home.record
    last = services().device_now(device.record.device_id).astimezone(ZoneInfo(home.timezone)).date()
    return page(
        "statement.html",
        device=device.record,
        home=home,
        rights=RIGHTS[device.home.role],
        savings=told,
        first=last - timedelta(days=STATEMENT_DAYS),
        last=last - timedelta(days=1),
        saved=[each.of_days(told.advised_days) for each in _amounts(told)],
        given_up=[each.of_days(told.measuring_days) for each in _amounts(told)],
    )


def _amounts(told: SavingsView) -> list[Amount]:
    """Of a day; nothing before there is a figure."""
    return [] if told.figures is None else _a_day(told.figures)


def _a_day(figures: SavingsFigures) -> list[Amount]:
    found = [_amount("energy", "kWh", figures.saving_kwh_per_day, figures.saving_interval_kwh_per_day)]
    money, co2 = figures.saving_interval_money_per_day, figures.saving_interval_co2_kg_per_day
    if figures.saving_money_per_day is not None and money is not None:
        found.append(_amount("money", figures.currency, figures.saving_money_per_day, money))
    if figures.saving_co2_kg_per_day is not None and co2 is not None:
        found.append(_amount("co2", "kg", figures.saving_co2_kg_per_day, co2))
    return found


def _amount(name: str, unit: str, saved: float, interval: list[float]) -> Amount:
    return Amount(name, unit, saved, *interval)
