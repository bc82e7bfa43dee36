"""Heat and moisture of a whole fleet over a day: what came in is what is stored, by another integration."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim import fleet as fleet_module
from device_sim.fleet import Fleet, FleetSpec
from device_sim.home.room import Room, RoomParameters, Surroundings
from device_sim.noise import Floats

DAY = 288
SLICE_S = 10.0
SPEC = FleetSpec(homes=8, seed=3, start=datetime(2025, 7, 1, 7, tzinfo=UTC))


def outdoor_air_m3_s(p: RoomParameters, outside: Surroundings, air_c: Floats) -> Floats:
    """Written again from the formulas of the handbook and of de Gids & Phaff."""
    o, warm_k, wind = p.openings, abs(outside.outdoor_c - air_c), outside.wind_m_s
    cracks = o.leakage_m2 * np.sqrt(o.stack_m2_s2_k * warm_k + o.wind_ratio * wind**2)
    window = o.window_m2 / 2.0 * np.sqrt(0.001 * wind**2 + 0.0035 * 1.2 * warm_k + 0.01)
    return np.asarray(np.hypot(cracks, o.fan_m3_s) + np.where(outside.window_open, window, 0.0))


class WatchedRoom(Room):
    """A room beside which the same equations are integrated by Runge and Kutta's fourth order."""

    def __init__(self, parameters: RoomParameters, substep_s: float, air_c: Floats, mass_c: Floats) -> None:
        super().__init__(parameters, substep_s, air_c, mass_c)
        self.first = np.array([air_c, mass_c, self.humidity_ratio, 0.0 * air_c])
        self.state = self.first.copy()  # air, mass, humidity ratio, heat that came in [J]
        self.turned_over_j, self.turned_over_kg = np.zeros_like(air_c), np.zeros_like(air_c)

    def surround(self, outside: Surroundings) -> None:
        is_open = np.arange(len(self.air_c)) % 2 == 0  # every other home leaves a window open
        self.outside = replace(outside, window_open=is_open)
        self.air_m3_s = outdoor_air_m3_s(self.parameters, self.outside, self.state[0])
        super().surround(self.outside)

    def advance(self, sensible_w: Floats, latent_w: Floats) -> None:
        super().advance(sensible_w, latent_w)
        for _ in range(round(60.0 / SLICE_S)):
            self._slice(sensible_w, latent_w)
        self.turned_over_j += 60.0 * (abs(sensible_w) + self.outside.gain_w)
        self.turned_over_kg += 60.0 * (latent_w / 2.501e6 + self.outside.moisture_kg_s)

    def _slice(self, sensible_w: Floats, latent_w: Floats) -> None:
        a = self._rates(self.state, sensible_w, latent_w)
        b = self._rates(self.state + SLICE_S / 2.0 * a, sensible_w, latent_w)
        c = self._rates(self.state + SLICE_S / 2.0 * b, sensible_w, latent_w)
        d = self._rates(self.state + SLICE_S * c, sensible_w, latent_w)
        self.state = self.state + SLICE_S / 6.0 * (a + 2.0 * b + 2.0 * c + d)

    def _rates(self, state: Floats, sensible_w: Floats, latent_w: Floats) -> Floats:
        p, o = self.parameters, self.outside
        air, mass, ratio, _ = state
        sun = (p.windows.area_m2 * p.windows.shading_ratio * o.window_w_m2).sum(axis=1) * p.windows.shgc
        between = p.air_mass_w_k * (mass - air)
        into_air = (p.window_w_k + 1207.2 * self.air_m3_s) * (o.outdoor_c - air) + o.gain_w - sensible_w
        into_air = into_air + p.windows.to_air_ratio * sun
        into_mass = p.envelope_w_k * (o.outdoor_c - mass) + p.opaque_solar_m2 * o.ghi_w_m2
        into_mass = into_mass + (1.0 - p.windows.to_air_ratio) * sun
        water = (
            1.2 * self.air_m3_s * (o.outdoor_humidity_ratio - ratio) + o.moisture_kg_s - latent_w / 2.501e6
        )
        return np.array(
            [
                (into_air + between) / p.air_capacity_j_k,
                (into_mass - between) / p.mass_capacity_j_k,
                water / (1.2 * 15.0 * 2.5 * p.floor_area_m2),
                into_air + into_mass,
            ]
        )


@pytest.fixture(scope="module")
def room() -> WatchedRoom:
    """The rooms of a fleet after a day."""
    rooms: list[WatchedRoom] = []

    def watch(*arguments: object) -> WatchedRoom:
        rooms.append(WatchedRoom(*arguments))  # type: ignore[arg-type]
        return rooms[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fleet_module, "Room", watch)
        fleet = Fleet(SPEC, 1)
        for _ in range(DAY):
            fleet.step()
    return rooms[0]


def test_energy_balance_closes_to_one_millionth_over_a_day(room: WatchedRoom) -> None:
    p, (first_air, first_mass, _, _) = room.parameters, room.first
    stored_j = p.air_capacity_j_k * (room.air_c - first_air) + p.mass_capacity_j_k * (
        room.mass_c - first_mass
    )

    assert room.air_c == pytest.approx(room.state[0], abs=1e-6)
    assert room.mass_c == pytest.approx(room.state[1], abs=1e-6)
    assert (room.turned_over_j > 1e7).all()
    assert (abs(stored_j - room.state[3]) < 1e-6 * room.turned_over_j).all()


def test_moisture_balance_closes_to_one_millionth_over_a_day(room: WatchedRoom) -> None:
    air_kg = 1.2 * 15.0 * 2.5 * room.parameters.floor_area_m2

    assert (room.turned_over_kg > 1.0).all()
    assert (abs(room.humidity_ratio - room.state[2]) * air_kg < 1e-6 * room.turned_over_kg).all()
