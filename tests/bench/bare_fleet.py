"""The arithmetic of a step of the fleet in bare numpy: what a fleet's speed is held against.

Flat arrays that are made once, results written in place, no object but the one that keeps them. The formulas
are those of `device_sim`, so a step and a sub-step have the same kinds and numbers of operations; the homes
are drawn by other, rougher rules (`bare_homes`) and the weather stands still, so the numbers differ. Whoever
changes a formula of the fleet changes it here too. Included:

    step      15 hashed numbers, of which 3 pairs become normal; who is at home, awake, with guests; the felt
              temperature by its bilinear table; chances to act, to speak and to undo, and who does; gains;
              outdoor air, sun by four facades, the exact step of two nodes and of moisture; wet bulb, curves
              and coil, for first stages again; what sensors show, rounded; sums of what happened
    sub-step  sensor, compressor, inverter, stages, coil and electricity, two nodes, moisture, three sums

Left out: what happens once a day (plans, moods), what the few do who act (a handful of homes a step), the
firmware's layers of choices and its texts, commands, faults beyond asking whether there are any, events, the
readings as objects, and copies for whoever keeps them.
"""

import numpy as np
import numpy.typing as npt

from tests.bench.bare_air import (
    CURVES,
    FELT_C,
    FELT_COLUMNS,
    FELT_ROWS,
    STEP_H,
    Floats,
    chance_of,
    humidity_pct,
    on_curve,
    sensible,
    wet_bulb,
)
from tests.bench.bare_homes import SUBSTEP_S, WINDOW_W_M2, BareHomes

Flags = npt.NDArray[np.bool_]

SUBSTEPS = 5
OUTDOOR_C, OUTDOOR_RATIO, WIND_M_S, GHI_W_M2 = 33.0, 0.011, 3.0, 600.0
NORMALS = 3
STREAM_OF_USE = {"motion": 6, "warm": 7, "cold": 8, "whim": 9, "size": 10, "tap": 11}
FEWEST_KG_KG = 1e-4


class BareFleet(BareHomes):
    """All homes, stepped together."""

    def step(self) -> None:
        """All of a step."""
        self._hash()
        self._attend()
        self._feel()
        self._act()
        self._speak()
        self._surround()
        self._face()
        self.limit_c[:] = self.upper_c - (self.felt_c - self.air_c)
        for total in (self.energy, self.speed, self.warm):
            total.fill(0.0)
        for _ in range(SUBSTEPS):
            self._control()
            self._stage()
            self._exchange()
            self._advance()
        self._sum_up()
        self._show()
        self.tick += 1
        self.now_s += 300

    def _hash(self) -> None:
        words, shifted = self.words, self.shifted
        tick = np.uint64(self.tick * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
        for key, row in zip(self.keys, self.chance, strict=True):
            np.add(key, tick, words)
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
                np.bitwise_xor(words, np.right_shift(words, np.uint64(shift), shifted), words)
                np.multiply(words, np.uint64(factor), words)
            np.bitwise_xor(words, np.right_shift(words, np.uint64(31), shifted), words)
            np.add(np.right_shift(words, np.uint64(11), shifted), 0.5, row)
            np.multiply(row, 2.0**-53, row)
        for normal in range(NORMALS):
            radius, angle = self.chance[normal], self.chance[NORMALS + normal]
            np.sqrt(np.multiply(np.log(radius, radius), -2.0, radius), radius)
            np.multiply(radius, np.cos(np.multiply(angle, 6.283, angle), angle), radius)

    def _attend(self) -> None:
        f, hour = self.f, self.tick * STEP_H % 24.0
        away = f[2]
        away.fill(0)
        for day, (leave_h, return_h) in enumerate(zip(self.leave_h, self.return_h, strict=True)):
            then_h = hour + 24.0 * (day // 2)
            np.logical_and(np.less_equal(leave_h, then_h, f[0]), np.less(then_h, return_h, f[1]), f[0])
            np.logical_or(away, f[0], away)
        np.logical_not(np.logical_or(away, self.holiday, away), self.home)
        np.logical_and(np.less_equal(self.come_h, hour, f[0]), np.less(hour, self.go_h, f[1]), f[0])
        np.multiply(np.multiply(self.expected, f[0], self.guests), self.home, self.guests)
        np.logical_and(np.less_equal(self.wake_h, hour, f[0]), np.less(hour, self.bed_h, f[1]), f[0])
        np.logical_or(f[0], np.less(hour, self.late_h, f[1]), f[0])
        np.logical_or(f[0], np.greater(self.guests, 0.0, f[1]), self.awake)

    def _feel(self) -> None:
        row, column, y, low, high, x = self.w[:6]
        np.multiply(np.add(self.air_c, self.mass_c, row), 0.5, row)
        humidity_pct(row, self.water, column, (y, low))
        np.clip(np.divide(np.subtract(row, 5.0, row), 0.5, row), 0.0, FELT_ROWS - 1.001, out=row)
        np.clip(np.divide(column, 10.0, column), 0.0, FELT_COLUMNS - 1.001, out=column)
        i, j = row.astype(np.intp), column.astype(np.intp)
        np.subtract(row, i, x)
        np.subtract(column, j, y)
        np.add(np.multiply(i, FELT_COLUMNS, i), j, i)
        for side in (low, high):
            np.multiply(FELT_C[i], np.subtract(1.0, y, row), side)
            np.add(side, np.multiply(FELT_C[i + 1], y, row), side)
            np.add(i, FELT_COLUMNS, i)
        np.multiply(low, np.subtract(1.0, x, row), low)
        np.add(low, np.multiply(high, x, high), self.felt_c)

    def _act(self) -> None:
        """Who takes the remote: too warm, too cold, on a whim, or to put a change back."""
        a, f, there = self.w[0], self.f, self.there
        warm, cold, whim, due, back = f[:5]
        np.logical_and(self.home, self.awake, there)
        np.subtract(np.subtract(self.felt_c, self.upper_c, a), self.silent_k, a)
        np.less(self._use("warm"), chance_of(a, 0.5, self.rate_h, self.w[1]), warm)
        np.subtract(np.subtract(self.lower_c, self.silent_k, a), self.felt_c, a)
        np.less(self._use("cold"), chance_of(a, 0.5, self.rate_h, self.w[1]), cold)
        np.add(np.multiply(np.greater(self.guests, 0.0, whim), 2.0, a), 1.0, a)
        np.multiply(np.multiply(self.whim_h, a, a), STEP_H, a)
        np.logical_and(there, np.less(self._use("whim"), a, whim), whim)
        np.logical_or(warm, cold, cold)
        np.logical_and(np.logical_and(there, np.less_equal(self.settled_s, self.now_s, due), due), cold, cold)
        np.logical_and(cold, np.logical_not(whim, due), cold)
        np.logical_and(
            np.greater(self.restore_s, 0, due), np.less_equal(self.restore_s, self.now_s, back), due
        )
        self.restore_s[due] = 0
        np.logical_and(np.logical_and(due, self.by_remote, due), self._differs(back), due)
        np.logical_or(cold, whim, back)
        np.logical_and(np.logical_and(there, due, due), np.logical_not(back, f[5]), due)
        down = np.where(cold, warm, np.less(self._use("size"), 0.5, f[5]))
        who = np.flatnonzero(np.logical_or(back, due, f[5]))
        self.setpoint_c[who] = self.habit_c[who] - 0.5 * down[who]
        np.logical_and(cold, self._differs(f[5]), cold)
        self.restore_s[whim] = self.now_s + 3600
        self.settled_s[back] = self.now_s + 3600
        self._count(0, back)
        self._count(1, cold)

    def _use(self, what: str) -> Floats:
        """The step's uniform numbers of one stream."""
        row: Floats = self.chance[STREAM_OF_USE[what]]
        return row

    def _differs(self, out: Flags) -> Flags:
        return np.not_equal(self.setpoint_c, self.habit_c, out)

    def _count(self, row: int, who: Flags) -> None:
        np.add(self.sums[row], who, self.sums[row])

    def _speak(self) -> None:
        """Who says "a bit warm", takes advice back, or has had enough of it."""
        a, b, c, f = *self.w[:3], self.f
        same, taps, undos, able, new = f[0], f[2], f[3], f[4], f[5]
        setting = np.where(self.advised, np.where(self.cooling, self.setpoint_c, self.unset), self.unset)
        np.equal(setting, self.advised_c, same)
        np.logical_and(np.isnan(setting, taps), np.isnan(self.advised_c, undos), taps)
        self.advised_s[np.logical_not(np.logical_or(same, taps, same), same)] = self.now_s
        self.advised_c[:] = setting
        np.less(np.subtract(self.now_s, self.advised_s), 7200, new)
        np.subtract(self.felt_c, self.upper_c, a)
        b[:] = a
        np.less(self._use("tap"), chance_of(b, 0.3, self.tap_h, c), taps)
        np.add(chance_of(a, 0.3, self.undo_h, c), np.multiply(np.greater(self.undo_h, 0.0, same), 4e-4, b), a)
        np.less(np.subtract(1.0, self._use("tap"), b), a, undos)
        np.logical_and(self.there, np.less_equal(self.settled_s, self.now_s, able), able)
        np.logical_and(able, self.advised, able)
        np.logical_and(np.logical_and(able, new, new), undos, undos)
        np.logical_and(undos, np.logical_not(taps, same), undos)
        np.logical_and(able, taps, taps)
        self.settled_s[np.logical_or(taps, undos, same)] = self.now_s + 3600
        np.logical_or(np.logical_and(f[1], self.advised, f[1]), undos, f[1])
        np.flatnonzero(f[1])
        self._count(2, taps)
        self._count(3, undos)
        self._count(4, np.not_equal(self.until_s, 0, same))

    def _surround(self) -> None:
        """Gains, outdoor air and sun, and with them the coefficients of the step."""
        a, b, flow, sun, into_air, into_mass = self.w[:6]
        self._gain(a, b)
        np.abs(np.subtract(OUTDOOR_C, self.air_c, a), a)
        np.multiply(self.stack, a, a)
        np.add(a, np.multiply(self.wind, WIND_M_S * WIND_M_S, b), a)
        np.multiply(np.multiply(self.leak_m2, self.leak_m2, b), a, a)
        np.add(a, np.multiply(self.fan_m3_s, self.fan_m3_s, b), a)
        np.add(np.sqrt(a, flow), 1e-9, flow)
        self.window_open.any()  # no window is open, as in the fleet without a plan of faults
        outdoor_w_k = np.add(self.window_w_k, np.multiply(flow, 1207.2, self.w[6]), self.w[6])
        np.multiply(self.facade_m2[0], WINDOW_W_M2[0], sun)
        for facade_m2, w_m2 in zip(self.facade_m2[1:], WINDOW_W_M2[1:], strict=True):
            np.add(sun, np.multiply(facade_m2, w_m2, a), sun)
        np.multiply(self.to_air, sun, a)
        np.add(np.multiply(outdoor_w_k, OUTDOOR_C, into_air), a, into_air)
        np.add(into_air, self.gain_w, into_air)
        np.add(np.multiply(self.envelope_w_k, OUTDOOR_C, into_mass), sun, into_mass)
        np.subtract(into_mass, a, into_mass)
        np.add(into_mass, np.multiply(self.roof_m2, GHI_W_M2, a), into_mass)
        self._solve(outdoor_w_k)
        for out, (by_air, by_mass) in ((self.to_air_k, self.gamma[:2]), (self.to_mass_k, self.gamma[2:])):
            np.add(np.multiply(by_air, into_air, out), np.multiply(by_mass, into_mass, a), out)
        self._dampen(flow, a, b)

    def _gain(self, a: Floats, b: Floats) -> None:
        active = np.logical_and(self.home, self.awake, self.f[0])
        np.add(np.multiply(self.home, self.persons, a), self.guests, a)
        np.add(self.base_w, np.multiply(active, self.active_w, b), self.gain_w)
        np.add(self.gain_w, np.multiply(a, 70.0, b), self.gain_w)
        np.add(np.multiply(a, 0.05, a), np.multiply(active, 0.2, b), a)
        np.divide(a, 3600.0, self.water_kg_s)

    def _solve(self, outdoor_w_k: Floats) -> None:
        """The exact step of both nodes; in scratch from 0 to 9, of which 4 and 5 are the caller's."""
        a, fast, slow, linear = (*self.w[7:10], self.w[0])
        x, y = self.w[1], self.w[3]
        aa, am, ma, mm = self.phi
        np.multiply(np.negative(np.add(self.node_w_k, outdoor_w_k, a), a), self.per_air, a)
        np.multiply(np.add(a, self.d, x), 0.5, x)
        np.square(np.multiply(np.subtract(a, self.d, y), 0.5, y), y)
        np.sqrt(np.add(y, self.bc, y), y)
        np.subtract(x, y, fast)
        np.add(x, y, slow)
        np.exp(np.multiply(fast, SUBSTEP_S, x), x)
        np.exp(np.multiply(slow, SUBSTEP_S, y), y)
        np.divide(np.subtract(y, x, linear), np.subtract(slow, fast, x), linear)
        np.subtract(y, np.multiply(slow, linear, x), x)
        np.add(np.multiply(linear, a, aa), x, aa)
        np.add(np.multiply(linear, self.d, mm), x, mm)
        np.multiply(linear, self.b, am)
        np.multiply(linear, self.c, ma)
        np.subtract(np.multiply(a, self.d, x), self.bc, x)
        by_air, by_mass = np.divide(self.per_air, x, fast), np.divide(self.per_mass, x, slow)
        air, mass = np.subtract(aa, 1.0, x), np.subtract(mm, 1.0, y)
        rows = (
            (self.d, air, self.b, ma, by_air),
            (self.d, am, self.b, mass, by_mass),
            (a, ma, self.c, air, by_air),
            (a, mass, self.c, am, by_mass),
        )
        for out, (left, one, right, other, by) in zip(self.gamma, rows, strict=True):
            np.subtract(np.multiply(left, one, out), np.multiply(right, other, linear), out)
            np.multiply(out, by, out)

    def _dampen(self, flow: Floats, leaves: Floats, b: Floats) -> None:
        np.expm1(np.multiply(np.negative(self.damp_s, leaves), flow, leaves), leaves)
        np.negative(leaves, leaves)
        np.divide(leaves, np.multiply(flow, 1.2, b), b)
        np.subtract(1.0, leaves, self.stays)
        np.multiply(leaves, OUTDOOR_RATIO, self.to_water)
        np.add(self.to_water, np.multiply(b, self.water_kg_s, leaves), self.to_water)
        np.divide(b, 2.501e6, self.per_w)

    def _face(self) -> None:
        """Capacity, electricity and sensible share at the conditions of the step, for first stages again."""
        two, w, v = self.two, self.w, self.v
        wet_c = w[0]
        humidity_pct(self.air_c, self.water, w[1], w[2:4])
        wet_bulb(self.air_c, w[1], wet_c, w[2:4])
        on_curve(CURVES[0], self.kind, wet_c, self.full_w, w[1:3])
        np.multiply(self.capacity_w, self.full_w, self.full_w)
        on_curve(CURVES[1], self.kind, wet_c, self.input_w, w[1:3])
        np.multiply(np.divide(self.full_w, self.cop, w[1]), self.input_w, self.input_w)
        two_c, low_w, input_w = wet_c[two], v[0], v[1]
        on_curve(CURVES[0], self.two_kind, two_c, low_w, v[2:4])
        np.multiply(self.two_capacity_w, low_w, low_w)
        on_curve(CURVES[1], self.two_kind, two_c, input_w, v[2:4])
        np.multiply(np.divide(low_w, self.two_cop, v[2]), input_w, input_w)
        self.low_w[two], self.low_input_w[two] = low_w, input_w
        np.divide(self.full_w, self.air_kg_s, w[0])
        sensible(self.air_c, self.water, (w[0], self.bypass), self.share, w[1:6])
        np.divide(self.low_w[two], np.multiply(self.air_kg_s[two], 0.86, v[1]), v[0])
        sensible(self.air_c[two], self.water[two], (v[0], self.two_bypass), v[1], v[2:7])
        self.low_share[two] = v[1]
        np.add(np.multiply(self.chance[0], 0.05, self.noise_k), self.offset_k, self.noise_k)
        np.add(self.noise_k, self.drift_k, self.noise_k)

    def _control(self) -> None:
        """Sensor, compressor and inverter."""
        a, error, b, f = self.w[0], self.w[9], self.w[1], self.f
        rested, keep, start = f[:3]
        np.multiply(np.subtract(self.air_c, self.lagged_c, a), self.follow, a)
        np.add(np.add(self.lagged_c, a, self.lagged_c), self.noise_k, self.sensed_c)
        np.subtract(self.sensed_c, self.setpoint_c, error)
        np.greater_equal(self.rest_s, np.where(self.on, self.min_on_s, self.min_off_s), rested)
        np.greater(error, np.negative(self.off_below_k, a), keep)
        np.logical_or(keep, np.logical_not(rested, start), keep)
        np.logical_and(np.greater(error, self.on_above_k, start), rested, start)
        on = np.where(self.on, keep, start)
        np.logical_and(on, self.cooling, on)
        np.add(np.where(np.equal(on, self.on, keep), self.rest_s, 0.0), SUBSTEP_S, self.rest_s)
        self.on, self.running[:] = on, on
        np.minimum(np.add(np.divide(error, self.band_k, a), 0.5, a), 1.0, out=a)
        np.minimum(np.maximum(np.subtract(a, self.ratio, a), -0.1, out=a), 0.1, out=a)
        np.multiply(np.maximum(np.add(self.ratio, a, b), self.slowest, out=b), self.running, self.ratio)

    def _stage(self) -> None:
        """The stages of the two-speed machines."""
        error, on, size = self.w[9][self.two], self.on[self.two], len(self.two)
        may, slow, warm, up = (flags[:size] for flags in self.f[:4])
        np.greater_equal(self.since_s, 300.0, may)
        np.logical_and(np.greater_equal(self.since_s, 1200.0, slow), np.greater(error, 0.0, warm), slow)
        np.logical_or(np.logical_and(np.greater(error, self.up_above_k, up), may, up), slow, up)
        np.logical_or(np.greater(error, 0.0, warm), np.logical_not(may, may), warm)
        second = np.where(self.second, warm, up)
        np.logical_and(second, on, second)
        np.logical_and(np.equal(second, self.second, may), on, may)
        np.add(np.where(may, self.since_s, 0.0), np.multiply(on, SUBSTEP_S, error), self.since_s)
        self.second = second
        self.first[self.two] = np.logical_and(on, np.logical_not(second, warm), warm)

    def _exchange(self) -> None:
        """What the coil takes out of the air, and the electricity for it."""
        a, total, fan, power = self.w[:4]
        running, first, (at_rest, by_speed, bend) = self.running, self.first, self.power
        self.ratio = ratio = np.where(first, 0.72, self.ratio)
        np.subtract(running, np.multiply(self.warm_up, running, a), a)
        share = np.subtract(running, np.multiply(a, self.missed, fan), fan)
        np.subtract(running, np.multiply(a, self.cold, a), self.warm_up)
        np.multiply(np.where(first, self.low_w, np.multiply(self.full_w, ratio, a)), share, total)
        np.multiply(self.fan_speed_w, ratio, fan)
        np.add(np.multiply(self.fan_rest_w, running, a), fan, fan)
        np.multiply(np.add(by_speed, np.multiply(bend, ratio, power), power), ratio, power)
        np.add(np.multiply(at_rest, running, a), power, power)
        compressor_w = np.where(first, self.low_input_w, np.multiply(self.input_w, power, power))
        np.multiply(total, np.where(first, self.low_share, self.share), a)
        np.subtract(a, fan, self.sensible_w)
        np.subtract(total, a, self.latent_w)
        np.add(np.add(compressor_w, fan, fan), self.standby_w, self.electric_w)

    def _advance(self) -> None:
        """Air, mass and moisture, and the sums of the step."""
        a, air_c, mass_c = self.w[:3]
        aa, am, ma, mm = self.phi
        for out, by_air, by_mass, to_k, gamma in (
            (air_c, aa, am, self.to_air_k, self.gamma[0]),
            (mass_c, ma, mm, self.to_mass_k, self.gamma[2]),
        ):
            np.add(np.multiply(by_air, self.air_c, out), np.multiply(by_mass, self.mass_c, a), out)
            np.add(out, to_k, out)
            np.subtract(out, np.multiply(gamma, self.sensible_w, a), out)
        self.w[1], self.w[2], self.air_c, self.mass_c = self.air_c, self.mass_c, air_c, mass_c
        np.add(np.multiply(self.stays, self.water, self.water), self.to_water, self.water)
        np.subtract(self.water, np.multiply(self.per_w, self.latent_w, a), self.water)
        np.maximum(self.water, FEWEST_KG_KG, out=self.water)
        np.add(self.energy, self.electric_w, self.energy)
        np.add(self.speed, self.ratio, self.speed)
        np.maximum(np.subtract(self.air_c, self.limit_c, a), 0.0, out=a)
        np.add(self.warm, a, self.warm)

    def _sum_up(self) -> None:
        a, sums = self.w[0], self.sums
        np.multiply(self.energy, SUBSTEP_S / 3.6e6, self.energy)
        np.divide(self.speed, SUBSTEPS, self.speed)
        np.divide(self.warm, SUBSTEPS, self.warm)
        np.add(sums[5], self.energy, sums[5])
        np.add(sums[6], np.multiply(np.multiply(self.warm, self.home, a), STEP_H, a), sums[6])
        np.add(sums[7], np.multiply(self.home, STEP_H, a), sums[7])
        np.add(sums[8], STEP_H, sums[8])
        np.add(self.energy_kwh, self.energy, self.energy_kwh)

    def _show(self) -> None:
        """What the sensors report, in their steps."""
        a, f, chance = self.w[0], self.f, self.chance
        humidity, outdoor, indoor, power, total, speed, setpoint = self.shown
        humidity_pct(self.air_c, self.water, humidity, self.w[1:3])
        np.add(humidity, np.multiply(chance[1], 1.5, a), humidity)
        np.divide(np.clip(humidity, 0.0, 100.0, out=humidity), self.step_pct, humidity)
        np.multiply(np.rint(humidity, humidity), self.step_pct, humidity)
        np.round(np.add(np.multiply(chance[2], 0.3, a), OUTDOOR_C, a), 1, out=outdoor)
        np.rint(np.multiply(self.sensed_c, np.divide(1.0, self.step_k, a), indoor), indoor)
        np.divide(indoor, a, indoor)
        indoor[:] = np.where(np.less(chance[12], 0.001, f[0]), self.unset, indoor)
        setpoint[:] = np.where(self.cooling, self.setpoint_c, self.unset)
        np.round(np.multiply(self.energy, 12e3, a), 1, out=power)
        np.round(self.energy_kwh, 3, out=total)
        np.round(self.speed, 3, out=speed)
        np.subtract(1.0, np.where(self.awake, 0.75, 0.04), a)
        np.less(self._use("motion"), np.subtract(1.0, np.power(a, 1.0, a), a), f[0])
        np.logical_and(self.home, f[0], f[0])
        np.less(chance[13], 0.0005, f[1])
        np.less(chance[14], 0.002, f[2])
