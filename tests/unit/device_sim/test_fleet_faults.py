"""A fleet in which things go wrong: what devices forget, miss, notice, and what the lake would hold."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from device_sim.faults.plan import Fault, FaultKind, FaultPlan, RandomFault
from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.policy import HabitSetpoints
from device_sim.season import simulate_telemetry
from device_sim.wire.events import SELF_DIAGNOSIS_SHARE, WINDOW_CONTACT_SHARE
from device_sim.wire.readings import StepReadings
from edge.contract import Desired, Event

START = datetime(2025, 7, 1, 7, tzinfo=UTC)
ADVICE = Desired(setpoint_c=27.5, mode="cool", advice_id="a-1", command_id="c-1", requested_by="advisor")


def at(step: int) -> datetime:
    return START + timedelta(minutes=5 * step)


def fleet(*faults: Fault, homes: int = 2, days: int = 1, **plan: object) -> Fleet:
    plan_ = FaultPlan(faults=faults).model_copy(update=plan)
    rates = FaultRates(0.0, 0.0, 0.0)
    return Fleet(FleetSpec(homes=homes, seed=5, start=START, split="test", faults=rates, plan=plan_), days)


def first_id(of: Fleet) -> str:
    return of.sites[0].device_id


def test_a_device_that_starts_anew_has_forgotten_advice_and_people() -> None:
    of = fleet(Fault(kind="reboot", starts_at=at(3), homes=(0,)))
    for device_id, by in ((first_id(of), "advisor"), (of.sites[1].device_id, "advisor")):
        of.command(device_id, ADVICE.model_copy(update={"requested_by": by}))

    steps = [of.step() for _ in range(5)]

    assert [step.telemetry(0).changed_by for step in steps] == ["advisor"] * 3 + ["schedule"] * 2
    assert [step.telemetry(0).advice_id for step in steps] == ["a-1"] * 3 + [None] * 2
    assert (
        steps[4].telemetry(0).setpoint_c == of.sites[0].habit_setpoint_c or steps[4].telemetry(0).setpoint_c
    )
    assert all(step.telemetry(1).changed_by == "advisor" for step in steps)
    assert of.reported(first_id(of)).command_id is None


def test_a_persons_hold_is_forgotten_too() -> None:
    of = fleet(Fault(kind="reboot", starts_at=at(2), homes=(0,)))
    of.command(first_id(of), ADVICE.model_copy(update={"requested_by": "app"}))

    steps = [of.step() for _ in range(3)]

    assert [step.telemetry(0).changed_by for step in steps] == ["app", "app", "schedule"]


def test_a_command_is_obeyed_again_after_a_reboot() -> None:
    of = fleet(Fault(kind="reboot", starts_at=at(2), homes=(0,)))
    of.command(first_id(of), ADVICE)
    for _ in range(3):
        of.step()

    of.command(first_id(of), ADVICE)  # the same id: before the reboot it would only be answered

    assert of.step().telemetry(0).setpoint_c == 27.5


def test_the_energy_counter_is_kept_or_lost() -> None:
    reboot = Fault(kind="reboot", starts_at=at(3), homes=(0,))
    kept = [step.energy_total_kwh[0] for step in _steps(fleet(reboot), 5)]
    lost = [step.energy_total_kwh[0] for step in _steps(fleet(reboot, reboot_loses_energy=True), 5)]

    assert np.all(np.diff(kept) >= 0.0)
    assert lost[:3] == kept[:3]
    assert lost[3] < 1.0 < kept[3]
    assert np.isclose(lost[4] - lost[3], kept[4] - kept[3], atol=0.0015)  # both are rounded to 1 Wh


def _steps(of: Fleet, count: int) -> list[StepReadings]:
    return [of.step() for _ in range(count)]


def test_a_device_without_network_hears_the_last_command_afterwards_and_reports_then() -> None:
    of = fleet(Fault(kind="wifi_outage", starts_at=at(1), ends_at=at(4), homes=(0,)))
    of.step()
    of.take_changed()
    of.step()
    of.command(first_id(of), ADVICE)
    of.command(first_id(of), ADVICE.model_copy(update={"setpoint_c": 26.0, "command_id": "c-2"}))

    during = [of.step() for _ in range(2)]
    unsaid = of.take_changed()
    after = of.step()

    assert all(step.telemetry(0).changed_by == "schedule" for step in during)
    assert first_id(of) not in unsaid
    assert after.telemetry(0).setpoint_c == 26.0
    assert first_id(of) in of.take_changed()
    assert of.reported(first_id(of)).command_id == "c-2"


def test_what_changes_without_network_is_reported_afterwards() -> None:
    of = fleet(Fault(kind="wifi_outage", starts_at=at(1), ends_at=at(4), homes=(0,)))
    of.command(first_id(of), ADVICE.model_copy(update={"expires_at": at(2)}))
    of.step()
    assert first_id(of) in of.take_changed()

    said: list[bool] = []
    for _ in range(4):
        of.step()
        said.append(first_id(of) in of.take_changed())

    assert of.reported(first_id(of)).changed_by == "schedule"
    assert said == [False, False, False, True]


def test_several_commands_of_one_step_are_all_obeyed() -> None:
    of = fleet()
    of.command(first_id(of), Desired(setpoint_c=21.0, requested_by="app"))
    of.command(first_id(of), Desired(fan="high", requested_by="app"))

    reading = of.step().telemetry(0)

    assert (reading.setpoint_c, reading.fan) == (21.0, "high")


def test_a_window_left_open_on_a_hot_day_costs_energy_and_the_neighbours_nothing() -> None:
    def kwh(*faults: Fault) -> list[float]:
        of = fleet(*faults, homes=20)
        for _ in range(288):
            of.step()
        return list(of.truth().cooling_kwh)

    open_window = Fault(kind="window_left_open", starts_at=at(48), ends_at=at(200), homes=(3,))

    closed, opened = kwh(), kwh(open_window)

    assert opened[3] > 1.05 * closed[3]
    assert opened[:3] + opened[4:] == closed[:3] + closed[4:]


@pytest.mark.parametrize(("kind", "severity"), [("clogged_filter", 0.5), ("low_refrigerant", 0.3)])
def test_a_machine_that_is_not_well_draws_more(kind: FaultKind, severity: float) -> None:
    def kwh(*faults: Fault) -> list[float]:
        of = fleet(*faults, homes=10)
        for _ in range(288):
            of.step()
        return list(of.truth().cooling_kwh)

    bad = Fault(kind=kind, starts_at=at(0), severity=severity, homes=(3,))

    sound, ill = kwh(), kwh(bad)

    assert ill[3] > 1.02 * sound[3]
    assert ill[:3] + ill[4:] == sound[:3] + sound[4:]


def test_a_stuck_sensor_says_the_same_all_along() -> None:
    of = fleet(Fault(kind="stuck_sensor", starts_at=at(20), homes=(0,)))

    said = [step.indoor_dry_bulb_c for step in _steps(of, 200)]

    assert len({float(values[0]) for values in said[21:]}) == 1
    assert len({float(values[1]) for values in said[21:]}) > 1


def events_of(of: Fleet, steps: int) -> list[Event]:
    found: list[Event] = []
    for _ in range(steps):
        of.step()
        found += of.take_events()
    return found


def test_every_device_says_that_it_has_started() -> None:
    of = fleet(Fault(kind="reboot", starts_at=at(2)), homes=20)

    found = events_of(of, 4)

    assert {event.device_id for event in found} == {site.device_id for site in of.sites}
    assert {(event.kind, event.occurred_at) for event in found} == {("boot", at(2))}


def test_windows_are_noticed_where_there_is_a_contact() -> None:
    homes = 400
    of = fleet(Fault(kind="window_left_open", starts_at=at(2), ends_at=at(4)), homes=homes)

    found = events_of(of, 6)

    opened = [event for event in found if event.kind == "window_open"]
    closed = [event for event in found if event.kind == "window_closed"]
    assert {event.device_id for event in opened} == {event.device_id for event in closed}
    assert {event.occurred_at for event in opened} == {at(2)}
    assert {event.occurred_at for event in closed} == {at(4)}
    assert abs(len(opened) / homes - WINDOW_CONTACT_SHARE) < 0.07  # 4 standard deviations


def test_machines_notice_bad_faults_of_their_own() -> None:
    def noticed(severity: float) -> list[Event]:
        fault = Fault(kind="low_refrigerant", starts_at=at(1), ends_at=at(3), severity=severity)
        return events_of(fleet(fault, homes=400), 4)

    assert noticed(0.2) == []
    found = noticed(0.4)
    assert {event.kind for event in found} == {"fault"}
    assert [event.detail["active"] for event in found].count(True) * 2 == len(found)
    assert {event.detail["code"] for event in found} == {"low_refrigerant"}
    assert abs(len(found) / 2 / 400 - SELF_DIAGNOSIS_SHARE) < 0.1  # 4 standard deviations
    assert len({(event.device_id, event.event_id) for event in found}) == len(found)


def test_events_wait_for_the_network() -> None:
    outage = Fault(kind="wifi_outage", starts_at=at(1), ends_at=at(4), homes=(0,))
    of = fleet(outage, Fault(kind="reboot", starts_at=at(2)))
    said: list[tuple[int, str]] = []
    for step in range(6):
        of.step()
        said += [(step, event.device_id) for event in of.take_events()]

    assert said == [(2, of.sites[1].device_id), (4, first_id(of))]


def test_the_lake_holds_neither_lost_readings_nor_times_said_before() -> None:
    outage = Fault(kind="wifi_outage", starts_at=at(10), ends_at=at(20), homes=(0,))
    skew = Fault(kind="clock_skew", starts_at=at(30), ends_at=at(40), severity=600.0, homes=(1,))

    table = simulate_telemetry(fleet(outage, skew, homes=3, buffer_readings=4), 1, HabitSetpoints())

    frame = table.to_pandas()
    rows = frame.groupby("device_id").size().tolist()
    assert rows == [288 - 6, 288 - 2, 288]
    assert not frame.duplicated(["device_id", "sampled_at"]).any()
    assert frame.groupby("device_id")["sampled_at"].apply(lambda times: times.is_monotonic_increasing).all()
    skewed = frame[frame.device_id.str.endswith("1")].set_index("sampled_at")["seq"]
    assert skewed[at(41)] == 40  # said by reading 38 too, ten minutes ahead; the later one counts
    assert at(31) not in skewed.index


def test_what_goes_wrong_does_not_depend_on_the_control_or_on_the_number_of_homes() -> None:
    kinds: tuple[tuple[FaultKind, float | None], ...] = (
        ("wifi_outage", None),
        ("clock_skew", 90.0),
        ("duplicates", 0.5),
        ("late_messages", 60.0),
        ("reboot", None),
    )
    random = tuple(RandomFault(kind=kind, per_season=60, severity=severity) for kind, severity in kinds)
    many, few = fleet(homes=20, random=random), fleet(homes=5, random=random)
    advised = few.fork()
    advised.command(first_id(advised), ADVICE)

    for _ in range(288):
        ours, theirs, also = few.step().condition, advised.step().condition, many.step().condition
        assert ours is not None
        assert theirs is not None
        assert also is not None
        for name in ("offline", "lost", "skew_s", "again_after_s", "delay_s"):
            mine = getattr(ours, name)
            assert np.array_equal(mine, getattr(theirs, name), equal_nan=mine.dtype == np.float64)
            assert np.array_equal(mine, getattr(also, name)[:5], equal_nan=mine.dtype == np.float64)
