"""Yesterday: how far the energy model was off in a home on the day before, of which half is believed today.

What a home draws beside what the model says lasts for days: a filter clogs, people change, walls are warm.
The home's descriptors follow a week behind. So each night the day that is over is asked again, as it was, of
the model that serves, and until the next night its answers are multiplied by the root of what was off.
`python -m infra.local.ratio_study` prints what that is worth, in homes that change and in others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import numpy as np

from cloud.closed_hours import COLUMNS, Floats
from cloud.day_errors import DAY_H, MEASURED_H
from cloud.outcome import Day, Models
from cloud.planned_rows import PlannedPath, Recent, energy_rows

BELIEVED: Final = 0.5
"""How much of what was off, in logarithms [ratio]; chosen on the split `validate`, where all of it, or the
mean of more days, were worth less."""

RANGE: Final = (0.5, 2.0)
"""The ratio of a day counts as within these [ratio]: beyond, somebody was away, or a sensor is broken."""

TINY_KWH: Final = 0.5
"""Added to a day's energy before it is divided [kWh]: of a cool day nothing is told."""

_SETPOINT, _OUTDOOR, _KWH, _ON = (
    COLUMNS.index(name) for name in ("setpoint_c", "outdoor_dry_bulb_c", "electric_energy_kwh", "on_ratio")
)


@dataclass(slots=True)
class Yesterday:
    """What is believed of the newest day of one home.

    Attributes:
        ratio: By which its energy is multiplied [ratio].
        night: The local day in whose night it was asked; None: never.
        version: Of the model that was asked.
    """

    ratio: float = 1.0
    night: int | None = None
    version: str = ""


class Asking(Protocol):
    """A home that may be asked about: `cloud.advice_round.Draft`."""

    @property
    def day(self) -> Day:
        """Its history, and now."""
        ...

    @property
    def yesterday(self) -> Yesterday:
        """Is changed in place."""
        ...

    @property
    def ordinal(self) -> int:
        """Of the local day whose night is the newest one."""
        ...


def look_back(models: Models, homes: Sequence[Asking]) -> None:
    """Ask for the homes whose night has come, or whom another model serves now, all at once."""
    due = [
        home
        for home in homes
        if (home.yesterday.night, home.yesterday.version) != (home.ordinal, models.version)
    ]
    if not due:
        return
    for home, ratio in zip(due, _ratios(models, [home.day for home in due]), strict=True):
        found = home.yesterday
        found.ratio, found.night, found.version = ratio, home.ordinal, models.version


def believed(observed_kwh: Floats, predicted_kwh: Floats) -> Floats:
    """What energy is multiplied by after days that took and were said to take so much, any shape [ratio]."""
    off = (observed_kwh + TINY_KWH) / (predicted_kwh + TINY_KWH)
    return np.asarray(np.clip(off, *RANGE) ** BELIEVED)


def _ratios(models: Models, days: Sequence[Day]) -> list[float]:
    recent = Recent.of([(day.history, day.horizon.at - timedelta(hours=DAY_H)) for day in days])
    first = recent.first_index.tolist()
    was = np.stack(
        [day.history.columns(index, DAY_H) for day, index in zip(days, first, strict=True)], axis=1
    )
    rows = energy_rows(recent, PlannedPath(was[_SETPOINT], was[_ON], was[_OUTDOOR]))
    said = np.asarray(models.energy.predict(rows.reshape(-1, rows.shape[2]))).reshape(len(days), DAY_H)
    known = ~np.isnan(was[_KWH])
    observed_kwh = np.where(known, was[_KWH], 0.0).sum(axis=1)
    ratio = believed(observed_kwh, np.where(known, said, 0.0).sum(axis=1))
    enough = (known.sum(axis=1) >= MEASURED_H) & ~np.isnan(ratio)
    return [round(each, 4) if told else 1.0 for each, told in zip(ratio.tolist(), enough, strict=True)]
