"""Figures of a round, by hand, and what a report may hold."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from cloud.monitoring.alarms import RULES
from cloud.monitoring.facts import MOST_COHORTS, largest
from cloud.monitoring.round import newest_report, take_round
from cloud.ports.monitoring import (
    MONITORING_PK,
    REPORT_SK,
    Alarm,
    CohortReport,
    Figures,
    MonitoringReport,
    ServiceFigures,
)
from cloud.ports.records import Said, TrialRecord, device_pk
from cloud.ports.state import MAX_ITEM_BYTES, Delete
from cloud.training_rounds import MOST_SIGNALS
from cloud.wiring.registry import serving_champion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cloud.monitoring.conftest import World

NORTH, SOUTH = "region +50+5", "region +35-5"
COUNTS: dict[str, Any] = {
    name: 100_000 for name, field in Figures.model_fields.items() if name == "devices" or field.default == 0
}


def figures(report: MonitoringReport, cohort: str = "fleet") -> Figures:
    (found,) = (each.figures for each in report.cohorts if each.name == cohort)
    return found


def test_a_sound_fleet_by_hand(world: "World") -> None:
    report = world.monitor()

    assert [each.name for each in report.cohorts] == [
        "fleet", "machine inverter", "machine single speed", SOUTH, NORTH,
    ]  # fmt: skip
    fleet = figures(report)
    assert (fleet.devices, fleet.stale_ratio, fleet.reading_age_s) == (40, 0.0, 300.0)
    assert (fleet.covered_ratio, fleet.lapsed_ratio) == (1.0, 0.0)
    assert fleet.energy_days == 40 * 7
    assert fleet.energy_ratio == pytest.approx(8.9 / 8.5, abs=1e-6)  # 8.4 and 8.0 kWh, and half a kWh each
    assert fleet.energy_error_ratio == pytest.approx(0.4 / 8.4, abs=1e-6)
    assert fleet.overrides_per_day == pytest.approx(0.1)
    assert (fleet.answers, fleet.accepted_ratio, fleet.refused_ratio) == (40, 1.0, 0.0)
    assert (fleet.feature_drift_index, fleet.model_age_days) == (0.04, 3.0)
    assert report.cohorts[0].versions == {"v1": 40}
    assert report.service.model_dump() == {
        "champion": "v1", "trial": None, "advisor_behind_s": 30.0, "training_idle_h": 5.0,
    }  # fmt: skip
    assert newest_report(world.store) == report


def test_an_excess_of_overrides_by_hand(world: "World") -> None:
    """Two newest days: 40 * 2 of 80 days; before them 56 of 560: (56 + 1) / 560 * 80 = 8.14 were usual."""
    for number in range(40):
        for age_days in (1, 2):
            world.day(f"dev-{number:03d}", age_days, overrides=1)

    surely = ((80 + 3 / 8) ** 0.5 - 1.5) ** 2

    assert figures(world.monitor()).override_excess_ratio == pytest.approx(surely / (57 / 7), abs=1e-4)


@pytest.mark.parametrize(("measured_kwh", "error"), [(8.0, 0.0), (8.6, 0.0), (9.0, 0.0), (10.0, 0.1)])
def test_where_people_decide_all_between_advice_and_habit_was_predicted(
    make_world: "Callable[[], World]", measured_kwh: float, error: float
) -> None:
    world = make_world()
    world.add_version("v1", 1.0)
    for number in range(8):
        name = world.add_home(number, autonomy="suggest")
        for age_days in range(1, 8):
            said = {"v1": Said(advised_kwh=8.0, expected_saving_kwh=1.0)}
            world.day(name, age_days, electric_energy_kwh=measured_kwh, said=said)

    assert figures(world.monitor()).energy_error_ratio == pytest.approx(error)


@pytest.mark.parametrize(
    ("lived_days", "compared_days"), [(7, None), (8, 4 * 12), (11, 7 * 12), (16, 7 * 12)]
)
def test_what_is_said_in_a_homes_first_days_is_not_compared(
    make_world: "Callable[[], World]", lived_days: int, compared_days: int | None
) -> None:
    """A home's first four days; and then four days at least, since weather surprises on single ones."""
    world = make_world()
    world.add_version("v1", 1.0)
    for number in range(12):
        name = world.add_home(number)
        for age_days in range(lived_days + 1, 17):
            day = (world.now - timedelta(days=age_days)).date()
            world.store.transact([Delete(device_pk(name), f"day#{day}")])

    fleet = figures(world.monitor())

    assert fleet.energy_days == (compared_days or 3 * 12)
    assert (fleet.energy_ratio is None) == (compared_days is None)


@pytest.mark.parametrize("changed", [{"measured_h": 19.0}, {"said": {}}, {"version": "v0"}])
def test_days_without_prediction_or_energy_are_not_compared(
    world: "World", changed: dict[str, object]
) -> None:
    for number in range(40):
        for age_days in range(1, 8):
            world.day(f"dev-{number:03d}", age_days, **changed)

    fleet = figures(world.monitor())

    assert (fleet.energy_days, fleet.energy_ratio, fleet.energy_error_ratio) == (0, None, None)


def test_a_home_that_learns_is_no_home_whose_advice_has_ended(world: "World") -> None:
    for number in range(40):
        if number < 10:
            world.advise(f"dev-{number:03d}", valid_until=world.now - timedelta(seconds=1))
        elif number < 20:
            world.store.transact([Delete(device_pk(f"dev-{number:03d}"), "advice")])

    fleet = figures(world.monitor())

    assert (fleet.covered_ratio, fleet.lapsed_ratio, fleet.seated_devices) == (0.5, 0.333333, 30)


def test_by_the_fleets_own_clock_recorded_days_are_fresh(world: "World") -> None:
    world.now += timedelta(days=300)

    report = world.monitor()
    replayed = take_round(replace(world.sources, clock="telemetry"))

    assert figures(report).stale_ratio == 1.0
    assert figures(replayed).stale_ratio == 0.0
    assert (replayed.fleet_at, replayed.at) == (max(world.newest.values()), world.now)


def test_a_job_that_fails_every_hour_has_not_gone_well(world: "World") -> None:
    for hour in range(4):
        world.look({}, "failed: the lake is away", age_h=4.0 - hour)

    assert world.monitor().service.training_idle_h == 5.0


def test_the_trial_is_told_until_it_has_ended(world: "World") -> None:
    trial = TrialRecord(
        version="v2", champion="v1", stage="canary", seed="v2", share_ratio=0.2, since=world.now
    )
    told = []
    for ended in (None, "harm"):
        body = trial.model_copy(update={"ended": ended}).model_dump(mode="json")
        world.put("advisor#0", "trial", body)
        told.append(world.monitor().service.trial)

    assert told == ["v2 (canary)", None]


def test_the_shipped_version_is_as_old_as_its_service_and_one_that_is_gone_has_no_age(
    make_world: "Callable[[], World]",
) -> None:
    world = make_world()
    shipped = serving_champion(world.registry).version
    for number in range(8):
        world.advise(world.add_home(number), champion=shipped)
    world.now += timedelta(days=4)
    first = figures(world.monitor()).model_age_days
    for number in range(8):
        world.advise(f"dev-{number:03d}", champion="pruned")

    assert (first, figures(world.monitor()).model_age_days) == (4.0, None)


def test_neither_report_nor_log_names_a_home_a_device_or_a_person(world: "World") -> None:
    for number in range(10):
        world.newest[f"dev-{number:03d}"] -= timedelta(days=1)
    with capture_logs() as logs:
        report = world.watch(minutes=10)

    assert report.raised
    assert [each["event"] for each in logs] == [
        "fleet_monitored", *["alarm_raised"] * len(report.raised), "fleet_monitored",
    ]  # fmt: skip
    for told in (report.model_dump_json(), str(logs)):
        for secret in ("dev-0", "home-", "Ada", "ada"):
            assert secret not in told


def test_a_report_stays_small_however_many_regions_and_signals_there_are(world: "World") -> None:
    everywhere = {f"region {place:+d}-120": frozenset({f"dev-{place}"}) for place in range(100)}
    cohorts = largest({"fleet": frozenset(), "machine inverter": frozenset("abc"), **everywhere})
    assert len(cohorts) == MOST_COHORTS
    assert list(cohorts)[:2] == ["fleet", "machine inverter"]

    all_known = dict.fromkeys(Figures.model_fields, 0.123456) | COUNTS
    drift = {f"population/{place:030d}": 0.1234 for place in range(MOST_SIGNALS // MOST_COHORTS)}
    one = Alarm(
        alarm="training_idle", cohort="machine single speed", state="raised", since=world.now, value=0.1234,
        limit=0.1234, ends_below=0.1234, words="w" * 120, remedy="r" * 120,
    )  # fmt: skip
    report = MonitoringReport(
        at=world.now,
        fleet_at=world.now,
        service=ServiceFigures(),
        cohorts=tuple(
            CohortReport(name=name, figures=Figures(**all_known), versions={"fine-tune-0001": 9}, drift=drift)
            for name in cohorts
        ),
        alarms=(one,) * (len(RULES) * MOST_COHORTS),
    )

    assert len(report.model_dump_json()) < MAX_ITEM_BYTES


def test_a_report_of_another_version_of_the_program_is_replaced(world: "World") -> None:
    world.put(MONITORING_PK, REPORT_SK, {"schema_version": 99})

    assert newest_report(world.store) is None
    assert newest_report(world.store) != world.monitor()
