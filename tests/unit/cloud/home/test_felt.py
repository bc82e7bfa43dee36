import math
from collections.abc import Callable

import pytest

from cloud.felt import HUMIDITY_K_PER_PCT, LOAD_K, LONGEST_STEP_S, WALLS_H, WALLS_RATIO, Felt
from edge.contract import Telemetry

MakeReading = Callable[..., Telemetry]


def watch(
    felt: Felt, make_reading: MakeReading, hours: float, *, usual: bool, **fields: float | None
) -> None:
    """So many hours of equal readings, every 5 minutes."""
    for step in range(round(12 * hours)):
        felt.observe(make_reading(step / 12, **fields), gap_s=300.0, usual=usual)


@pytest.fixture
def felt(make_reading: MakeReading) -> Felt:
    """A home that has been at its habit for a week: 800 W of at most 1,600 W, 50 %."""
    felt = Felt()
    watch(felt, make_reading, 12, usual=True, electric_power_w=0.0)
    watch(felt, make_reading, 12, usual=True, electric_power_w=1600.0)
    watch(felt, make_reading, 24 * 10, usual=True)
    return felt


def test_a_usual_hour_feels_as_shown(felt: Felt) -> None:
    assert felt.offset_k == pytest.approx(0.0, abs=0.25)  # the highest power fades


def test_a_machine_at_work_means_warm_walls(felt: Felt, make_reading: MakeReading) -> None:
    before_k, share = felt.offset_k, 800 / felt.highest_w
    watch(felt, make_reading, 6, usual=False, electric_power_w=1600.0)

    assert felt.offset_k - before_k == pytest.approx(LOAD_K * (1 - share), rel=0.05)


def test_damp_is_felt(felt: Felt, make_reading: MakeReading) -> None:
    before_k = felt.offset_k
    watch(felt, make_reading, 1, usual=False, indoor_rh_pct=70.0)

    assert felt.offset_k - before_k == pytest.approx(HUMIDITY_K_PER_PCT * 20.0, rel=0.02)


def test_walls_follow_the_air_with_delay(felt: Felt, make_reading: MakeReading) -> None:
    before_k = felt.offset_k
    watch(felt, make_reading, WALLS_H, usual=False, indoor_dry_bulb_c=26.0)

    assert felt.offset_k - before_k == pytest.approx(-WALLS_RATIO * 2.0 * math.exp(-1), rel=0.05)


def test_what_is_not_said_counts_as_usual(felt: Felt, make_reading: MakeReading) -> None:
    watch(
        felt, make_reading, 1, usual=False, indoor_rh_pct=None, electric_power_w=None, indoor_dry_bulb_c=None
    )

    assert felt.offset_k == 0.0


def test_after_a_long_silence_the_means_begin_anew(felt: Felt, make_reading: MakeReading) -> None:
    felt.observe(make_reading(0.0, indoor_dry_bulb_c=30.0), gap_s=LONGEST_STEP_S + 1.0, usual=False)

    assert felt.walls_k == 0.0


def test_advised_hours_are_not_what_people_are_used_to(felt: Felt, make_reading: MakeReading) -> None:
    watch(felt, make_reading, 24 * 5, usual=False, indoor_rh_pct=70.0)

    assert felt.usual_rh_pct.mean == pytest.approx(50.0)


def test_a_machine_that_never_ran_tells_nothing(make_reading: MakeReading) -> None:
    felt = Felt()
    watch(felt, make_reading, 1, usual=True, electric_power_w=0.0)

    assert felt.load == 0.0
