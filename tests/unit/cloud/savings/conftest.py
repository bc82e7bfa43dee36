"""Homes whose saving is known, since they are made of numbers: weekdays, weather, noise and stored heat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest

from cloud.assignment import Assignment, Design
from cloud.ports.records import DEVICES_PK, DayRecord, DeviceRecord, HomeRecord, device_pk, home_pk
from cloud.ports.state import Put
from cloud.savings.home_days import Floats, HomeDays
from cloud.savings.records import Span, home_days
from cloud.savings.rules import LAGS

FIRST = date(2026, 6, 1)
RUN_IN = LAGS + 1


@dataclass(frozen=True, slots=True)
class Toy:
    """A fleet.

    Attributes:
        usual: What homes use at the habit (RUN_IN + days, homes) [kWh].
        today: What an advised day saves (homes,) [kWh].
        tomorrow: And what the day after it saves (homes,) [kWh]; heat that was kept makes it negative.
        outdoor_c: (RUN_IN + days,) [°C].
    """

    usual: Floats
    today: Floats
    tomorrow: Floats
    outdoor_c: Floats

    @property
    def saved(self) -> Floats:
        """Of always being advised against never (homes,) [kWh a day]."""
        return self.today + self.tomorrow

    def records(self, assignment: Assignment) -> dict[str, list[DayRecord]]:
        """Its days as drawn."""
        found = dict[str, list[DayRecord]]()
        days = [FIRST + timedelta(days=place - RUN_IN) for place in range(len(self.outdoor_c))]
        for home in range(len(self.today)):
            name = f"home-{home}"
            arms = [assignment.of(name, day).arm for day in days]
            on = np.array([arm == "advised" for arm in arms], np.float64)
            used = self.usual[:, home] - on * self.today[home]
            used[1:] -= on[:-1] * self.tomorrow[home]
            found[name] = [
                day_record(f"dev-{home}", day, arm=arm, kwh=float(kwh), outdoor_c=float(air_c))
                for day, arm, kwh, air_c in zip(days, arms, used, self.outdoor_c, strict=True)
            ]
        return found

    def days(self, assignment: Assignment) -> list[HomeDays]:
        """The same as the estimator is told of them."""
        last = FIRST + timedelta(days=len(self.outdoor_c) - RUN_IN - 1)
        return home_days(self.records(assignment), assignment, Span(FIRST, last))


def day_record(
    device_id: str, day: date, *, arm: str, kwh: float, outdoor_c: float | None = 30.0
) -> DayRecord:
    """A whole day of a device."""
    return DayRecord.model_validate(
        {
            "device_id": device_id,
            "day": day,
            "arm": arm,
            "version": "v1" if arm == "advised" else "",
            "measured_h": 24.0,
            "electric_energy_kwh": kwh,
            "overrides": 1 if arm == "advised" else 0,
            "warm_words": 0,
            "warm_minutes": 12.0 if arm == "advised" else 2.0,
            "advised_h": 6.0 if arm == "advised" else 0.0,
            "outdoor_c": outdoor_c,
            "hourly_kwh": (kwh / 24,) * 24,
            "decisions": 48,
            "said": {},
        }
    )


def home_writes(home: int, *, consents: bool = True, tariff_per_kwh: float = 0.30) -> list[Put]:
    """What the state says of `home-N` in Phoenix, with its device `dev-N`."""
    name, device_id = f"home-{home}", f"dev-{home}"
    record = HomeRecord(
        home_id=name,
        owner_id="a",
        name="Home",
        latitude_deg=33.0,
        longitude_deg=-112.0,
        timezone="America/Phoenix",
        tariff_per_kwh=tariff_per_kwh,
        measure_savings=consents,
    )
    device = DeviceRecord(device_id=device_id, home_id=name, habit_setpoint_c=24.0)
    return [
        Put(home_pk(name), "home", record.model_dump(mode="json")),
        Put(device_pk(device_id), "device", device.model_dump(mode="json")),
        Put(DEVICES_PK, device_id, {"home_id": name}),
    ]


@pytest.fixture
def make_toy() -> Callable[..., Toy]:
    """A fleet whose days are alike (autocorrelation 0.5), hot or cool, and whose houses keep heat."""

    def make(
        *, homes: int = 30, days: int = 28, seed: int = 1, saving: float = 0.1, stored: float = -0.06
    ) -> Toy:
        random = np.random.default_rng(seed)
        every, size = RUN_IN + days, random.uniform(5.0, 30.0, homes)
        outdoor_c = 30 + np.convolve(random.normal(0, 3, every + 3), np.ones(4) / 2, "valid")
        noise = np.zeros((every, homes))
        for day in range(every):
            noise[day] = random.normal(0, 0.07, homes) + (0.5 * noise[day - 1] if day else 0.0)
        usual = size * (1 + 0.03 * (outdoor_c[:, np.newaxis] - 30) + noise)
        some = saving * random.uniform(0.5, 1.5, homes)
        return Toy(usual, size * (some - stored), size * stored * np.ones(homes), outdoor_c)

    return make


def switchback(seed: str) -> Assignment:
    """Half of the days at the habit."""
    return Assignment((Design(seed, 7),))
