"""Homes: what a fleet starts with."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.homes import build_homes
from device_sim.specification import FleetSpec


def test_the_mass_starts_in_balance_with_the_first_day() -> None:
    homes = build_homes(FleetSpec(homes=20, seed=1, start=datetime(2025, 7, 1, 7, tzinfo=UTC)), 3, None)
    air_c = np.full(20, 24.0)

    mass_c = homes.first_mass_c(air_c)

    p, weather, day = homes.rooms, homes.weather, slice(0, 288)
    sun_w = np.einsum("hf,f->h", p.windows.aperture_m2, homes.window_w_m2[day].mean(axis=0))
    into_mass_w = (1.0 - p.windows.to_air_ratio) * sun_w + p.opaque_solar_m2 * weather.ghi_w_m2[day].mean()
    outdoor_c = weather.outdoor_dry_bulb_c[day].mean()
    leaves_w = p.air_mass_w_k * (mass_c - air_c) + p.envelope_w_k * (mass_c - outdoor_c)
    assert leaves_w == pytest.approx(into_mass_w, rel=1e-9)
    assert (into_mass_w > 0.0).all()


def test_heat_waves_come_on_top_of_the_weather() -> None:
    spec = FleetSpec(homes=1, seed=1, start=datetime(2025, 7, 1, 7, tzinfo=UTC), split="train")

    usual = build_homes(spec, 20, None).weather.outdoor_dry_bulb_c
    hot = build_homes(replace(spec, heat_waves_per_summer=15.0), 20, None).weather.outdoor_dry_bulb_c

    # waves of 3 to 6 days that peak 3 to 7 K above, 15 in 153 days: about two in these
    assert (hot >= usual).all()
    assert 3.0 < (hot - usual).max() < 20.0
    assert (hot == usual).any()
