"""Votes of the ASHRAE Global Thermal Comfort Database II, as the study and the prior of comfort read them."""

from pathlib import Path

import pandas as pd
from pydantic_settings import BaseSettings, SettingsConfigDict

from cloud.votes import beside_usual
from device_sim.people.votes import operative_c
from infra.local.errors import LocalError

DATA_SET = "ashrae_comfort_db2"
VOTES_FILE = "votes.parquet"

PLAUSIBLE_C = (16.0, 36.0)
PLAUSIBLE_PCT = (1.0, 100.0)
"""Temperatures and humidities at which votes are used [°C, %]."""

WARM_SEASONS = ("summer", "hot/wet")
"""In the others an air-conditioned building is heated, and who asks for cooler air is too well heated."""


class DataSettings(BaseSettings):
    """Where the measured data sets are."""

    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_", extra="ignore")

    data: Path | None = None


class VotesMissingError(LocalError):
    """The votes are not here."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no votes to learn from: {why}")


def read_votes(data: Path | None = None) -> pd.DataFrame:
    """Votes of air-conditioned buildings, one a row.

    Columns: `study`, `building`, `season`, `person` (missing where nobody knows), `temperature_c` (operative
    where it was measured) [°C], `rh_pct` [%], `pmv` (by the source, from measured clothes, activity and air;
    partly missing), `preference` (cooler, no change, warmer), and `cloud.votes.FEATURES`.

    Args:
        data: The folder of the measured data sets; by default that of `AC_ADVISOR_DATA`.

    Raises:
        VotesMissingError: The folder is not named, or the votes are not in it.
    """
    folder = data or DataSettings().data
    if folder is None:
        raise VotesMissingError("AC_ADVISOR_DATA is not set; it names the folder with the measured data sets")
    path = folder / DATA_SET / VOTES_FILE
    if not path.is_file():
        raise VotesMissingError(f"there is no {path}")
    source = pd.read_parquet(path)
    source = source[source["cooling_type"] == "air conditioned"].reset_index(drop=True)
    humidity = source["rh"].astype(float)
    votes = pd.DataFrame(
        {
            "study": source["study"].astype(int),
            "building": source["building_id"].astype(int),
            "season": source["season"].astype(object),
            "person": source["subject_id"].astype(object),
            "temperature_c": operative_c(source).astype(float),
            "rh_pct": humidity.where(humidity.between(*PLAUSIBLE_PCT)),
            "pmv": source["pmv_ce"].astype(float),
            "preference": source["thermal_preference"].astype(object),
        }
    )
    usable = votes["preference"].notna() & votes["temperature_c"].between(*PLAUSIBLE_C)
    return beside_usual(votes[usable].reset_index(drop=True))
