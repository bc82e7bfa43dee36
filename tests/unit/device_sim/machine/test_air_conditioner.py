"""Machines against published curves and hand calculation."""

from collections.abc import Callable

import numpy as np
import pytest

from device_sim.machine.air_conditioner import AirConditioner
from device_sim.machine.curves import Kind
from device_sim.machine.parameters import MachineParameters, draw_machines
from device_sim.noise import Draws, Noise, Stream
from device_sim.psychrometrics import humidity_ratio

COOL = np.array([True])
SETPOINT_C = np.array([24.0])
MakeMachine = Callable[..., MachineParameters]
Start = Callable[..., AirConditioner]


def run(unit: AirConditioner, air_c: float, minutes: int = 1) -> AirConditioner:
    for _ in range(minutes):
        unit.run(np.array([air_c]), SETPOINT_C, COOL)
    return unit


def cooling_w(unit: AirConditioner) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return unit.sensible_w + unit.latent_w


@pytest.mark.parametrize("kind", Kind)
def test_cop_at_rating_point_a_is_the_rated_one(kind: Kind, make_machine: MakeMachine, start: Start) -> None:
    unit = run(start(make_machine(kind)), 26.7, 30)

    assert cooling_w(unit) == pytest.approx([5000.0], rel=0.02)  # Stull's wet bulb is within 0.4 K here
    assert cooling_w(unit) / unit.electric_w == pytest.approx([3.5], rel=0.02)


@pytest.mark.parametrize(
    ("kind", "cop"),
    # the published inputs per cooling at 82 °F over 95 °F, by hand (see the curves' tests)
    [(Kind.SINGLE_SPEED, 3.5 / 0.7978), (Kind.TWO_SPEED, 3.5 / 0.8261), (Kind.INVERTER, 3.5 / 0.9033)],
)
def test_cop_at_rating_point_b(kind: Kind, cop: float, make_machine: MakeMachine, start: Start) -> None:
    unit = run(start(make_machine(kind), outdoor_c=27.8), 26.7, 30)

    assert cooling_w(unit) / unit.electric_w == pytest.approx([cop], rel=0.02)


@pytest.mark.parametrize("kind", Kind)
def test_sensible_share_at_the_rating_point(kind: Kind, make_machine: MakeMachine, start: Start) -> None:
    unit = run(start(make_machine(kind)), 26.7, 30)

    assert 0.70 < (unit.sensible_w / cooling_w(unit))[0] < 0.80  # of product data


def test_the_first_stage_gives_072_for_less_than_that(make_machine: MakeMachine, start: Start) -> None:
    unit = run(start(make_machine(Kind.TWO_SPEED, fan_w=100.0)), 26.7, 4)

    assert unit.ratio == pytest.approx([0.72])
    # start-up is over after 4 minutes: exp(-240 / 45) = 0.5 %; the fan blows 0.86 of 100 W
    assert cooling_w(unit) + 86.0 == pytest.approx([3600.0], rel=0.02)
    assert unit.electric_w - 86.0 == pytest.approx([3600.0 / 3.814], rel=0.02)
    assert run(unit, 26.7, 4).ratio == pytest.approx([1.0])


def test_an_inverter_at_half_speed_needs_less_than_a_third_of_the_power(
    make_machine: MakeMachine, start: Start
) -> None:
    unit = run(start(make_machine(Kind.INVERTER)), 30.0, 30)
    full_w = unit.electric_w
    run(unit, 24.0, 30)

    assert unit.ratio == pytest.approx([0.5])
    # 0.1008 - 0.1315 x 0.5 + 1.0309 x 0.25 = 0.2927 (NREL ResStock's curve, by hand)
    assert unit.electric_w / full_w == pytest.approx([0.2927], abs=1e-3)


def test_a_started_coil_gives_less_than_half_in_its_first_minute(
    make_machine: MakeMachine, start: Start
) -> None:
    unit = run(start(make_machine()), 26.7)
    first_w = cooling_w(unit)
    run(unit, 26.7, 20)

    # 1 - 45/60 (1 - exp(-60/45)) = 0.4477
    assert first_w / cooling_w(unit) == pytest.approx([0.4477], abs=1e-3)


def test_cycling_at_half_load_costs_half_of_the_degradation_coefficient(
    make_machine: MakeMachine, start: Start
) -> None:
    unit = start(make_machine(start_up_s=300.0 * 0.15))
    cooled = drawn = 0.0
    for minute in range(600):  # 10 minutes on, 10 off: PLR 0.5 at three cycles an hour
        run(unit, 26.7 if minute % 20 < 10 else 20.0)
        cooled += float(cooling_w(unit)[0])
        drawn += float(unit.electric_w[0])

    # part-load factor 1 - C_D (1 - PLR) = 1 - 0.15 x 0.5 = 0.925 (AHRI 210/240)
    assert cooled / drawn / 3.5 == pytest.approx(0.925, abs=0.01)


def hold(unit: AirConditioner, load_w: float, minutes: int = 1440) -> tuple[float, float]:
    """Electricity [kWh] to hold 0.8 kWh/K of air and furniture under a constant load, and its mean."""
    air_c, energy_wh, mean_c = 24.5, 0.0, 0.0
    for _ in range(minutes):
        run(unit, air_c)
        air_c += (load_w - float(unit.sensible_w[0])) / 60.0 / 800.0
        energy_wh += float(unit.electric_w[0]) / 60.0
        mean_c += air_c / minutes
    return energy_wh / 1000.0, mean_c


def test_two_stages_hold_half_load_with_less_than_one(make_machine: MakeMachine, start: Start) -> None:
    dry = {"air_c": 24.0, "outdoor_c": 35.0}
    capacity_w = float(cooling_w(run(start(make_machine(), **dry), 24.0 + 2.0, 20))[0])
    single_kwh, single_c = hold(start(make_machine(), **dry), 0.35 * capacity_w)
    two_kwh, two_c = hold(start(make_machine(Kind.TWO_SPEED), **dry), 0.35 * capacity_w)

    assert two_c == pytest.approx(single_c, abs=0.1)
    # the first stage's COP is 3.814 / 3.5 of the second's: 0.918; rests are shorter, so losses are smaller
    assert 0.82 < two_kwh / single_kwh < 0.95


def test_single_speed_keeps_its_deadband(make_machine: MakeMachine, start: Start) -> None:
    unit = run(start(make_machine()), 24.5, 4)  # it has run its shortest time

    running = [bool(run(unit, air_c).on[0]) for air_c in (24.3, 23.7, 23.5, 24.3)]

    assert running == [True, True, False, False]


def test_the_compressor_rests_and_runs_its_shortest_times(make_machine: MakeMachine, start: Start) -> None:
    unit = start(make_machine())

    running = [bool(run(unit, c).on[0]) for c in (25.0, 20.0, 20.0, 20.0, 28.0, 28.0, 28.0, 28.0)]

    # starts, must run 3 minutes, stops, must rest 3 minutes, starts
    assert running == [True, True, True, False, False, False, True, True]


def test_no_machine_of_a_fleet_ever_runs_or_rests_too_short() -> None:
    homes, minutes = 40, 1500
    noise = Noise(4, "train", homes)
    unit = AirConditioner(
        draw_machines(Draws(noise, Stream.MACHINE), np.full(homes, 5e3), 43.0), 60.0, np.full(homes, 24.0)
    )
    swings = 24.0 + 2.0 * np.sin(np.cumsum(noise.normal(Stream.POLICY, np.arange(minutes)), axis=0))
    running = np.empty((minutes, homes), dtype=np.bool_)
    for minute, air_c in enumerate(swings):
        unit.run(air_c, np.full(homes, 24.0), np.ones(homes, dtype=np.bool_))
        running[minute] = unit.on

    for home in range(homes):
        changes = np.flatnonzero(np.diff(running[:, home]))
        assert len(changes) > 20
        assert np.diff(changes).min() >= 3


def test_mode_off_stops_at_once(make_machine: MakeMachine, start: Start) -> None:
    unit = run(start(make_machine(standby_w=5.0)), 28.0)

    unit.run(np.array([28.0]), SETPOINT_C, ~COOL)

    assert not unit.on[0]
    assert unit.electric_w == pytest.approx([5.0])
    assert unit.sensible_w == pytest.approx([0.0])


def test_fan_heat_is_taken_off_the_cooling_and_on_the_bill(make_machine: MakeMachine, start: Start) -> None:
    still, blown = (run(start(make_machine(fan_w=watts)), 26.7, 20) for watts in (0.0, 150.0))

    assert still.sensible_w - blown.sensible_w == pytest.approx([150.0])
    assert blown.electric_w - still.electric_w == pytest.approx([150.0])


@pytest.mark.parametrize(("outdoor_c", "idle_w"), [(9.0, 55.0), (11.0, 5.0)])
def test_a_resting_compressor_is_kept_warm_below_ten_degrees(
    outdoor_c: float, idle_w: float, make_machine: MakeMachine, start: Start
) -> None:
    unit = start(make_machine(standby_w=5.0, crankcase_w=50.0), outdoor_c=outdoor_c)

    assert run(unit, 22.0).electric_w == pytest.approx([idle_w])


def test_a_running_compressor_is_warm_by_itself(make_machine: MakeMachine, start: Start) -> None:
    heated, plain = (run(start(make_machine(crankcase_w=w), outdoor_c=9.0), 26.7, 20) for w in (50.0, 0.0))

    assert heated.electric_w == pytest.approx(plain.electric_w)


def test_sensor_follows_the_air_with_its_lag(make_machine: MakeMachine) -> None:
    unit = AirConditioner(make_machine(sensor_lag_s=120.0), 60.0, np.array([24.0]))
    run(unit, 25.0, 2)

    assert unit.sensed_c == pytest.approx([25.0 - np.exp(-1.0)])


def test_control_acts_on_what_the_sensor_feels_not_on_what_it_reports(
    make_machine: MakeMachine, start: Start
) -> None:
    # 24.45 °C is above the deadband of 24.4 °C, and 24 °C to a device that reports whole degrees
    unit = run(start(make_machine(sensor_resolution_k=1.0)), 24.45)

    assert unit.shown_c() == pytest.approx([24.0])
    assert unit.on[0]


@pytest.mark.parametrize(("resolution_k", "shown_c"), [(0.1, 24.8), (0.5, 25.0), (1.0, 25.0)])
def test_devices_report_in_their_own_steps(
    resolution_k: float, shown_c: float, make_machine: MakeMachine, start: Start
) -> None:
    unit = run(start(make_machine(sensor_resolution_k=resolution_k)), 24.82)

    assert unit.shown_c()[0] == shown_c


def test_a_sensor_that_reads_too_high_keeps_the_room_too_cool(
    make_machine: MakeMachine, start: Start
) -> None:
    unit = run(start(make_machine(sensor_offset_k=0.6)), 23.9)

    assert unit.sensed_c == pytest.approx([24.5])
    assert unit.on[0]


def test_noise_comes_on_top(make_machine: MakeMachine) -> None:
    unit = AirConditioner(make_machine(sensor_offset_k=0.2), 60.0, np.array([24.0]))
    unit.face(np.array([24.0]), humidity_ratio(24.0, np.array([50.0])), 30.0, np.array([0.05]))

    assert run(unit, 24.0).sensed_c == pytest.approx([24.25])
