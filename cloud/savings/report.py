"""The report of savings: what days of homes say of each of them, of cohorts and of all.

A pure function of days, assignment, prices and the code: who calls it again is told the same.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

import numpy as np

from cloud.assignment import Assignment
from cloud.ports.records import DayRecord, DesignRecord
from cloud.ports.saving_records import (
    LOOK_DAYS,
    FleetSavingsRecord,
    GroupRecord,
    Saving,
    SavingsRecord,
)
from cloud.savings.estimates import Estimate, GroupEstimate, group_estimate, home_estimates
from cloud.savings.hierarchy import Hierarchy, learn
from cloud.savings.home_days import Compared, Floats, HomeDays, compare
from cloud.savings.lived import Lived
from cloud.savings.records import Span, home_days, measured, priced
from cloud.savings.rules import (
    FEWEST_DAYS,
    FEWEST_FOLLOWED_RATIO,
    FEWEST_HABIT_DAYS,
    FEWEST_HOMES,
    LONGEST_DAYS,
    claim_alpha,
)

FLEET = "fleet"

DIGITS = 4
"""Of kilowatt-hours and money in records."""


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """A home that consents to measuring days.

    Attributes:
        home_id: Which.
        days: Kept days of its devices.
        per_kwh: What electricity costs by local hour, (24,) [currency/kWh].
        currency: Of the price.
        cohorts: Kinds of homes that it is of.
        place: Where it is, by `place_of`; empty: nobody knows.
    """

    home_id: str
    days: Sequence[DayRecord]
    per_kwh: Floats
    currency: str
    cohorts: tuple[str, ...] = ()
    place: str = ""

    @property
    def measured(self) -> list[DayRecord]:
        """Its days since it consented."""
        return measured(self.days)


@dataclass(frozen=True, slots=True)
class Look:
    """Which days are looked at, and for which time it is that somebody looks."""

    span: Span
    number: int

    @classmethod
    def newest(cls, homes: Sequence[HomeFacts], last: date) -> "Look | None":
        """The newest look whose days were over by `last`; None before the first."""
        days = [day.day for home in homes for day in home.measured]
        number = ((last - min(days)).days + 1) // LOOK_DAYS if days else 0
        if number < 1:
            return None
        end = min(days) + timedelta(days=LOOK_DAYS * number - 1)
        return cls(Span(max(min(days), end - timedelta(days=LONGEST_DAYS - 1)), end), number)


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of all, and of each home."""

    fleet: FleetSavingsRecord
    homes: tuple[SavingsRecord, ...]


@dataclass(frozen=True, slots=True)
class _Counted:
    """Days of homes by what was counted, what they say, and what all say of each."""

    homes: list[Compared]
    every: Hierarchy

    @classmethod
    def of(cls, days: Sequence[HomeDays]) -> "_Counted | None":
        homes = compare(days)
        return cls(homes, learn(homes)) if homes else None

    def by_home(self) -> dict[str, Estimate]:
        said = home_estimates(self.homes, self.every)
        return {home.home_id: each for home, each in zip(self.homes, said, strict=True)}

    def group(self, names: set[str]) -> GroupEstimate:
        places = [place for place, home in enumerate(self.homes) if home.home_id in names]
        return group_estimate(self.homes, self.every, places)


def make_report(
    facts: Sequence[HomeFacts],
    assignment: Assignment,
    look: Look,
    made: tuple[datetime, str],
    carbon_kg_per_kwh: Floats | None = None,
) -> Report | None:
    """What a look sees; None if no home has a day that counts.

    Args:
        facts: Homes that consent.
        assignment: How their days were drawn.
        look: Which days.
        made: When, and by which version of the program.
        carbon_kg_per_kwh: Marginal emissions by local hour, (24,) [kg/kWh]; None: they are not told.
    """
    homes = {home.home_id: home for home in facts if home.measured}
    records = {home_id: home.measured for home_id, home in homes.items()}
    places = {home_id: home.place for home_id, home in homes.items()}
    days = home_days(records, assignment, look.span, places=places)
    kwh = _Counted.of(days)
    if kwh is None:
        return None
    prices = {home_id: priced(home.per_kwh) for home_id, home in homes.items()}
    money = _Counted.of(home_days(records, assignment, look.span, prices, places))
    emitted = None if carbon_kg_per_kwh is None else priced(carbon_kg_per_kwh)
    co2 = None if emitted is None else _Counted.of(home_days(records, assignment, look.span, emitted, places))
    lived = {home_id: Lived.of(home_id, own, assignment, look.span) for home_id, own in records.items()}
    told = _Told(look, kwh, money, co2, lived)
    designs = tuple(DesignRecord(seed=d.seed, pairs=d.pairs, since=d.since) for d in assignment.designs)
    fleet = FleetSavingsRecord(
        made_at=made[0],
        first=look.span.first,
        last=look.span.last,
        look=look.number,
        code=made[1],
        designs=designs,
        digest=_digest(days),
        groups=_groups(told, homes),
    )
    return Report(fleet, told.homes(homes))


@dataclass(frozen=True, slots=True)
class _Told:
    """Everything that records are written from."""

    look: Look
    kwh: _Counted
    money: _Counted | None
    co2: _Counted | None
    lived: Mapping[str, Lived]

    def homes(self, facts: Mapping[str, HomeFacts]) -> tuple[SavingsRecord, ...]:
        counted = (self.kwh, self.money, self.co2)
        said = tuple({} if each is None else each.by_home() for each in counted)
        return tuple(self._home(home, facts[home.home_id], said) for home in self.kwh.homes)

    def group(self, name: str, members: set[str]) -> GroupRecord:
        lived = Lived.of_all([self.lived[home] for home in sorted(members)])
        found = self.kwh.group(members)
        co2 = None if self.co2 is None else self.co2.group(members).saved
        return GroupRecord(
            cohort=name,
            homes=found.homes,
            days=found.days,
            habit_days=found.habit_days,
            habit_kwh=round(found.habit, DIGITS),
            kwh=_rounded(found.saved),
            pct=_rounded(found.ratio.times(100.0)),
            co2_kg=None if co2 is None else _rounded(co2),
            followed_ratio=lived.followed_ratio,
            claimed=found.saved.is_claimed(claim_alpha(self.look.number)),
            sacrificed_kwh=round(found.saved.saved * found.habit_days, DIGITS),
            advised=lived.arm("advised"),
            habit=lived.arm("habit"),
        )

    def _home(
        self, home: Compared, facts: HomeFacts, said: tuple[Mapping[str, Estimate], ...]
    ) -> SavingsRecord:
        kwh, money, co2 = (each.get(home.home_id) for each in said)
        lived, span = self.lived[home.home_id], self.look.span
        record = SavingsRecord(
            home_id=home.home_id,
            first=span.first,
            last=span.last,
            look=self.look.number,
            days=home.days,
            habit_days=home.habit_days,
            devices=lived.devices,
            currency=facts.currency,
        )
        if kwh is None or home.days < FEWEST_DAYS or home.habit_days < FEWEST_HABIT_DAYS:
            return record
        ratio = lived.followed_ratio
        followed = kwh.times(1 / ratio) if ratio is not None and ratio >= FEWEST_FOLLOWED_RATIO else None
        changes: dict[str, object] = {
            "kwh": _rounded(kwh),
            "money": None if money is None else _rounded(money),
            "co2_kg": None if co2 is None else _rounded(co2),
            "followed_ratio": ratio,
            "per_followed_day_kwh": None if followed is None else _rounded(followed),
            "claimed": kwh.is_claimed(claim_alpha(self.look.number)),
            "sacrificed_kwh": round(kwh.saved * home.habit_days, DIGITS),
            "advised": lived.arm("advised"),
            "habit": lived.arm("habit"),
        }
        return record.model_copy(update=changes)


def _groups(told: _Told, homes: Mapping[str, HomeFacts]) -> tuple[GroupRecord, ...]:
    """The fleet, and cohorts of enough homes."""
    members = {home.home_id for home in told.kwh.homes}
    cohorts = sorted({name for home in members for name in homes[home].cohorts})
    found = {name: {home for home in members if name in homes[home].cohorts} for name in cohorts}
    enough = {name: some for name, some in found.items() if len(some) >= FEWEST_HOMES}
    return tuple(told.group(name, some) for name, some in {FLEET: members, **enough}.items())


def _rounded(found: Estimate) -> Saving:
    low, high = found.interval
    return Saving(saved=round(found.saved, DIGITS), low=round(low, DIGITS), high=round(high, DIGITS))


def _digest(days: Sequence[HomeDays]) -> str:
    told = [
        [home.home_id, home.place, *map(_listed, (home.used, home.advised, home.weather))] for home in days
    ]
    return sha256(json.dumps(told).encode()).hexdigest()


def _listed(values: Floats) -> object:
    return np.nan_to_num(values, nan=-999.0).round(6).tolist()
