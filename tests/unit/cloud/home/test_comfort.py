import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from cloud.comfort import (
    DAY_DEVIATION_K,
    FORGETTING_DAYS,
    OTHER_REASONS_H,
    OTHER_REASONS_PER_H,
    SILENT_K,
    ComfortLimit,
    Discomfort,
)


def normal_cdf(value: float) -> float:
    return 0.5 * (1.0 + math.erf(value / math.sqrt(2.0)))


@pytest.mark.parametrize(("ratio", "expected_k"), [(0.1, 0.25), (0.25, 0.85), (0.5, 1.55), (0.9, 2.85)])
def test_begins_with_the_households_of_study_a(ratio: float, expected_k: float) -> None:
    # normal, 1.5 ± 0.9 K over homes and 0.5 K over days, 1.03 K together; no home's own limit is below 0
    assert ComfortLimit().quantile_k(ratio) == pytest.approx(expected_k, abs=0.21)  # on a grid of 0.2 K


def certain(limit_k: float) -> Discomfort:
    """Of a home whose limit today is known."""
    ratio = np.zeros(35)
    ratio[round(5 * limit_k) + 7] = 1.0
    return Discomfort.of(ratio)


def test_discomfort_of_a_known_limit_by_hand() -> None:
    warmth_k = np.array([-1.0, 0.5, 1.0, 2.5])

    np.testing.assert_allclose(certain(1.0).at_k(warmth_k), [0.0, 0.0, 0.0, 1.5], atol=1e-12)
    # the area of a triangle 1.5 K wide and high
    np.testing.assert_allclose(certain(1.0).until_k2(warmth_k), [0.0, 0.0, 0.0, 1.125], atol=1e-12)


def known(limit_k: float) -> ComfortLimit:
    """The belief that the home's own limit is just there."""
    limits = len(ComfortLimit()._log_weight)
    return ComfortLimit([0.0 if place // 6 == round(5 * limit_k) else -500.0 for place in range(6 * limits)])


@pytest.mark.parametrize("warmth_k", [1.0, 1.6, 2.4])
def test_a_day_is_unlike_the_others_even_where_the_homes_own_limit_is_known(warmth_k: float) -> None:
    # E max(0, warmth - limit), limit normal: s (z Phi(z) + phi(z))
    z = (warmth_k - 1.6) / DAY_DEVIATION_K
    beyond_k = DAY_DEVIATION_K * (z * normal_cdf(z) + math.exp(-z * z / 2) / math.sqrt(2 * math.pi))

    assert float(known(1.6).discomfort().at_k(np.array(warmth_k))) == pytest.approx(beyond_k, abs=0.01)


def test_what_happens_today_is_of_today_first() -> None:
    limit = ComfortLimit()
    before_k = limit.quantile_k(0.5)
    limit.a_bit_warm(0.6)
    today_k = limit.quantile_k(0.5)
    limit.forget()
    tomorrow_k = limit.quantile_k(0.5)

    assert today_k < tomorrow_k < before_k


def test_one_bad_day_of_a_home_that_is_well_known_is_soon_forgotten() -> None:
    limit = known(2.0)
    limit.a_bit_warm(1.2)
    assert limit.quantile_k(0.5) < 1.3
    limit.forget()

    assert limit.quantile_k(0.5) == pytest.approx(2.0, abs=0.21)


def test_people_who_often_change_it_for_no_reason_of_ours_are_learnt() -> None:
    restless, usual = ComfortLimit(), ComfortLimit()
    for _ in range(10):
        restless.warmer()
        restless.live(-1.0, 15.0)

    assert restless.other_reasons_per_h > 2 * usual.other_reasons_per_h
    assert restless.thermal_ratio(1.5) < usual.thermal_ratio(1.5)
    assert usual.other_reasons_per_h == OTHER_REASONS_PER_H


def test_quiet_people_are_learnt_too() -> None:
    quiet = ComfortLimit()
    quiet.live(-1.0, OTHER_REASONS_H)

    assert quiet.other_reasons_per_h == pytest.approx(OTHER_REASONS_PER_H / 2)


def test_the_chance_of_an_override_by_hand() -> None:
    # limit today surely 0.2 K: 1 K is 0.2 K beyond the silent zone, 0.4 of the steepness; 0.3, 0.8, 2 an hour
    limit = ComfortLimit(today=[0.0 if place // 6 == 8 else -500.0 for place in range(210)])
    expected = np.mean([1 - math.exp(-2.5 * 0.4 * rate) for rate in (0.3, 0.8, 2.0)])

    assert limit.override_ratio(np.array([0.5, 1.0]), 2.5) == pytest.approx([0.0, expected])


def test_silence_below_every_limit_says_nothing() -> None:
    limit = ComfortLimit()
    limit.live(-1.5, 100.0)

    assert limit.quantile_k(0.1) == ComfortLimit().quantile_k(0.1)
    assert limit.packed()[1] == ComfortLimit().packed()[1]


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
    limit = known(3.0)

    assert limit.thermal_ratio(SILENT_K) < 0.01  # nobody acts out of warmth there
    assert limit.thermal_ratio(6.0) > 1 - 10 * OTHER_REASONS_PER_H


def test_evidence_fades_towards_the_prior() -> None:
    limit = ComfortLimit()
    limit.override(1.5)
    sure = limit.quantile_k(0.5)
    for _ in range(3 * int(FORGETTING_DAYS)):
        limit.forget()

    assert sure < limit.quantile_k(0.5) <= ComfortLimit().quantile_k(0.5)


@given(
    st.lists(
        st.sampled_from(["live", "quiet", "override", "a_bit_warm", "forget", "ask"]).flatmap(
            lambda kind: st.tuples(st.just(kind), st.floats(-1.0, 4.0))
        ),
        max_size=12,
    )
)
def test_what_is_kept_of_an_answer_never_outlives_its_evidence(events: list[tuple[str, float]]) -> None:
    limit = ComfortLimit()
    for kind, warmth_k in events:
        match kind:
            case "live" | "quiet":
                limit.live(warmth_k, 0.5, asked=kind == "live")
            case "forget":
                limit.forget()
            case "ask":
                limit.discomfort()
            case _:
                getattr(limit, kind)(warmth_k)
    afresh = ComfortLimit(limit._log_weight, limit._today, limit.others, limit.awake_h)
    restored = ComfortLimit.unpacked(limit.packed())

    for other in (afresh, restored):
        np.testing.assert_array_equal(limit.discomfort().beyond_k, other.discomfort().beyond_k)
        assert limit.thermal_ratio(1.3) == other.thermal_ratio(1.3)
    assert restored.packed() == limit.packed()
