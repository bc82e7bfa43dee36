"""Savings are not told before there are days enough, and it is said how many there are."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import DayRecord, device_pk, home_pk
from cloud.ports.saving_records import SAVINGS_SK, ArmRecord, Saving, SavingsRecord
from cloud.ports.state import Put
from tests.unit.mobile_api.conftest import HOME, PASSWORD, T0

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World

TODAY = date(2026, 7, 14)


@pytest.fixture
def person(world: "World") -> "Person":
    person = world.sign_up()
    world.device_of(person)
    return person


def _add_days(world: "World", days: int, *, habit: int = 0, measured_h: float = 24.0) -> None:
    for back in range(1, days + 1):
        day = TODAY - timedelta(days=back)
        record = DayRecord(
            device_id="dev-1",
            day=day,
            arm="habit" if back <= habit else "advised",
            version="v1",
            measured_h=measured_h,
            electric_energy_kwh=5.0,
            overrides=0,
            warm_words=0,
            warm_minutes=0.0,
            decisions=96,
            said={},
        )
        key = f"day#{day.isoformat()}"
        world.state.transact([Put(device_pk("dev-1"), key, record.model_dump(mode="json"))])


def _consent(person: "Person") -> None:
    home_id = person.get("/v1/homes").json["items"][0]["home_id"]
    person.put(f"/v1/homes/{home_id}", json={**HOME, "measure_savings": True})


@pytest.mark.parametrize(
    ("days", "habit", "measured_h", "status", "detail"),
    [
        (9, 2, 24.0, "not_enough_days", "not enough days yet (9 of about 28)"),
        (40, 3, 12.0, "not_enough_days", "not enough days yet (0 of about 28)"),
        (30, 0, 24.0, "not_enough_days", "not enough days yet (no measuring day among them)"),
        (
            30,
            2,
            24.0,
            "not_computed",
            "30 days are there, 2 of them measuring days; computed at the next look",
        ),
    ],
)
def test_it_says_how_many_days_there_are(
    world: "World", person: "Person", days: int, habit: int, measured_h: float, status: str, detail: str
) -> None:
    _consent(person)
    _add_days(world, days, habit=habit, measured_h=measured_h)

    answer = person.get("/v1/devices/dev-1/savings?period=90d").json

    assert (answer["status"], answer["detail"]) == (status, detail)
    assert answer["saving_kwh"] is answer["saving_interval_kwh"] is None


def test_only_days_of_the_period_count(world: "World", person: "Person") -> None:
    _consent(person)
    _add_days(world, 60, habit=10)

    answer = person.get("/v1/devices/dev-1/savings?period=28d").json

    assert (answer["days"], answer["measuring_days"], answer["advised_days"]) == (28, 10, 18)
    assert world.clock.at == T0  # 14 July, also in the home's time


def test_without_consent_nothing_is_measured(person: "Person") -> None:
    assert person.get("/v1/devices/dev-1/savings").json["status"] == "no_consent"


def test_other_periods_are_refused(person: "Person") -> None:
    assert person.get("/v1/devices/dev-1/savings?period=1d").status_code == 422


def _tell(world: "World", home_id: str, **changes: object) -> None:
    """What the report of last night says of a home."""
    told = SavingsRecord(
        home_id=home_id,
        first=TODAY - timedelta(days=30),
        last=TODAY - timedelta(days=3),
        look=1,
        days=28,
        habit_days=14,
        devices=2,
        kwh=Saving(saved=1.2, low=0.3, high=2.1),
        money=Saving(saved=0.36, low=0.09, high=0.63),
        currency="EUR",
        followed_ratio=0.8,
        per_followed_day_kwh=Saving(saved=1.5, low=0.375, high=2.625),
        sacrificed_kwh=16.8,
        advised=ArmRecord(days=14, overrides=0.2, warm_words=0.1, warm_minutes=11.0),
        habit=ArmRecord(days=14, overrides=0.1, warm_words=0.0, warm_minutes=3.0),
    )
    record = told.model_copy(update=changes)
    world.state.transact([Put(home_pk(home_id), SAVINGS_SK, record.model_dump(mode="json"))])


def test_after_a_look_it_is_told_with_its_interval_and_what_it_has_cost(
    world: "World", person: "Person"
) -> None:
    """18 advised days in the last 28: 18 times 1.2 kWh."""
    _consent(person)
    _add_days(world, 60, habit=10)
    _tell(world, person.get("/v1/homes").json["items"][0]["home_id"])

    answer = person.get("/v1/devices/dev-1/savings?period=28d").json

    assert answer["status"] == "estimated"
    assert (answer["saving_kwh"], answer["saving_interval_kwh"]) == (21.6, [5.4, 37.8])
    figures = answer["figures"]
    assert figures["saving_interval_kwh_per_day"] == [0.3, 2.1]
    assert (figures["saving_money_per_day"], figures["currency"]) == (0.36, "EUR")
    assert (figures["sacrificed_kwh"], figures["claimed"]) == (16.8, False)
    assert figures["advised_day"]["warm_minutes"] > figures["measuring_day"]["warm_minutes"]


def test_without_consent_nothing_is_told_that_was_known_before(world: "World", person: "Person") -> None:
    _tell(world, person.get("/v1/homes").json["items"][0]["home_id"])

    assert person.get("/v1/devices/dev-1/savings").json["figures"] is None


def test_nobody_is_told_of_another_home(world: "World", person: "Person") -> None:
    _consent(person)
    _tell(world, "somebody-elses")

    assert person.get("/v1/devices/dev-1/savings").json["figures"] is None


def _statement(world: "World") -> str:
    return _page(world, "statement")


def _page(world: "World", name: str) -> str:
    client = world.app.test_client()
    assert (
        client.post("/login", data={"email": "person1@example.org", "password": PASSWORD}).status_code == 303
    )
    page = client.get(f"/devices/dev-1/{name}")
    assert page.status_code == 200
    return page.text


def test_a_statement_counts_advised_days_as_saved_and_measuring_days_as_given_up(
    world: "World", person: "Person"
) -> None:
    """18 and 10 days in the last 28, at 1.2 kWh (0.3 to 2.1) and 0.36 EUR a day."""
    _consent(person)
    _add_days(world, 60, habit=10)
    _tell(world, person.get("/v1/homes").json["items"][0]["home_id"])

    page = _statement(world)

    assert "Saved on 18 days with advice" in page
    assert '(kWh)</th><td class="figure">21.6</td><td class="figure">5.4 – 37.8</td>' in page  # noqa: RUF001 (the page's)
    assert '(EUR)</th><td class="figure">6.48</td>' in page
    assert "Given up on 10 measuring days" in page
    assert '(kWh)</th><td class="figure">12.0</td>' in page


def test_a_statement_before_there_are_days_enough_has_no_figure(world: "World", person: "Person") -> None:
    _consent(person)
    _add_days(world, 9, habit=2)

    page = _statement(world)

    assert "a number would be weather and chance" in page
    assert "kWh" not in page


@pytest.mark.parametrize("unknown", [{}, {"habit": None, "advised": None}, {"habit": None}], ids=str)
def test_what_both_kinds_of_days_were_like_is_shown_where_it_is_known(
    world: "World", person: "Person", unknown: dict[str, None]
) -> None:
    _consent(person)
    _add_days(world, 60, habit=10)
    _tell(world, person.get("/v1/homes").json["items"][0]["home_id"], **unknown)

    for name in ("savings", "statement"):
        assert ("Warm minutes" in _page(world, name)) == (not unknown)
