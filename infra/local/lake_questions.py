"""The same questions to the lake and to one plain file, in turns; both must say the same."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeVar

import numpy as np
import pandas as pd

from cloud.adapters.duckdb_hours import hours_of_parts
from cloud.adapters.parquet_lake import ParquetLake
from infra.local.errors import LocalError
from infra.local.plain_file import PlainFile, total_of

HOMES_ASKED: Final = 9
FLEET_ROUNDS: Final = 3
"""Each question is asked so often; medians count, since others work on this machine too."""

Season = tuple[datetime, datetime]
_Answer = TypeVar("_Answer")


class DifferentAnswersError(LocalError):
    """Lake and plain file do not say the same."""

    def __init__(self, question: str) -> None:
        super().__init__(f"the lake and the plain file give different answers: {question}")


@dataclass(slots=True)
class Times:
    """How long the answers to a question took [s]."""

    of_lake: list[float] = field(default_factory=list[float])
    of_plain: list[float] = field(default_factory=list[float])

    @property
    def lake_s(self) -> float:
        """The median of the lake's."""
        return statistics.median(self.of_lake)

    @property
    def ratio(self) -> float:
        """To the median of the plain file's."""
        return round(self.lake_s / statistics.median(self.of_plain), 3)

    def ask(self, lake: Callable[[], _Answer], plain: Callable[[], _Answer]) -> tuple[_Answer, _Answer]:
        """Ask both, the lake first."""
        began = time.perf_counter()
        ours = lake()
        turn = time.perf_counter()
        theirs = plain()
        self.of_lake.append(turn - began)
        self.of_plain.append(time.perf_counter() - turn)
        return ours, theirs


@dataclass(slots=True)
class Answers:
    """How long each question took."""

    home_day: Times = field(default_factory=Times)
    home_month: Times = field(default_factory=Times)
    features: Times = field(default_factory=Times)
    total: Times = field(default_factory=Times)


def ask_both(
    lake: ParquetLake, plain: PlainFile, season: Season, longitudes_deg: Mapping[str, float], month_days: int
) -> Answers:
    """Ask for some homes' days and months, for the features of a season, and for a total of everything.

    Raises:
        DifferentAnswersError: They do not say the same.
    """
    answers, days = Answers(), lake.days()
    random = Random(len(longitudes_deg))  # noqa: S311 (which home)
    for _ in range(HOMES_ASKED):
        device_id = random.choice(sorted(longitudes_deg))
        for times, span in ((answers.home_day, 1), (answers.home_month, month_days)):
            first = datetime.combine(
                random.choice(days[: len(days) - span]), datetime.min.time(), season[0].tzinfo
            )
            _ask_of_home(times, lake, plain, device_id, (first, first + timedelta(days=span)))
    for _ in range(FLEET_ROUNDS):
        _ask_of_fleet(answers, lake, plain, season, longitudes_deg)
    return answers


def features_of_lake(lake: ParquetLake, season: Season, longitudes_deg: Mapping[str, float]) -> pd.DataFrame:
    """The features of training, as training makes them."""
    return hours_of_parts(lake.snapshot().parts(*season), longitudes_deg)


def _ask_of_home(times: Times, lake: ParquetLake, plain: PlainFile, device_id: str, span: Season) -> None:
    ours, theirs = times.ask(
        lambda: lake.snapshot().scan(*span, device_id), lambda: plain.of_home(device_id, *span)
    )
    if not ours.equals(theirs.select(ours.column_names).cast(ours.schema)):
        raise DifferentAnswersError(f"{device_id}, {span[0]} to {span[1]}")


def _ask_of_fleet(
    answers: Answers, lake: ParquetLake, plain: PlainFile, season: Season, longitudes_deg: Mapping[str, float]
) -> None:
    ours, theirs = answers.features.ask(
        lambda: features_of_lake(lake, season, longitudes_deg), lambda: plain.features(season, longitudes_deg)
    )
    if not alike(ours, theirs):
        raise DifferentAnswersError("the features of a season")
    paths = [lake.root / file.name for file in lake.snapshot().listing()]
    our_total, their_total = answers.total.ask(lambda: total_of(paths), plain.total)
    if not np.allclose(our_total, their_total, rtol=1e-9):
        raise DifferentAnswersError("the total")


def alike(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Whether features are the same, but for the last bits of their means."""
    try:
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, atol=1e-9)
    except AssertionError:
        return False
    return True
