"""What stands beside every saving: overrides and warmth of both arms, and whether advice was followed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from cloud.assignment import Arm, Assignment
from cloud.ports.records import DayRecord
from cloud.ports.saving_records import ArmRecord
from cloud.savings.home_days import Floats
from cloud.savings.records import Span, day_kwh

_BESIDE = ("overrides", "warm_words", "warm_minutes")


@dataclass(frozen=True, slots=True)
class Lived:
    """Days of a home, or of several, by arm as drawn.

    Attributes:
        sums: Rows are the advised and the habit arm; columns days, days on which advice was in force,
            overrides, warm words and warm minutes, (2, 5).
        devices: So many.
    """

    sums: Floats
    devices: int

    @classmethod
    def of(cls, home_id: str, records: Sequence[DayRecord], assignment: Assignment, span: Span) -> "Lived":
        """Of the measured days of a home."""
        by_day = defaultdict[date, list[DayRecord]](list)
        for record in records:
            if span.holds(record.day) and not np.isnan(day_kwh(record)):
                by_day[record.day].append(record)
        sums = np.zeros((2, 2 + len(_BESIDE)))
        for day, own in by_day.items():
            followed = any(each.advised_h > 0 for each in own)
            beside = [sum(getattr(each, name) for each in own) for name in _BESIDE]
            sums[_ROW[assignment.of(home_id, day).arm]] += [1, followed, *beside]
        return cls(sums, len({record.device_id for record in records}))

    @classmethod
    def of_all(cls, homes: Sequence["Lived"]) -> "Lived":
        """Of several homes together."""
        return cls(np.sum([home.sums for home in homes], axis=0), sum(home.devices for home in homes))

    @property
    def followed_ratio(self) -> float | None:
        """Share of advised days with advice in force, beyond that of habit days; None without both kinds."""
        days, followed = self.sums[:, 0], self.sums[:, 1]
        if not days.all():
            return None
        advised, habit = followed / days
        return round(float(advised - habit), 4)

    def arm(self, arm: Arm) -> ArmRecord:
        """What a day of an arm was like."""
        days, _, *beside = self.sums[_ROW[arm]].tolist()
        each = {name: round(total / max(days, 1), 4) for name, total in zip(_BESIDE, beside, strict=True)}
        return ArmRecord(days=int(days), **each)


_ROW: dict[Arm, int] = {"advised": 0, "habit": 1}
