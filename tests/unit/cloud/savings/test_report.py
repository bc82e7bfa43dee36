"""A report of savings: kept, renewed at looks only, made again alike, and forgetful of who has gone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.assignment import Assignment, Design
from cloud.day_count import day_writes
from cloud.measuring_day import keep_assignment
from cloud.ports.records import (
    DEVICES_PK,
    home_pk,
)
from cloud.ports.saving_records import SAVINGS_SK, SavingsRecord
from cloud.ports.state import Delete, Put
from cloud.savings.records import Span, home_days, priced
from cloud.savings.report import HomeFacts, Look, make_report
from cloud.savings_desk import SavingsDesk
from cloud.serving import Serving
from tests.unit.cloud.savings.conftest import FIRST, Toy, day_record, home_writes, switchback

HOMES = 12
NIGHT = FIRST + timedelta(days=29)
MADE = (datetime(2026, 7, 1, tzinfo=UTC), "0.1")


class Kept:
    """A serving state with homes, and its desk."""

    def __init__(self, toy: Toy) -> None:
        self.now = datetime(NIGHT.year, NIGHT.month, NIGHT.day, 13, tzinfo=UTC)
        self.store = MemoryStateStore(lambda: self.now)
        keep_assignment(self.store, 7, self.now)
        self.records = toy.records(Serving(self.store, 0).assignment())
        for home in range(HOMES):
            self.add(home)
        self.desk = SavingsDesk(self.store, lambda: self.now, "0.1")

    def add(self, home: int, *, consents: bool = True) -> None:
        self.store.transact(home_writes(home, consents=consents, tariff_per_kwh=0.25))
        for day in self.records[f"home-{home}"]:
            self.store.transact(day_writes(day))

    def home(self, home: int) -> SavingsRecord | None:
        item = self.store.get(home_pk(f"home-{home}"), SAVINGS_SK)
        return None if item is None else SavingsRecord.model_validate(item.body)


@pytest.fixture
def kept(make_toy: Callable[..., Toy]) -> Kept:
    return Kept(make_toy(homes=HOMES, days=28 + 5))


def test_a_home_is_told_its_saving_in_kwh_and_money_with_what_it_felt(kept: Kept) -> None:
    report = kept.desk.keep()

    assert report is not None
    home = kept.home(3)
    assert home is not None
    assert home.kwh is not None
    assert home.money is not None
    assert home.money.saved == pytest.approx(0.25 * home.kwh.saved, abs=2e-3)
    assert home.kwh.low < home.kwh.saved < home.kwh.high
    assert home.advised is not None
    assert home.habit is not None
    assert (home.advised.overrides, home.habit.overrides) == (1.0, 0.0)
    assert home.followed_ratio == 1.0
    assert home.sacrificed_kwh == pytest.approx(home.kwh.saved * home.habit_days, abs=1e-2)
    assert [group.cohort for group in report.fleet.groups] == ["fleet", "subtropics"]


def test_figures_are_renewed_at_looks_only_and_made_again_alike(kept: Kept) -> None:
    first = kept.desk.keep()
    kept.now += timedelta(days=3)
    later = kept.desk.make()

    assert first is not None
    assert later is not None
    assert later.homes == first.homes
    assert later.fleet.model_copy(update={"made_at": first.fleet.made_at}) == first.fleet


def test_a_deleted_home_is_not_in_the_next_report_nor_is_one_that_takes_its_consent_back(kept: Kept) -> None:
    before = kept.desk.keep()
    kept.store.transact([Delete(DEVICES_PK, "dev-0"), Delete(home_pk("home-0"), "home")])
    kept.add(1, consents=False)
    after = kept.desk.keep()

    assert before is not None
    assert after is not None
    assert {home.home_id for home in before.homes} - {home.home_id for home in after.homes} == {
        "home-0",
        "home-1",
    }
    assert after.fleet.groups[0].homes == HOMES - 2
    assert after.fleet.digest != before.fleet.digest
    assert kept.home(1) is None


def test_before_there_are_days_enough_there_is_no_figure(make_toy: Callable[..., Toy]) -> None:
    toy, assignment = make_toy(homes=HOMES, days=28), switchback("few")
    days = toy.records(assignment)
    days["home-0"] = days["home-0"][:20]
    facts = [HomeFacts(name, own, np.full(24, 0.3), "EUR") for name, own in days.items()]

    look = Look.newest(facts, FIRST + timedelta(days=27))
    assert look is not None
    report = make_report(facts, assignment, look, MADE)

    assert report is not None
    told = {home.home_id: home for home in report.homes}
    assert told["home-0"].kwh is None
    assert told["home-1"].kwh is not None
    assert Look.newest(facts, FIRST + timedelta(days=10)) is None


def test_nobody_is_measured_before_the_first_habit_day_that_was_lived() -> None:
    """Days before the consent were advised, whatever was drawn."""
    days = [
        day_record("d", FIRST + timedelta(days=n), arm="habit" if n == 5 else "advised", kwh=9.0)
        for n in range(8)
    ]

    assert [day.day for day in HomeFacts("h", days, np.ones(24), "EUR").measured] == [
        FIRST + timedelta(days=n) for n in (5, 6, 7)
    ]


def test_a_day_with_hours_missing_is_scaled_and_one_with_many_does_not_count() -> None:
    whole = day_record("d", FIRST, arm="advised", kwh=10.0)
    most = whole.model_copy(update={"day": FIRST + timedelta(days=1), "measured_h": 20.0})
    half = whole.model_copy(update={"day": FIRST + timedelta(days=2), "measured_h": 19.9})

    home = home_days({"h": [whole, most, half]}, Assignment(), Span(FIRST, half.day))[0]

    assert home.used[-3:-1].tolist() == [10.0, 12.0]
    assert np.isnan(home.used[-1])


def test_a_day_on_which_one_of_two_devices_is_missing_does_not_count() -> None:
    days = [FIRST + timedelta(days=n) for n in range(3)]
    both = [day_record(name, day, arm="advised", kwh=4.0) for name in ("a", "b") for day in days]
    records = [record for record in both if (record.device_id, record.day) != ("b", days[1])]

    home = home_days({"h": records}, Assignment(), Span(days[0], days[2]))[0]

    assert np.nan_to_num(home.used[-3:], nan=-1).tolist() == [8.0, -1.0, 8.0]


def test_a_tariff_by_the_hour_prices_each_hour() -> None:
    hourly = (0.0,) * 12 + (0.5,) * 12
    day = day_record("d", FIRST, arm="advised", kwh=6.0).model_copy(update={"hourly_kwh": hourly})
    prices = np.array([1.0] * 12 + [0.2] * 12)

    assert priced(prices)(day) == pytest.approx(12 * 0.5 * 0.2)
    old = day.model_copy(update={"hourly_kwh": ()})
    assert priced(prices)(old) == pytest.approx(6.0 * 0.6)


def test_a_vacation_and_days_in_another_mode_count_as_they_were_lived(make_toy: Callable[..., Toy]) -> None:
    """A week away at the standby's 0.2 kWh, and a day of heating: advice may have caused either."""
    toy, assignment = make_toy(homes=HOMES, days=28), switchback("away")
    days = toy.records(assignment)
    away = {FIRST + timedelta(days=n) for n in range(10, 17)}
    days["home-0"] = [
        day.model_copy(update={"electric_energy_kwh": 0.2}) if day.day in away else day
        for day in days["home-0"]
    ]
    days["home-1"][20] = days["home-1"][20].model_copy(update={"electric_energy_kwh": 31.0})
    span = Span(FIRST, FIRST + timedelta(days=27))

    told = {home.home_id: home for home in home_days(days, assignment, span)}

    assert np.isclose(told["home-0"].used, 0.2).sum() == 7
    assert 31.0 in told["home-1"].used
    assert np.isfinite(told["home-0"].used[-28:]).all()


def test_with_the_hold_out_alone_a_home_is_told_of_the_fleet_only(make_toy: Callable[..., Toy]) -> None:
    """One habit day in 14: two in a look, of seven that a home needs for a figure of its own."""
    toy, assignment = make_toy(homes=HOMES, days=28), Assignment((Design("hold-out", 1),))
    facts = [HomeFacts(name, own, np.full(24, 0.3), "EUR") for name, own in toy.records(assignment).items()]

    report = make_report(facts, assignment, Look(Span(FIRST, FIRST + timedelta(days=27)), 1), MADE)

    assert report is not None
    assert all(home.kwh is None and home.habit_days <= 3 for home in report.homes)
    assert report.fleet.groups[0].kwh.low < report.fleet.groups[0].kwh.high


def test_homes_of_the_same_place_are_neighbours_and_the_place_is_in_the_digest(kept: Kept) -> None:
    """Twelve homes of one degree in Phoenix; one that moves far away changes what the report is made of."""
    before = kept.desk.make()
    moved = [
        Put(each.pk, each.sk, each.body | {"latitude_deg": 52.0}) if each.sk == "home" else each
        for each in home_writes(0, tariff_per_kwh=0.25)
    ]
    kept.store.transact(moved)
    after = kept.desk.make()

    assert before is not None
    assert after is not None
    assert before.fleet.digest != after.fleet.digest
    assert before.homes[3].kwh != after.homes[3].kwh
