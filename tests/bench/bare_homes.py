"""The homes of the bare fleet: state, constants and scratch, drawn by rough rules but of plausible size."""

import numpy as np

from tests.bench.bare_air import Floats

SUBSTEP_S = 60.0
CHANCES = 15
WINDOW_W_M2 = (60.0, 250.0, 150.0, 90.0)
"""Irradiance behind glass that looks north, east, south, west."""


class BareHomes:
    """The state, the constants and the scratch of all homes; arrays are `(homes,)`.

    Args:
        homes: How many.
    """

    def __init__(self, homes: int) -> None:
        self.lot = np.random.default_rng(1)
        self.homes, self.tick, self.now_s = homes, 0, 1_750_000_000
        self.keys = self.lot.integers(0, 2**63, (CHANCES, homes)).astype(np.uint64)
        self.words, self.shifted = np.empty((2, homes), dtype=np.uint64)
        self.chance = np.empty((CHANCES, homes))
        self.w = list(np.empty((10, homes)))  # scratch
        self.f = list(np.empty((6, homes), dtype=np.bool_))
        self._draw_people()
        self._draw_room()
        self._draw_machine()
        self._draw_first_stage()

    def _between(self, low: float, high: float) -> Floats:
        return self.lot.uniform(low, high, self.homes)

    def _none(self, rows: int) -> tuple[Floats, ...]:
        return tuple(np.zeros((rows, self.homes)))

    def _draw_people(self) -> None:
        between, homes = self._between, self.homes
        self.leave_h = between(7.0, 10.0), between(18.0, 22.0), between(30.0, 34.0), between(42.0, 46.0)
        self.return_h = tuple(hour + between(1.0, 6.0) for hour in self.leave_h)
        self.come_h, self.go_h, self.expected = between(17.5, 19.5), between(20.0, 23.9), between(0.0, 3.0)
        self.wake_h, self.bed_h, self.late_h = between(6.0, 8.0), between(22.0, 24.0), between(-1.0, 1.0)
        self.holiday, self.advised, self.by_remote = (between(0.0, 1.0) < share for share in (0.05, 0.3, 0.1))
        self.persons, self.base_w, self.active_w = between(1.0, 5.0), between(80, 200), between(100, 400)
        self.habit_c = between(22.0, 26.0)
        self.lower_c, self.upper_c = self.habit_c - 1.5, self.habit_c + 1.5
        self.silent_k, self.rate_h, self.whim_h = between(0.2, 1.0), between(0.1, 1.0), between(0.001, 0.01)
        self.tap_h, self.undo_h = between(0.05, 0.4), between(0.01, 0.2)
        self.settled_s, self.restore_s, self.advised_s = np.zeros((3, homes), dtype=np.int64)
        self.until_s = np.zeros(homes, dtype=np.int64)
        self.advised_c, self.setpoint_c = self.habit_c.copy(), self.habit_c.copy()
        self.home, self.awake, self.there = np.zeros((3, homes), dtype=np.bool_)
        self.guests, self.felt_c, self.gain_w, self.water_kg_s, self.limit_c = self._none(5)
        self.sums = np.zeros((9, homes))

    def _draw_room(self) -> None:
        between = self._between
        self.air_c, self.mass_c, self.water = between(23.0, 27.0), between(25.0, 28.0), between(0.008, 0.011)
        self.leak_m2, self.stack, self.wind = between(0.03, 0.1), between(0.014, 0.03), between(0.003, 0.03)
        self.fan_m3_s, self.window_w_k, self.envelope_w_k = (
            between(0, 0.02),
            between(30, 90),
            between(80, 250),
        )
        self.facade_m2 = tuple(between(0.5, 4.0) for _ in WINDOW_W_M2)
        self.to_air, self.roof_m2, self.node_w_k = between(0.2, 0.5), between(0.5, 2.0), between(1e3, 3e3)
        self.per_air, self.per_mass = 1.0 / between(1e6, 3e6), 1.0 / between(2e7, 6e7)
        self.b, self.c = self.node_w_k * self.per_air, self.node_w_k * self.per_mass
        self.d, self.bc = -(self.node_w_k + self.envelope_w_k) * self.per_mass, self.b * self.c
        self.damp_s = SUBSTEP_S / (between(200.0, 600.0) * 15.0)
        self.phi, self.gamma = np.empty((4, self.homes)), np.empty((4, self.homes))
        self.to_air_k, self.to_mass_k, self.stays, self.to_water, self.per_w = self._none(5)
        self.window_open = np.zeros(self.homes, dtype=np.bool_)

    def _draw_machine(self) -> None:
        between = self._between
        self.kind = self.lot.choice(3, self.homes, p=(0.40, 0.15, 0.45)).astype(np.int8)
        inverter = self.kind == 2
        self.capacity_w, self.cop = between(6e3, 14e3), between(3.0, 4.5)
        self.air_kg_s, self.bypass = 6.2e-5 * self.capacity_w, np.full(self.homes, 0.1)
        self.offset_k, self.drift_k, self.follow = between(-0.5, 0.5), np.zeros(self.homes), between(0.2, 0.6)
        self.on_above_k, self.off_below_k, self.band_k = (
            between(0.2, 0.6),
            between(0.2, 0.6),
            between(0.5, 1.5),
        )
        self.min_on_s, self.min_off_s = between(120.0, 300.0), between(120.0, 300.0)
        self.slowest = np.where(inverter, 0.3, 1.0)
        self.power = tuple(np.where(inverter, a, b) for a, b in ((0.1, 0.0), (-0.13, 0.0), (1.03, 1.0)))
        self.missed, self.cold = between(0.3, 0.6), between(0.2, 0.5)
        self.fan_rest_w, self.fan_speed_w, self.standby_w = between(50, 90), between(80, 150), between(2, 8)
        self.step_k, self.step_pct = between(0.1, 0.5), between(0.5, 1.0)
        self.sensed_c, self.lagged_c = self.air_c.copy(), self.air_c.copy()
        self.noise_k, self.warm_up, self.running, self.ratio, self.full_w, self.input_w = self._none(6)
        self.share, self.low_w, self.low_input_w, self.low_share = self._none(4)
        self.sensible_w, self.latent_w, self.electric_w, self.energy_kwh = self._none(4)
        self.energy, self.speed, self.warm = self._none(3)
        self.on, self.first = np.zeros((2, self.homes), dtype=np.bool_)
        self.cooling, self.rest_s = np.ones(self.homes, dtype=np.bool_), np.full(self.homes, 1e6)
        self.unset, self.shown = np.full(self.homes, 99.0), np.empty((7, self.homes))

    def _draw_first_stage(self) -> None:
        self.two = np.flatnonzero(self.kind == 1)
        homes, two = len(self.two), self.two
        self.two_kind = np.ones(homes, dtype=np.int8)
        self.two_capacity_w, self.two_cop = 0.72 * self.capacity_w[two], 1.08 * self.cop[two]
        self.two_air_kg_s, self.two_bypass = 0.86 * self.air_kg_s[two], np.full(homes, 0.07)
        self.up_above_k, self.since_s = self.on_above_k[two] + 0.28, np.zeros(homes)
        self.second = np.zeros(homes, dtype=np.bool_)
        self.v = list(np.empty((8, homes)))
