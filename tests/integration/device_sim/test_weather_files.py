"""Weather from files, as EnergyPlus and the National Solar Radiation Data Base write them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pvlib
import pytest

from device_sim.fleet import Fleet, FleetSpec
from device_sim.outdoors.files import read_epw, read_tmy3

GREENSBORO = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
JULY = datetime(2025, 7, 1, 5, tzinfo=UTC)  # midnight, Eastern Standard Time

EPW_HEADER = """LOCATION,Testville,XX,XXX,TEST,000000,40.0,-75.0,-5.0,10.0
DESIGN CONDITIONS,0
TYPICAL/EXTREME PERIODS,0
GROUND TEMPERATURES,0
HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0
COMMENTS 1,made by a test
COMMENTS 2,
DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31
"""


def epw_file(path: Path) -> Path:
    """A year in which the temperature is the hour of the day and the sun shines 500 W/m² from 9 to 17 h."""
    days = [(month, day) for month in range(1, 13) for day in range(1, _length(month) + 1)]
    rows = [
        f"2001,{month},{day},{hour},60,flags,{float(hour - 1)},10.0,50,101325,0,0,300,"
        f"{500 if 9 < hour <= 17 else 0},0,0,0,0,0,0,180,2,5,5,20,7777,9,999,20,0.1,0,88,0.2,0,0"
        for month, day in days
        for hour in range(1, 25)
    ]
    path.write_text(EPW_HEADER + "\n".join(rows) + "\n")
    return path


def _length(month: int) -> int:
    return {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)


def test_a_july_of_greensboro_is_that_of_the_file() -> None:
    weather = read_tmy3(GREENSBORO, "America/New_York", JULY, 31, 3600)

    # the mean of the file's own July lines
    frame, _ = pvlib.iotools.read_tmy3(GREENSBORO, coerce_year=2001, map_variables=True)
    july = frame.loc["2001-07-01 01:00":"2001-08-01 00:00"]
    assert weather.outdoor_dry_bulb_c.mean() == pytest.approx(july["temp_air"].mean(), abs=0.05)
    assert weather.ghi_w_m2.mean() == pytest.approx(july["ghi"].mean(), rel=0.01)
    assert weather.outdoor_rh_pct.mean() == pytest.approx(july["relative_humidity"].mean(), abs=0.3)
    # the sun is highest at 12:26 Eastern Standard Time at 79.95° W in July (equation of time -6 min)
    assert int(weather.ghi_w_m2.reshape(31, 24).mean(axis=0).argmax()) == 12
    assert weather.place.longitude_deg == pytest.approx(-79.95)


def test_an_epw_year_is_read_at_its_own_hours(tmp_path: Path) -> None:
    weather = read_epw(epw_file(tmp_path / "year.epw"), "America/New_York", JULY, 2, 3600)

    hours = weather.outdoor_dry_bulb_c.reshape(2, 24)
    assert hours[0] == pytest.approx(np.arange(24.0))
    assert weather.ghi_w_m2.reshape(2, 24)[1] == pytest.approx([0.0] * 9 + [500.0] * 8 + [0.0] * 7)


def test_a_leap_day_repeats_the_28th(tmp_path: Path) -> None:
    start = datetime(2024, 2, 28, 5, tzinfo=UTC)

    weather = read_epw(epw_file(tmp_path / "year.epw"), "America/New_York", start, 3, 3600)

    assert weather.outdoor_dry_bulb_c.reshape(3, 24)[1] == pytest.approx(np.arange(24.0))


def test_a_fleet_lives_in_the_weather_of_a_file() -> None:
    weather = read_tmy3(GREENSBORO, "America/New_York", JULY, 2, 300)

    fleet = Fleet(FleetSpec(homes=3, seed=1, start=JULY, climate="mild_summer"), 2, weather)
    for _ in range(288):
        fleet.step()

    assert fleet.truth().cooling_kwh.min() > 0.5
    assert fleet.sites[0].latitude_deg == pytest.approx(36.1, abs=0.11)
