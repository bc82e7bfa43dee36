from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from cloud.advice import Preferences
from cloud.champion import Champion
from infra.local.comfort_votes import DataSettings
from infra.local.judging.blocks import play_trial
from infra.local.judging.evaluate import judge
from infra.local.judging.prices import Meter, Prices, PricesMissingError
from infra.local.judging.table import bill_lines
from infra.local.judging.trial import Trial

JULY = date(2026, 7, 1)
measured = pytest.mark.skipif(DataSettings().data is None, reason="AC_ADVISOR_DATA is not set")


@measured
def test_a_summers_day_of_pge() -> None:
    """As the file says: 0.1116 at night, 0.1328 in between, 0.1629 from 16:00 to 21:00."""
    prices = Prices.read("pge")

    assert prices.currency == "USD"
    assert [prices.on(JULY)[hour] for hour in (0, 14, 16, 20, 21, 23)] == pytest.approx(
        [0.1116, 0.1328, 0.1629, 0.1629, 0.1328, 0.1116]
    )


@measured
def test_a_summers_day_in_spain_by_its_own_clock() -> None:
    """As the file says for 1 July 2023: 140.73 EUR/MWh at midnight, 26.84 at 15:00, 166.57 at 22:00."""
    prices = Prices.read("pvpc")

    assert prices.currency == "EUR"
    assert [prices.on(JULY)[hour] for hour in (0, 15, 22)] == pytest.approx([0.14073, 0.02684, 0.16657])


def test_quarter_hours_are_averaged_and_days_must_be_there(file: Path) -> None:
    prices = Prices.read(str(file))

    assert prices.on(JULY) == pytest.approx([0.4 if 16 <= hour < 21 else 0.1 for hour in range(24)])
    with pytest.raises(PricesMissingError, match="no 15 August"):
        prices.on(date(2026, 8, 15))


def test_what_is_no_tariff_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("at,per_kwh\n2020-06-01T00:00,0.1\n")
    for name in ("nothing", str(tmp_path / "empty.csv")):
        with pytest.raises(PricesMissingError, match="pge, pvpc"):
            Prices.read(name)


def test_people_are_told_the_prices_of_the_day(file: Path) -> None:
    told = Prices.read(str(file)).told(Preferences(comfort_lambda=5.0), JULY)

    assert (told.comfort_lambda, told.currency, told.tariff_per_kwh[17]) == (5.0, "EUR", 0.4)


def test_each_home_pays_by_its_own_clock(file: Path) -> None:
    """At 15:00 UTC it is 17:00 in Madrid, and dear; and what was used before 16:00 is cheap."""
    meter = Meter(Prices.read(str(file)), ("UTC", "Europe/Madrid"))
    meter.read(datetime(2026, 7, 1, 14, tzinfo=UTC), np.array([1.0, 1.0]))  # the hour to 16:00 in Madrid
    meter.read(datetime(2026, 7, 1, 15, tzinfo=UTC), np.array([3.0, 2.0]))

    assert meter.take() == pytest.approx([0.1 * 3.0, 0.1 * 1.0 + 0.4 * 1.0])
    meter.read(datetime(2026, 7, 1, 16, tzinfo=UTC), np.array([4.0, 2.0]))
    assert meter.take() == pytest.approx([0.1, 0.0])


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(homes=2, seed=11, learning_days=2, search_days=0, advised_days=1, arms=("+1", "+2"))


def test_a_flat_price_saves_as_much_of_the_bill_as_of_electricity(
    trial: Trial, file: Path, tmp_path: Path
) -> None:
    flat = tmp_path / "flat.csv"
    flat.write_text(file.read_text().replace(",0.4", ",0.1"))
    plain = play_trial(trial, Champion.from_package())
    played = play_trial(replace(trial, tariff=str(flat)), Champion.from_package())
    judged = judge(replace(trial, tariff=str(flat)), "base", played)

    for name, arm in played.items():
        assert arm.money is not None
        assert arm.money == pytest.approx(0.1 * arm.days.cooling_kwh)
        assert np.array_equal(arm.days.cooling_kwh, plain[name].days.cooling_kwh)
    for result in judged.arms:
        assert result.bill is not None
        assert result.bill.saved_pct.mean == pytest.approx(result.pairs.saved_pct.mean)
    assert len(bill_lines(judged)) == 2
    assert bill_lines(judge(trial, "base", plain)) == []


def test_advisors_hear_prices_unless_they_are_taken_away(trial: Trial, file: Path) -> None:
    arms = ("advisor", "advisor_without_prices")
    dear = replace(trial, arms=arms, tariff=str(file), search_days=1)
    heard = play_trial(dear, Champion.from_package())
    flat = play_trial(replace(dear, arms=("advisor",), tariff=None), Champion.from_package())["advisor"]

    assert np.array_equal(heard["advisor_without_prices"].days.cooling_kwh, flat.days.cooling_kwh)
    assert not np.array_equal(heard["advisor"].days.cooling_kwh, flat.days.cooling_kwh)
