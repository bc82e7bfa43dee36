import math

import numpy as np
import pytest

from cloud.comfort import FORGETTING_DAYS, OTHER_REASONS_PER_H, SILENT_K, ComfortLimit, Discomfort


def normal_cdf(value: float) -> float:
    return 0.5 * (1.0 + math.erf(value / math.sqrt(2.0)))


@pytest.mark.parametrize(("ratio", "expected_k"), [(0.1, 0.4), (0.25, 0.9), (0.5, 1.5), (0.9, 2.7)])
def test_begins_with_the_households_of_study_a(ratio: float, expected_k: float) -> None:
    # normal, 1.5 ± 0.9 K: 1.5 + 0.9 z, z of 10, 25, 50, 90 % = -1.28, -0.67, 0, 1.28; no limit below 0
    assert ComfortLimit().quantile_k(ratio) == pytest.approx(expected_k, abs=0.11)


def below_normal_k(value_k: float) -> float:
    """E max(0, value - limit) for a normal limit of 1.5 ± 0.9 K: s (z Phi(z) + phi(z))."""
    z = (value_k - 1.5) / 0.9
    return 0.9 * (z * normal_cdf(z) + math.exp(-z * z / 2) / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("warmth_k", [0.5, 1.0, 2.5])
def test_expects_the_discomfort_of_a_normal_distribution(warmth_k: float) -> None:
    beyond_k = below_normal_k(warmth_k) - below_normal_k(0.0) - warmth_k * normal_cdf(-1.5 / 0.9)
    between = normal_cdf((4.0 - 1.5) / 0.9) - normal_cdf(-1.5 / 0.9)  # no limit is below 0 or above 4 K

    found_k = float(ComfortLimit().discomfort().at_k(np.array(warmth_k)))

    assert found_k == pytest.approx(beyond_k / between, abs=0.02)  # on a grid


def certain(limit_k: float) -> Discomfort:
    """Of a home whose limit is known."""
    ratio = np.zeros(41)
    ratio[round(10 * limit_k)] = 1.0
    return Discomfort.of(ratio)


def test_discomfort_of_a_known_limit_by_hand() -> None:
    warmth_k = np.array([-1.0, 0.5, 1.0, 2.5])

    np.testing.assert_allclose(certain(1.0).at_k(warmth_k), [0.0, 0.0, 0.0, 1.5])
    # the area of a triangle 1.5 K wide and high
    np.testing.assert_allclose(certain(1.0).until_k2(warmth_k), [0.0, 0.0, 0.0, 1.125])


def test_silence_below_every_limit_says_nothing() -> None:
    limit = ComfortLimit()
    limit.live(0.0, 100.0)

    assert limit == ComfortLimit()


def test_silence_in_the_silent_zone_says_something_only_of_those_who_speak() -> None:
    silent, speaking = ComfortLimit(), ComfortLimit()
    speaking.a_bit_warm(2.5)
    before = speaking.quantile_k(0.1)
    for limit in (silent, speaking):
        limit.live(SILENT_K, 50.0)

    assert silent.quantile_k(0.1) == pytest.approx(ComfortLimit().quantile_k(0.1), abs=0.25)
    assert speaking.quantile_k(0.1) > before


def test_silence_where_people_would_have_acted_speaks_for_a_higher_limit() -> None:
    limit = ComfortLimit()
    limit.live(2.5, 3.0)

    assert limit.quantile_k(0.1) > ComfortLimit().quantile_k(0.1) + 0.5


def test_an_override_speaks_for_a_lower_limit() -> None:
    limit = ComfortLimit()
    limit.override(1.5)

    assert limit.quantile_k(0.9) < 1.5
    assert limit.discomfort().at_k(np.array(1.0)) > ComfortLimit().discomfort().at_k(np.array(1.0))


def test_silence_of_the_patient_weighs_less_once_they_have_shown_to_be_patient() -> None:
    """Who bore 3 h far above a limit that is known for sure is patient: more silence is then less news."""
    patient, unknown = ComfortLimit(), ComfortLimit()
    for limit in (patient, unknown):
        for _ in range(20):
            limit.a_bit_warm(1.0)  # the limit is at most about 1 K
    before = patient.thermal_ratio(2.4)
    patient.live(2.4, 3.0)

    assert patient.thermal_ratio(2.4) < before


def test_a_bit_warm_is_said_beyond_the_limit() -> None:
    limit = ComfortLimit()
    limit.a_bit_warm(1.5)

    assert limit.quantile_k(0.99) <= 1.5


def test_two_probes_bracket_the_limit_of_those_who_speak() -> None:
    limit = ComfortLimit()
    limit.live(1.5, 2.0)
    limit.a_bit_warm(2.0)

    # 2 h at 0.7/h for 0.3 K: at 0.6 K beyond its limit a home stays silent with exp(-2.8) = 6 %
    assert limit.quantile_k(0.1) > 0.9
    assert limit.quantile_k(0.9) < 2.0


def test_tells_apart_why_somebody_cooled() -> None:
    limit = ComfortLimit()

    assert limit.thermal_ratio(SILENT_K) == 0.0  # nobody acts out of warmth there
    assert limit.thermal_ratio(3.0) > 1 - 10 * OTHER_REASONS_PER_H


def test_evidence_fades_towards_the_prior() -> None:
    limit = ComfortLimit()
    limit.override(1.5)
    sure = limit.quantile_k(0.5)
    for _ in range(3 * int(FORGETTING_DAYS)):
        limit.forget()

    assert sure < limit.quantile_k(0.5) <= ComfortLimit().quantile_k(0.5)
