"""Which home has what, when: steps of 5 minutes from 07:00."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from device_sim.faults.intervals import SEASON_DAYS, Season
from device_sim.faults.plan import Fault, FaultKind, FaultPlan, RandomFault
from device_sim.faults.schedule import FaultSchedule
from device_sim.noise import Noise

START = datetime(2025, 7, 1, 7, tzinfo=UTC)
DAY = 288


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def schedule(plan: FaultPlan, homes: int = 4, steps: int = DAY, seed: int = 1) -> FaultSchedule:
    index = {f"ac-{home}": home for home in range(homes)}
    return FaultSchedule(plan, Noise(seed, "test", homes), Season(START, steps, 300), index)


def one(kind: FaultKind, starts: float, ends: float | None, **more: object) -> FaultPlan:
    ends_at = None if ends is None else minutes(ends)
    fields = {"kind": kind, "starts_at": minutes(starts), "ends_at": ends_at, "homes": (1,)} | more
    return FaultPlan(faults=(Fault.model_validate(fields),))


def test_a_fault_has_the_steps_that_it_falls_into() -> None:
    steps = schedule(one("clogged_filter", 7, 21, severity=0.4))  # 07:07 to 07:21: steps 1 to 4

    airflow = [steps.at(step).machine.airflow_ratio[1] for step in range(6)]

    assert airflow == [1.0, 0.6, 0.6, 0.6, 0.6, 1.0]
    assert all(steps.at(step).machine.airflow_ratio[0] == 1.0 for step in range(6))


def test_a_condition_is_worked_out_only_when_a_fault_begins_or_ends() -> None:
    steps = schedule(one("low_refrigerant", 60, 120, severity=0.3))

    conditions = [steps.at(step) for step in range(DAY)]

    assert len({id(condition) for condition in conditions}) == 3
    assert conditions[12].machine.charge_ratio[1] == 0.7


def test_steps_may_be_asked_in_any_order() -> None:
    plan = one("window_left_open", 60, 120)
    onwards, backwards = schedule(plan), schedule(plan)

    first = [onwards.at(step).window_open[1] for step in range(40)]
    second = [backwards.at(step).window_open[1] for step in reversed(range(40))]

    assert first == second[::-1]
    assert sum(first) == 12


def test_a_fault_without_end_stays_and_an_old_one_is_there_at_once() -> None:
    for_ever = schedule(one("stuck_sensor", 60, None))
    old = schedule(one("stuck_sensor", -60, 10))
    over = schedule(one("stuck_sensor", -60, -10))

    assert for_ever.at(DAY - 1).machine.sensor_stuck[1]
    assert [bool(old.at(step).machine.sensor_stuck[1]) for step in range(3)] == [True, True, False]
    assert not over.at(0).machine.sensor_stuck.any()


def test_a_sensor_drifts_to_its_severity_within_the_fault() -> None:
    steps = schedule(one("drifting_sensor", 0, 600, severity=2.0))  # ten hours: 0.2 K an hour

    drift_k = [float(steps.at(step).machine.sensor_drift_k[1]) for step in (0, 11, 12, 60, 119, 120)]

    assert drift_k == pytest.approx([0.0, 0.0, 0.2, 1.0, 1.8, 0.0])


def test_the_worst_of_overlapping_faults_counts() -> None:
    both = (
        *one("clogged_filter", 0, 60, severity=0.2).faults,
        *one("clogged_filter", 30, 90, severity=0.5).faults,
    )
    steps = schedule(FaultPlan(faults=both))

    assert [steps.at(step).machine.airflow_ratio[1] for step in (0, 6, 12, 18)] == [0.8, 0.5, 0.5, 1.0]


def test_homes_are_named_by_number_or_device_and_others_are_another_fleets() -> None:
    plan = one("window_left_open", 0, 60, homes=(0, "ac-2", 99, "ac-77"))
    index = {f"ac-{home}": home for home in range(4)}
    part = FaultSchedule(plan, Noise(1, "test", 4), Season(START, DAY, 300), index, first_home=98)

    assert schedule(plan).at(0).window_open.tolist() == [True, False, True, False]
    assert part.at(0).window_open.tolist() == [False, True, True, False]  # home 99 is its second


def test_a_share_is_drawn_by_the_seed_and_the_same_in_a_fleet_of_any_size() -> None:
    plan = one("window_left_open", 0, 60, homes=None, share=0.25)

    many = schedule(plan, homes=4000).at(0).window_open

    assert 0.22 < many.mean() < 0.28  # 4 standard deviations of a share of 4000
    assert np.array_equal(many[:10], schedule(plan, homes=10).at(0).window_open)
    assert not np.array_equal(many, schedule(plan, homes=4000, seed=2).at(0).window_open)


def test_random_faults_come_as_often_and_last_as_long_as_said() -> None:
    plan = FaultPlan(random=(RandomFault(kind="clogged_filter", per_season=3, lasts_h=12, severity=0.8),))
    homes, days = 400, 30
    steps = schedule(plan, homes=homes, steps=days * DAY)
    lost = np.stack([1.0 - steps.at(step).machine.airflow_ratio for step in range(days * DAY)])

    begins = np.count_nonzero((lost[1:] > 0) & (lost[:-1] == 0))

    expected = homes * 3 * days / SEASON_DAYS  # 400, standard deviation 20
    assert 320 < begins < 480
    assert 0.8 < (lost > 0).sum() / 12 / 12 / expected < 1.2
    assert lost[lost > 0].min() >= 0.4
    assert lost.max() <= 0.8


def test_random_faults_do_not_depend_on_the_length_of_the_season_or_the_number_of_homes() -> None:
    plan = FaultPlan(random=(RandomFault(kind="wifi_outage", per_season=45, lasts_h=6),))
    long, short = schedule(plan, homes=50, steps=10 * DAY), schedule(plan, homes=20, steps=2 * DAY)

    assert all(np.array_equal(long.at(step).offline[:20], short.at(step).offline) for step in range(2 * DAY))
    assert any(short.at(step).offline.any() for step in range(2 * DAY))


def test_a_device_loses_what_its_memory_does_not_hold() -> None:
    plan = one("wifi_outage", 10, 60).model_copy(update={"buffer_readings": 4})  # steps 2 to 11
    conditions = [schedule(plan).wire(step) for step in range(14)]

    assert all(condition is not None for condition in conditions)
    assert [step for step, of in enumerate(conditions) if of and of.offline[1]] == list(range(2, 12))
    assert [step for step, of in enumerate(conditions) if of and of.lost[1]] == list(range(6, 12))


def test_outages_that_touch_are_one_outage() -> None:
    apart = (*one("wifi_outage", 0, 30).faults, *one("wifi_outage", 20, 60).faults)
    other = one("wifi_outage", 10, 60, homes=(2,)).faults
    steps = schedule(FaultPlan(faults=(*apart, *other), buffer_readings=5))
    conditions = [steps.wire(step) for step in range(13)]

    assert [sum(bool(of and of.lost[home]) for of in conditions) for home in range(4)] == [0, 7, 5, 0]


def test_clocks_are_wrong_while_the_fault_lasts_and_known_to_be_from_the_start() -> None:
    steps = schedule(one("clock_skew", 10, 20, severity=-90.0))
    conditions = [steps.wire(step) for step in range(5)]

    assert [float(of.skew_s[1]) for of in conditions if of] == [0.0, 0.0, -90.0, -90.0, 0.0]
    assert all(of and of.clock_faulty.tolist() == [False, True, False, False] for of in conditions)


def test_duplicates_come_at_once_or_minutes_later() -> None:
    steps = schedule(one("duplicates", 0, None, homes=None, severity=0.4), homes=2000)
    condition = steps.wire(3)

    assert condition is not None
    after_s = condition.again_after_s
    assert 0.35 < np.isfinite(after_s).mean() < 0.45
    assert 0.16 < (after_s == 0.0).mean() < 0.24  # half of them
    later = after_s[after_s > 0.0]
    assert later.min() > 60.0
    assert later.max() < 900.0


def test_delays_have_the_mean_that_is_asked_for() -> None:
    steps = schedule(one("late_messages", 0, None, homes=None, severity=600.0), homes=4000)
    condition = steps.wire(3)

    assert condition is not None
    assert 550.0 < condition.delay_s.mean() < 650.0  # exponential: standard error 9.5 s
    assert condition.delay_s.min() > 0.0


def test_without_faults_of_the_wire_nothing_is_said_of_it() -> None:
    assert schedule(FaultPlan()).wire(0) is None
    assert schedule(one("clogged_filter", 0, None, severity=0.4)).wire(0) is None


def test_a_reboot_takes_one_step() -> None:
    steps = schedule(one("reboot", 12, None))

    assert [steps.at(step).rebooting.tolist() for step in range(5)] == [[], [], [1], [], []]
