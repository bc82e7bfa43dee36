"""Prices: real tariffs by the hour of the year, told to advisors a day ahead, and by which a trial is billed.

Sets of `tariff_carbon` below `AC_ADVISOR_DATA`, by name: `pge` (PG&E B-19S of 2020: energy only, USD; three
prices a day in summer), `pvpc` (the Spanish regulated price of 2023, EUR: another one each hour, low at noon
and high in the evening). A file of one's own has the columns `at` (ISO 8601, local time) and `per_kwh`, in
EUR. The season of a trial is billed by the same days of the year of the file.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cloud.advice import Preferences
from infra.local.comfort_votes import DataSettings
from infra.local.errors import LocalError
from infra.local.pairs import Floats

HOURS = 24
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a tariff is: file below `tariff_carbon`, its columns, what makes its values prices per kWh."""

    file: str
    at: str
    value: str
    factor: float
    currency: str


SOURCES = {
    "pge": Source("pge_b19s_2020_15min.csv.gz", "date_time", "e_price", 1.0, "USD"),
    "pvpc": Source("pvpc_spain_2023_hourly.csv.gz", "ts", "eur_per_mwh", 1e-3, "EUR"),
}


class PricesMissingError(LocalError):
    """A trial is to be billed by prices that are not there."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"no tariff {name!r}: {why}; there are {', '.join(SOURCES)}, or a file of your own")


@dataclass(frozen=True, slots=True)
class Prices:
    """A year of prices.

    Attributes:
        name: As it is asked for.
        by_day: Prices of the 24 local hours by month and day [currency/kWh].
        currency: ISO 4217 code.
    """

    name: str
    by_day: dict[tuple[int, int], tuple[float, ...]]
    currency: str

    @classmethod
    def read(cls, name: str) -> Self:
        """A known tariff, or a file.

        Raises:
            PricesMissingError: There is none of that name, or it does not cover whole days.
        """
        source = SOURCES.get(name, Source(name, "at", "per_kwh", 1.0, "EUR"))
        path = Path(name)
        if name in SOURCES:
            folder = DataSettings().data
            if folder is None:
                raise PricesMissingError(name, "AC_ADVISOR_DATA is not set")
            path = folder / "tariff_carbon" / source.file
        try:
            rows = pd.read_csv(path, usecols=[source.at, source.value])
        except (OSError, ValueError) as error:
            raise PricesMissingError(name, str(error)) from error
        local = pd.to_datetime(rows[source.at].str.slice(0, 16).str.replace("T", " "))  # its wall clock
        hours = [local.dt.month.rename("month"), local.dt.day.rename("day"), local.dt.hour.rename("hour")]
        price = (rows[source.value] * source.factor).groupby(hours).mean()
        table = price.unstack("hour").ffill(axis=1)  # noqa: PD010 (of a series; one hour is lost in spring)
        if table.shape[1] != HOURS or table.isna().to_numpy().any():
            raise PricesMissingError(name, "it does not cover whole days")
        days = zip(table.index.tolist(), table.to_numpy().tolist(), strict=True)
        return cls(name, {(month, day): tuple(prices) for (month, day), prices in days}, source.currency)

    def on(self, day: date) -> tuple[float, ...]:
        """The 24 prices of a local day.

        Raises:
            PricesMissingError: The year of the file has no such day.
        """
        found = self.by_day.get((day.month, day.day))
        if found is None:
            raise PricesMissingError(self.name, f"it has no {day:%d %B}")
        return found

    def told(self, preferences: Preferences, day: date) -> Preferences:
        """Preferences with the prices of a local day."""
        return replace(preferences, tariff_per_kwh=self.on(day), currency=self.currency)


@dataclass(slots=True)
class Meter:
    """Bills the electricity of homes hour by hour.

    Args:
        prices: The tariff.
        zones: Time zone of each home, IANA names, (homes,).

    Attributes:
        money: Since the last `take`, (homes,) [currency].
    """

    prices: Prices
    zones: tuple[str, ...]
    before_kwh: Floats | float = 0.0
    money: Floats | float = 0.0

    def read(self, end: datetime, total_kwh: Floats) -> None:
        """The counter at the end of an hour or a part of it (aware), (homes,) [kWh]."""
        used_kwh = total_kwh - self.before_kwh
        self.before_kwh = total_kwh
        self.money = self.money + used_kwh * self._now(end)

    def take(self) -> Floats:
        """What has been billed, (homes,) [currency]; counts anew from here."""
        money, self.money = np.asarray(self.money, np.float64), 0.0
        return money

    def _now(self, end: datetime) -> Floats:
        clocks = {zone: (end - SECOND).astimezone(ZoneInfo(zone)) for zone in set(self.zones)}
        price = {zone: self.prices.on(local.date())[local.hour] for zone, local in clocks.items()}
        return np.array([price[zone] for zone in self.zones])
