"""Faults: how many homes of a cohort report what cannot be true; an alarm that remains until it is mended."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pandas as pd

from cloud.drift.cohorts import Cohorts
from cloud.drift.shares import at_least
from cloud.drift.window import CURRENT_DAYS
from cloud.faulty_days import REASONS, days_of, without
from cloud.triggers import Signal

SOUND_SHARE: Final = 0.5
"""Homes with less of their newest week sound are left out of comparisons, then and now [ratio]."""


def comparable(hours: pd.DataFrame, faulty: pd.DataFrame) -> pd.DataFrame:
    """Sound hours of homes that were sound of late: of others only the past is left, which would be drift.

    Args:
        hours: Columns of `cloud.features`.
        faulty: `cloud.faulty_days.COLUMNS`.
    """
    sound, _ = without(hours, faulty)
    newest = hours["hour_end_at"] > hours["hour_end_at"].max() - timedelta(days=CURRENT_DAYS)
    is_sound = pd.Series(hours.index.isin(sound.index), index=hours.index)
    share = is_sound[newest].groupby(hours.loc[newest, "device_id"]).mean()
    return sound[~sound["device_id"].isin(share.index[share < SOUND_SHARE])]


def faults(cohorts: Cohorts, hours: pd.DataFrame, faulty: pd.DataFrame) -> Iterator[Signal]:
    """Share of homes (lower 95 % bound) with a faulty day in the newest week, by what is wrong [ratio].

    A sensor that breaks alone is in the quality report; what many homes have alike is no chance.

    Args:
        cohorts: Who belongs together.
        hours: Columns of `cloud.features`, of faulty days too.
        faulty: `cloud.faulty_days.COLUMNS`.
    """
    if not len(hours):
        return
    newest_day = days_of(hours).max()
    now = faulty[faulty["day"] > newest_day - timedelta(days=CURRENT_DAYS)]
    reporting = set(hours["device_id"].unique())
    for cohort, members in cohorts.items():
        there = members & reporting
        if not there:
            continue
        homes = now[now["device_id"].isin(there)].groupby("reason")["device_id"].nunique()
        for reason in REASONS:  # those that are mended too: else their alarm would never end
            found = int(homes.get(reason, 0))
            words = f"{found} of {len(there)} homes report what cannot be true ({reason})"
            share = at_least(found, len(there))
            yield Signal(trigger="faults", cohort=cohort, subject=reason, value=share, words=words)
