"""Cities: the seven measured and typical years of the shared data set, by the name of their file.

The files have no header of their own, so where they are stands here. The places are those of the weather
stations; for six, beam and sky there add up to the file's global irradiance within 5 W/m² (root mean square)
with the sun of the middle of its hours. Austin's do with the sun of a quarter of an hour before: its hours
are the means of two values, at the full and the half hour.
"""

from dataclasses import dataclass
from typing import Literal

from device_sim.noise import Split
from device_sim.outdoors.weather import Place

Moisture = Literal["dry", "humid", "coastal"]


@dataclass(frozen=True, slots=True)
class City:
    """Where a file of the data set is from, and what it may be used for.

    Attributes:
        place: Its weather station.
        offset_h: Local standard time minus UTC [h].
        moisture: What kind of summer it has.
        split: No weather of a city is in two splits.
        climate: The generator's name for this climate.
        air_before_end_h: See `years.Year`.
        sun_before_end_h: The same.
    """

    place: Place
    offset_h: float
    moisture: Moisture
    split: Split
    climate: str
    air_before_end_h: float = 0.0
    sun_before_end_h: float = 0.5


CITIES: dict[str, City] = {
    "phoenix_az": City(Place(33.45, -111.983, "America/Phoenix"), -7.0, "dry", "train", "hot_dry"),
    "miami_fl": City(Place(25.8, -80.3, "America/New_York"), -5.0, "humid", "train", "hot_humid"),
    "new_york_ny": City(Place(40.783, -73.883, "America/New_York"), -5.0, "humid", "train", "mild_summer"),
    "chicago_il": City(Place(41.983, -87.917, "America/Chicago"), -6.0, "humid", "validate", "continental"),
    "san_francisco_ca": City(
        Place(37.617, -122.4, "America/Los_Angeles"), -8.0, "coastal", "validate", "coastal"
    ),
    "fresno_ca": City(Place(36.783, -119.717, "America/Los_Angeles"), -8.0, "dry", "test", "warm_dry"),
    "austin_tx_amy2018": City(
        Place(30.29, -97.74, "America/Chicago"), -6.0, "humid", "test", "warm_humid", 0.75, 0.75
    ),
}
"""By file name without `.csv.gz`. Train and test hold a hot-dry and a humid city each; there are only two
hot-dry ones, so `validate` has a humid and a coastal one."""


def city_files(split: Split) -> tuple[str, ...]:
    """Names of the files whose weather belongs to `split`; none for `demo`."""
    return tuple(f"{name}.csv.gz" for name, city in CITIES.items() if city.split == split)
