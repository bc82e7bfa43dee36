"""Faulty days: days of devices whose readings cannot be true; they are neither learnt from nor judged on.

A meter that says kW for W or an outdoor sensor that is 8 K off would teach all homes what is true of none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from cloud.quality.columns import Columns
from cloud.quality.rules import RULES

COLUMNS: Final = ("device_id", "day", "reason")
"""Columns of faulty days, one row for each reason; `day` is the UTC midnight with which it begins."""

OTHERWISE_SOUND: Final = frozenset({"counter_back"})
"""Rules that say nothing of what is learnt: a counter that begins anew leaves the power as it is."""

OUTDOOR_SENSOR: Final = "outdoor_sensor"
"""Reason: the outdoor temperature is not that of the neighbours."""

REASONS: Final = (*(rule.name for rule in RULES if rule.name not in OTHERWISE_SOUND), OUTDOOR_SENSOR)
"""All reasons."""

OUTDOOR_OFF_K: Final = 5.0
"""A sensor in the sun reads too warm for hours; all day so far from its neighbours' it is broken [K]: an
assumption, beside 0.5 K in sound simulated homes and 8 K planted (`python -m infra.local.loop_study`)."""

OUTDOOR_OFF_SD: Final = 6.0
"""And it is beyond so many robust standard deviations of its neighbours: a region has many climates."""

MAD_SD: Final = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

MIN_NEIGHBOURS: Final = 4
"""With fewer devices nobody's neighbours say what the weather was."""

MOST_LEFT_OUT: Final = 0.5
"""With more of the device-days left out nobody knows what is sound: neighbours are compared by their median,
which holds up to a half [ratio]."""


HALF_AN_HOUR: Final = pd.Timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was not learnt from.

    Attributes:
        device_days: In all.
        of: Device-days that there were.
        reasons: Device-days and homes by reason; a day may have several.
    """

    device_days: int = 0
    of: int = 0
    reasons: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def is_too_much(self) -> bool:
        """Whether what is left is too little to be sure of it."""
        return self.device_days > MOST_LEFT_OUT * self.of

    @property
    def words(self) -> str:
        """For whoever reads the history; empty: nothing was left out."""
        if not self.device_days:
            return ""
        named = [f"{name} on {days} of {homes} homes" for name, (days, homes) in sorted(self.reasons.items())]
        return f"{self.device_days} of {self.of} device-days left out as faulty ({', '.join(named)})"


def no_faulty_days() -> pd.DataFrame:
    """None."""
    return pd.DataFrame({"device_id": [], "day": pd.DatetimeIndex([], tz="UTC"), "reason": []})


def flagged_days(telemetry: pa.Table) -> pd.DataFrame:
    """Days with readings that the rules of `cloud.quality` have flagged, `COLUMNS`.

    Args:
        telemetry: As `cloud.ports.telemetry.Lake.scan` gives it, whole devices.
    """
    columns = Columns.of(telemetry)
    ids = np.array(columns.device_ids, dtype=object)
    found = list[pd.DataFrame]()
    for rule in RULES:
        if rule.name in OTHERWISE_SOUND:
            continue
        flagged = rule.flag(columns)
        days_at = pd.to_datetime(columns.at_ms[flagged], unit="ms", utc=True).floor("D")  # as reports have it
        days = pd.DataFrame({"device_id": ids[columns.device[flagged]], "day": days_at})
        found.append(days.drop_duplicates().assign(reason=rule.name))
    return joined(found)


def odd_outdoor_days(hours: pd.DataFrame, regions: Mapping[str, str]) -> pd.DataFrame:
    """Days on which a device's outdoor temperature is not that of its region, `COLUMNS`.

    Args:
        hours: Columns of `cloud.features`.
        regions: The region of each device.
    """
    frame = pd.DataFrame({"region": hours["device_id"].map(regions), "at": hours["hour_end_at"]})
    outdoor_c = hours["outdoor_dry_bulb_c"]
    beside_k = outdoor_c - outdoor_c.groupby([frame["region"], frame["at"]]).transform("median")
    days = (
        beside_k.groupby([hours["device_id"], days_of(hours), frame["region"]]).median().dropna().rename("k")
    ).reset_index()
    if not len(days):
        return no_faulty_days()
    days.columns = pd.Index(["device_id", "day", "region", "k"])
    there = days.groupby(["region", "day"])["k"]
    off_k = (days["k"] - there.transform("median")).abs()
    spread_k = MAD_SD * off_k.groupby([days["region"], days["day"]]).transform("median")
    limit_k = np.maximum(OUTDOOR_OFF_K, OUTDOOR_OFF_SD * spread_k)
    odd = days[(off_k > limit_k) & (there.transform("size") >= MIN_NEIGHBOURS)]
    return odd[["device_id", "day"]].assign(reason=OUTDOOR_SENSOR).reset_index(drop=True)


def without(hours: pd.DataFrame, faulty: pd.DataFrame) -> tuple[pd.DataFrame, LeftOut]:
    """Hours of sound days, and what is not among them.

    Args:
        hours: Columns of `cloud.features`.
        faulty: `COLUMNS`; of other days and devices too.
    """
    keys = pd.MultiIndex.from_arrays([hours["device_id"].astype(object), days_of(hours)])
    is_faulty = keys.isin(_keys(faulty))
    there = faulty[_keys(faulty).isin(keys)]
    counted = there.groupby("reason")["device_id"].agg(["size", "nunique"])
    reasons = {str(name): (int(days), int(homes)) for name, days, homes in counted.itertuples()}
    left_out = LeftOut(int(keys[is_faulty].nunique()), int(keys.nunique()), reasons)
    return hours[~is_faulty], left_out


def joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Faulty days of several looks, in one order."""
    some = [each for each in parts if len(each)]
    whole = pd.concat(some, ignore_index=True) if some else no_faulty_days()
    return whole.astype({"device_id": "str", "reason": "str"}).sort_values(list(COLUMNS), ignore_index=True)


def days_of(hours: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    """The UTC day of each hour; the hour that ends at midnight belongs to the day before."""
    return (hours["hour_end_at"] - HALF_AN_HOUR).dt.floor("D").rename("day")


def _keys(faulty: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([faulty["device_id"].astype(object), faulty["day"]])
