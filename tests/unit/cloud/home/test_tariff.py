import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.advice import Preferences
from cloud.home_clock import SLOT_S, HomeClock
from cloud.tariff import PricePath, Tariff

EVENING = tuple(0.30 if 16 <= hour < 21 else 0.15 for hour in range(24))
HALF_PAST_NOON_S = 1_780_272_000.0 + 12.5 * 3600


def test_carbon_is_paid_for_on_top() -> None:
    tariff = Tariff.of(Preferences(tariff_per_kwh=(0.2,), carbon_kg_per_kwh=(0.4,), carbon_price_per_kg=0.1))

    assert tariff.per_kwh == pytest.approx([0.24] * 24)


def test_carbon_alone_makes_hours_dear() -> None:
    dirty = tuple(0.8 if hour == 20 else 0.4 for hour in range(24))
    relative = Tariff.of(
        Preferences(tariff_per_kwh=(0.0,), carbon_kg_per_kwh=dirty, carbon_price_per_kg=0.1)
    ).relative()

    assert relative is not None
    assert relative[20] == pytest.approx(0.8 / (10.0 / 24))


@pytest.mark.parametrize("price", [0.0, 0.3, -0.1])
def test_a_flat_price_makes_no_hour_dear(price: float) -> None:
    assert Tariff.of(Preferences(tariff_per_kwh=(price,))).relative() is None
    assert Tariff.of(Preferences(tariff_per_kwh=(price,) * 24)).relative() is None


def test_an_hour_with_a_negative_price_is_free() -> None:
    relative = Tariff.of(Preferences(tariff_per_kwh=(*[-0.05] * 12, *[0.2] * 12))).relative()

    assert relative is not None
    assert relative == pytest.approx([*[0.0] * 12, *[2.0] * 12])


def test_the_price_ahead_goes_by_the_clock_of_the_home() -> None:
    relative = Tariff.of(Preferences(tariff_per_kwh=EVENING)).relative()
    assert relative is not None
    slots = HomeClock("UTC").ahead(HALF_PAST_NOON_S + 600, 49)
    path = PricePath.ahead(relative, HALF_PAST_NOON_S + 600, slots)
    dear_s = slots[int(path.ratio.argmax())].number * SLOT_S

    # from 12:40 on there are 3 h 20 min until 16:00
    assert dear_s == HALF_PAST_NOON_S + 3.5 * 3600
    cheap, dear = relative[0], relative[16]
    areas = path.area_h(np.array([0.0, 3 + 1 / 3, 5.0]))
    assert areas == pytest.approx([0.0, cheap * (3 + 1 / 3), cheap * (3 + 1 / 3) + dear * (1 + 2 / 3)])


@given(st.lists(st.floats(0.01, 5.0), min_size=24, max_size=24), st.floats(0.0, 1700.0), st.floats(0.0, 30.0))
def test_integrals_are_those_of_many_small_steps(prices: list[float], late_s: float, until_h: float) -> None:
    at_s = HALF_PAST_NOON_S + late_s
    path = PricePath.ahead(np.array(prices), at_s, HomeClock("UTC").ahead(at_s, 49))
    edges_h = np.union1d(np.linspace(0.0, until_h, 200), path.ends_h[path.ends_h < until_h])
    middle_h, step_h = (edges_h[1:] + edges_h[:-1]) / 2, np.diff(edges_h)
    price = path.ratio[np.clip(np.searchsorted(path.ends_h, middle_h, side="right") - 1, 0, 48)]

    area, moment = path.area_h(np.array([until_h])), path.moment_h2(np.array([until_h]))
    assert area == pytest.approx([(price * step_h).sum()], abs=1e-6)
    assert moment == pytest.approx([(price * middle_h * step_h).sum()], abs=1e-6)
