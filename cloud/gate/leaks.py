"""Leaks: whether a challenger has seen what it is judged on, told from the very rows that it learnt from."""

import pandas as pd

from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.gate.verdict import Finding
from cloud.training import Split

MEASURED = ["hour_end_at", ENERGY_TARGET, *ENERGY_FEATURES]


def find_leaks(learnt: pd.DataFrame, parts: Split) -> Finding:
    """Look for hours of judgement among those that were learnt from.

    An hour is known by when it was and what was measured in it: a copy under another home's name is the same.
    """
    judged = pd.concat([parts.newest, parts.held_out], ignore_index=True).drop_duplicates(
        ["device_id", "hour_end_at"]
    )
    leaked = int(_digests(judged).isin(_digests(learnt)).sum())
    says = (
        f"{leaked} hours of judgement were learnt from" if leaked else "no hour of judgement was learnt from"
    )
    return Finding("leaks", passed=not leaked, says=says)


def _digests(hours: pd.DataFrame) -> "pd.Series[int]":
    """Of what was measured; where nothing ran homes look alike, and the name counts too."""
    clear = hours["home_kwh_168h"].notna() & (hours[ENERGY_TARGET] > 0)
    names = hours["device_id"].astype(object).where(~clear, "")
    return pd.util.hash_pandas_object(hours[MEASURED].assign(name=names), index=False)
