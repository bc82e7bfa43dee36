"""The table of kinds: what homes of each archetype come to."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.home.archetypes import NAMES
from device_sim.homes import Homes, build_homes
from device_sim.kinds import figures, table
from device_sim.specification import FleetSpec

SPEC = FleetSpec(homes=300, seed=2, start=datetime(2025, 7, 1, 7, tzinfo=UTC), split="train")


@pytest.fixture(scope="module")
def homes() -> Homes:
    return build_homes(SPEC, 1, None)


def test_every_kind_has_a_row_of_three_figures_a_column(homes: Homes) -> None:
    heading, rule, *rows = table(homes)

    assert heading.count("|") == rule.count("|") == 9
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(NAMES)
    assert all(row.count("/") == 2 * 7 for row in rows)


def test_losses_are_those_of_two_paths_side_by_side(homes: Homes) -> None:
    p = homes.rooms
    columns = figures(homes)

    # through windows and leaking air, and through surface and wall one after the other: 1 / (1/h + 1/u)
    leaking_w_k = columns["air changes 1/h"] * p.volume_m3 / 3600.0 * 1.2 * 1006.0
    walls_w_k = 1.0 / (1.0 / p.air_mass_w_k + 1.0 / p.envelope_w_k)
    assert columns["UA W/K"] == pytest.approx(p.window_w_k + leaking_w_k + walls_w_k)


def test_heavy_homes_are_slow_and_trailers_need_more_for_their_size(homes: Homes) -> None:
    medians = {
        name: {
            column: float(np.median(values))
            for column, values in figures(build_homes(replace(SPEC, archetype=name), 1, None)).items()
        }
        for name in ("manufactured_home", "heavy_block")
    }

    assert medians["heavy_block"]["slow h"] > 4.0 * medians["manufactured_home"]["slow h"]
    assert medians["manufactured_home"]["design W/m²"] > medians["heavy_block"]["design W/m²"]
