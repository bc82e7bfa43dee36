"""Weather from files, as EnergyPlus and the National Solar Radiation Data Base write them."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pvlib
import pytest

from device_sim.errors import WeatherFileError
from device_sim.fleet import Fleet, FleetSpec
from device_sim.outdoors.cities import CITIES, city_files
from device_sim.outdoors.files import read_weather, read_year
from device_sim.outdoors.sun import season_sun

GREENSBORO = Path(pvlib.__file__).parent / "data" / "723170TYA.CSV"
MIAMI = Path(pvlib.__file__).parent / "data" / "12839.tm2"
JULY = datetime(2025, 7, 1, 5, tzinfo=UTC)  # midnight, Eastern Standard Time

CUT_GZIP = gzip.compress(b"month,day,hour_ending,t_out_c\n" * 99, mtime=0)[:40]
"""Without the time of day in it: the bytes are part of a test's name, which all workers must agree on."""

EPW_HEADER = """LOCATION,Testville,XX,XXX,TEST,000000,40.0,-75.0,-5.0,10.0
DESIGN CONDITIONS,0
TYPICAL/EXTREME PERIODS,0
GROUND TEMPERATURES,0
HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0
COMMENTS 1,made by a test
COMMENTS 2,
DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31
"""


def epw_file(path: Path, rows_left_out: int = 0) -> Path:
    """A year in which the temperature is the hour of the day's number less 1; 500 W/m² from 9 to 17 h."""
    days = [(month, day) for month in range(1, 13) for day in range(1, _length(month) + 1)]
    rows = [
        f"2001,{month},{day},{hour},60,flags,{float(hour - 1)},10.0,50,101325,0,0,300,"
        f"{500 if 9 < hour <= 17 else 0},0,0,0,0,0,0,180,2,5,5,20,7777,9,999,20,0.1,0,88,0.2,0,0"
        for month, day in days
        for hour in range(1, 25)
    ]
    path.write_text(EPW_HEADER + "\n".join(rows[: len(rows) - rows_left_out]) + "\n")
    return path


def _length(month: int) -> int:
    return {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)


def test_a_july_of_greensboro_is_that_of_the_file() -> None:
    weather = read_weather(GREENSBORO, "America/New_York", JULY, 31, 3600)

    # the mean of the file's own July lines
    frame, _ = pvlib.iotools.read_tmy3(GREENSBORO, coerce_year=2001, map_variables=True)
    july = frame.loc["2001-07-01 01:00":"2001-08-01 00:00"]
    assert weather.outdoor_dry_bulb_c.mean() == pytest.approx(july["temp_air"].mean(), abs=0.05)
    assert weather.outdoor_rh_pct.mean() == pytest.approx(july["relative_humidity"].mean(), abs=0.3)
    assert weather.wind_m_s.mean() == pytest.approx(july["wind_speed"].mean(), abs=0.05)
    for name in ("ghi", "dni", "dhi"):
        assert getattr(weather, f"{name}_w_m2") == pytest.approx(july[name].to_numpy(), abs=1e-5)
    # the sun is highest at 12:26 Eastern Standard Time at 79.95° W in July (equation of time -6 min)
    assert int(weather.ghi_w_m2.reshape(31, 24).mean(axis=0).argmax()) == 12
    assert weather.place.longitude_deg == pytest.approx(-79.95)


def test_a_tmy2_year_is_read_in_its_tenths() -> None:
    new_year = datetime(2025, 1, 1, 5, tzinfo=UTC)

    weather = read_weather(MIAMI, "America/New_York", new_year, 1, 3600)

    # the file's lines of 01, 02 and 03 h say 20.0, 20.6 and 20.0 °C, 73, 73 and 76 %, 6.7, 5.7 and 5.2 m/s
    assert weather.outdoor_dry_bulb_c[1:3] == pytest.approx([20.3, 20.3])
    assert weather.outdoor_rh_pct[1:3] == pytest.approx([73.0, 74.5])
    assert weather.wind_m_s[1:3] == pytest.approx([6.2, 5.45])
    assert weather.place.latitude_deg == pytest.approx(25.8)


@pytest.mark.parametrize("step_s", [300, 900, 3600])
def test_the_sun_of_a_day_is_the_files_at_any_step(tmp_path: Path, step_s: int) -> None:
    weather = read_weather(epw_file(tmp_path / "year.epw"), "America/New_York", JULY, 3, step_s)

    days = weather.ghi_w_m2.reshape(3, -1).sum(axis=1) * step_s / 3600.0
    assert days == pytest.approx([8 * 500.0] * 3)  # eight hours of 500 W/m²
    assert weather.ghi_w_m2.min() == 0.0


def test_the_sun_of_an_hour_follows_its_height() -> None:
    weather = read_weather(GREENSBORO, "America/New_York", JULY, 20, 300)
    sun = season_sun(weather.place, JULY, weather.steps, 300)

    light = weather.ghi_w_m2
    down = sun.apparent_zenith_deg > 92.0  # later than the half-degree of twilight that the file rounds up
    assert light[down].max() <= 1.0
    # within an hour of morning light, sin(height) is all that differs between two steps
    morning = slice(8 * 12, 9 * 12)
    ratio = light[morning] / sun.height_ratio[morning]
    assert np.ptp(ratio) / ratio.mean() < 0.04


def test_an_epw_year_is_read_at_its_own_hours(tmp_path: Path) -> None:
    weather = read_weather(epw_file(tmp_path / "year.epw"), "America/New_York", JULY, 2, 3600)

    # values are at the ends of the hours: the mean of the first hour is that of 23 (at 24 h) and 0 (at 01 h)
    hours = weather.outdoor_dry_bulb_c.reshape(2, 24)
    assert hours[1] == pytest.approx([11.5, *np.arange(0.5, 23.0)])
    assert weather.ghi_w_m2.reshape(2, 24)[1] == pytest.approx([0.0] * 9 + [500.0] * 8 + [0.0] * 7)


def test_a_leap_day_repeats_the_28th(tmp_path: Path) -> None:
    start = datetime(2024, 2, 28, 5, tzinfo=UTC)

    weather = read_weather(epw_file(tmp_path / "year.epw"), "America/New_York", start, 3, 3600)

    assert weather.outdoor_dry_bulb_c.reshape(3, 24)[1] == pytest.approx([11.5, *np.arange(0.5, 23.0)])
    assert weather.ghi_w_m2.reshape(3, 24).sum(axis=1) == pytest.approx([4000.0] * 3)


def test_a_season_may_cross_the_new_year(tmp_path: Path) -> None:
    weather = read_weather(
        epw_file(tmp_path / "year.epw"), "America/New_York", JULY + timedelta(days=180), 10, 300
    )

    assert weather.ghi_w_m2.reshape(10, -1).sum(axis=1) / 12.0 == pytest.approx([4000.0] * 10)


def test_a_fleet_lives_in_the_weather_of_a_file() -> None:
    weather = read_weather(GREENSBORO, "America/New_York", JULY, 2, 300)

    fleet = Fleet(FleetSpec(homes=3, seed=1, start=JULY, climate="mild_summer"), 2, weather)
    for _ in range(288):
        fleet.step()

    assert fleet.truth().cooling_kwh.min() > 0.5
    assert fleet.sites[0].latitude_deg == pytest.approx(36.1, abs=0.11)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.epw", None, "no such file"),
        ("empty.csv", b"", "empty"),
        ("letter.txt", b"Dear all,\nit was warm.\n", "neither EPW"),
        ("atlantis.csv", b"month,day,hour_ending,t_out_c\n1,1,1,20\n", "nobody knows where"),
        ("phoenix_az.csv.gz", CUT_GZIP, "not to be read"),
        ("phoenix_az.csv", b"month,day,hour_ending,t_out_c\n1,1,1,20\n", "1 hours instead of 8760"),
        ("cut.epw", EPW_HEADER[:100].encode(), "0 hours"),
        ("cut.tm2", b" 12839 MIAMI                  FL  -5 N 25 48 W  80 16     2\n", "not to be read"),
        ("binary.tm2", b"\xff\x00\x01", "not to be read"),
    ],
)
def test_a_file_without_weather_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(WeatherFileError, match=reason):
        read_weather(tmp_path / name, "America/Phoenix", JULY, 1, 300)


def test_a_year_cut_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeatherFileError, match="8759 hours instead of 8760"):
        read_year(epw_file(tmp_path / "year.epw", rows_left_out=1), "America/New_York")


def test_a_missing_value_is_refused(tmp_path: Path) -> None:
    path = epw_file(tmp_path / "year.epw")
    path.write_text(path.read_text().replace(",12.0,10.0,50,", ",99.9,10.0,50,", 1))  # EPW's code for none

    with pytest.raises(WeatherFileError, match="air_c is not always"):
        read_year(path, "America/New_York")


@pytest.mark.parametrize("timezone", ["America/Phoenix", "Mars/Olympus"])
def test_a_zone_that_is_not_the_files_is_refused(tmp_path: Path, timezone: str) -> None:
    with pytest.raises(WeatherFileError):
        read_year(epw_file(tmp_path / "year.epw"), timezone)


def test_a_city_knows_its_own_zone_and_keeps_its_sun(data_directory: Path) -> None:
    path = data_directory / "weather" / "phoenix_az.csv.gz"
    start = datetime(2025, 1, 1, 7, tzinfo=UTC)  # midnight in Phoenix

    weather = read_weather(path, "Europe/London", start, 365, 3600)

    with gzip.open(path, "rt") as file:
        rows = [line.split(",") for line in file.read().splitlines()[1:]]
    assert weather.place.timezone == "America/Phoenix"
    assert weather.ghi_w_m2.sum() == pytest.approx(sum(float(row[7]) for row in rows), rel=1e-6)
    # ASHRAE Fundamentals 2021, Phoenix Sky Harbor: 0.4 % dry bulb 43.4 °C
    assert np.quantile(weather.outdoor_dry_bulb_c, 0.996) == pytest.approx(43.4, abs=1.0)


@pytest.mark.parametrize("name", list(CITIES))
def test_beam_and_sky_of_a_city_add_up_at_its_place_and_hours(name: str, data_directory: Path) -> None:
    path = data_directory / "weather" / f"{name}.csv.gz"
    start = datetime(2025, 5, 1, 8, tzinfo=UTC)

    weather = read_weather(path, "UTC", start, 120, 300)

    # with a wrong place, zone or hour, DHI + DNI sin(height) is off by up to 40 W/m² for each half hour
    height = season_sun(weather.place, start, weather.steps, 300).height_ratio
    gap = weather.dhi_w_m2 + weather.dni_w_m2 * height - weather.ghi_w_m2
    hours, day = gap.reshape(-1, 12).mean(axis=1), weather.ghi_w_m2.reshape(-1, 12).mean(axis=1) > 200.0
    assert np.sqrt((hours[day] ** 2).mean()) < 9.0


def test_no_city_is_in_two_splits_and_training_and_testing_see_dry_and_humid_heat() -> None:
    splits = {split: city_files(split) for split in ("train", "validate", "test", "demo")}

    assert sorted(sum(splits.values(), ())) == sorted(f"{name}.csv.gz" for name in CITIES)
    for split in ("train", "test"):
        kinds = {city.moisture for city in CITIES.values() if city.split == split}
        assert {"dry", "humid"} <= kinds
