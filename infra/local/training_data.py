"""What a training job learns from: hours of the lake within bounds, and what tells if they are the same."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cloud.adapters.duckdb_hours import joined_hours, part_hours
from cloud.champion import package_reservoir
from cloud.config import CloudSettings
from cloud.drift.cohorts import region_of
from cloud.earlier_hours import MOST_HOMES, drawn_hours, spans
from cloud.faulty_days import LeftOut, flagged_days, joined, odd_outdoor_days, without
from cloud.ports.models import Lineage
from cloud.ports.telemetry import LakeReader
from cloud.serving import Profile, Serving
from cloud.tree_cluster import each_done
from cloud.wiring.lake import open_lake
from cloud.wiring.state import open_state

WINDOW_DAYS = 28
"""How far fine-tuning looks back [days]."""

QUICK_WINDOW_DAYS = 8
"""How far a hot-fix looks back [days]: it follows what has just changed, of which older days know nothing."""

LEAD_DAYS = 8
"""Days before the window that its features look back on [days]."""

Kind: TypeAlias = Literal["train", "fine_tune", "hot_fix"]
"""All that the lake has; its newest days, with some hours of the year before; the newest of these alone, by
trees that are added to those of the champion, which know the year before."""

Span: TypeAlias = tuple[datetime, datetime]
Question: TypeAlias = Callable[[], pa.Table]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Hours to learn from.

    Attributes:
        hours: Columns of `cloud.features`.
        faulty: Days of them that cannot be true, `cloud.faulty_days.COLUMNS`.
        lake_version: The state of the lake that was read.
        scan_start: Readings from here on were read; None: from the first.
        scan_end: Readings before this were read; None: the lake had none.
        earlier: Hours of the weeks before, that are replayed.
        earlier_spans: First and last instant of the readings that were read for them.
    """

    hours: pd.DataFrame
    faulty: pd.DataFrame
    lake_version: int
    scan_start: datetime | None
    scan_end: datetime | None
    earlier: pd.DataFrame = field(default_factory=pd.DataFrame)
    earlier_spans: tuple[Span, ...] = ()

    @property
    def digest(self) -> str:
        """The same for the same hours with the same faults."""
        return _digest(self.hours, self.faulty)

    def sound(self) -> tuple[pd.DataFrame, LeftOut]:
        """The hours without the faulty days, and what is left out so."""
        return without(self.hours, self.faulty)

    @property
    def earlier_digest(self) -> str:
        """The same for the same hours that are replayed; empty without any."""
        return _digest(self.earlier) if len(self.earlier) else ""

    @property
    def reservoir(self) -> pd.DataFrame:
        """All that is replayed: the base hours, and those of the weeks before."""
        return pd.concat([package_reservoir(), self.earlier], ignore_index=True)


def data_for(data_dir: Path, kind: Kind) -> TrainingData:
    """All that the lake holds, or its newest days.

    Raises:
        UnavailableError: The lake cannot be read.
    """
    lake = open_lake(CloudSettings(data_dir=data_dir)).snapshot()
    newest = max(lake.days(), default=None)
    start = None
    if kind != "train" and newest is not None:
        window = WINDOW_DAYS if kind == "fine_tune" else QUICK_WINDOW_DAYS
        start = _midnight(newest) - timedelta(days=window + LEAD_DAYS)
    end = None if newest is None else _midnight(newest) + _DAY
    profiles, cluster = _profiles(data_dir), CloudSettings(data_dir=data_dir).training_cluster
    hours, faulty, last = _read(lake.questions(start, end), profiles, cluster)
    read_end = end if last is None else last + timedelta(milliseconds=1)
    earlier_spans = () if start is None or kind == "hot_fix" else _spans(lake.days(), start)
    earlier = _earlier(lake, earlier_spans, profiles, cluster)
    return TrainingData(hours, faulty, lake.version, start, read_end, earlier, earlier_spans)


def data_of(data_dir: Path, lineage: Lineage) -> TrainingData:
    """What a version was made from, as far as the lake still has it.

    Raises:
        UnavailableError: The lake cannot be read.
    """
    lake = open_lake(CloudSettings(data_dir=data_dir)).snapshot()
    profiles, read = _profiles(data_dir), (lineage.scan_start, lineage.scan_end)
    cluster = CloudSettings(data_dir=data_dir).training_cluster
    hours, faulty, _ = _read(lake.questions(*read), profiles, cluster)
    earlier = _earlier(lake, lineage.earlier_spans, profiles, cluster)
    return TrainingData(hours, faulty, lake.version, *read, earlier, lineage.earlier_spans)


def longitudes_deg(data_dir: Path) -> dict[str, float]:
    """Longitude of every device that has a home [°]; the others are not learnt from."""
    return _longitudes_deg(_profiles(data_dir))


_DAY = timedelta(days=1)


def _profiles(data_dir: Path) -> Mapping[str, Profile]:
    with closing(open_state(CloudSettings(data_dir=data_dir))) as store:
        return Serving(store, 0).profiles()


def _longitudes_deg(profiles: Mapping[str, Profile]) -> dict[str, float]:
    return {device_id: profile.installation.longitude_deg for device_id, profile in profiles.items()}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is learnt of a part of the lake: its hours, its faulty days, and its newest reading."""

    hours: pa.Table
    flagged: pd.DataFrame | None
    newest_at: datetime | None


def _read(
    questions: Sequence[Question],
    profiles: Mapping[str, Profile],
    cluster: str,
    known: pa.Array | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, datetime | None]:
    """Hours and faulty days of what the lake has said, in one pass, and when it was said last.

    A part has all the rows of its devices, so the workers of a cluster make the hours, each of its parts.
    """
    look = partial(_look, longitudes_deg=_longitudes_deg(profiles), known=known)
    seen = list(each_done(look, questions, cluster))
    hours = joined_hours(each.hours for each in seen)
    regions = {device_id: region_of(profile.installation) for device_id, profile in profiles.items()}
    flagged = [each.flagged for each in seen if each.flagged is not None]
    newest_at = max((each.newest_at for each in seen if each.newest_at is not None), default=None)
    return hours, joined([*flagged, odd_outdoor_days(hours, regions)]), newest_at


def _look(question: Question, longitudes_deg: Mapping[str, float], known: pa.Array | None) -> _Seen:
    part = question()
    if known is not None:
        part = part.filter(pc.is_in(part["device_id"], known))
    is_empty = part.num_rows == 0
    newest_at = None if is_empty else pc.max(part["sampled_at"]).as_py()
    return _Seen(part_hours(part, longitudes_deg), None if is_empty else flagged_days(part), newest_at)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _spans(days: Iterable[date], start: datetime) -> tuple[Span, ...]:
    """Weeks before the readings of a window, each with the days that its features look back on."""
    first = min(days) + timedelta(days=LEAD_DAYS)
    weeks = spans(first, start.date())
    return tuple((_midnight(begin) - timedelta(days=LEAD_DAYS), _midnight(end)) for begin, end in weeks)


def _earlier(
    lake: LakeReader, of: Iterable[Span], profiles: Mapping[str, Profile], cluster: str
) -> pd.DataFrame:
    """Some hours of sound days of these weeks; the days that their features look back on are left out."""
    drawn = sorted(profiles, key=lambda name: zlib.crc32(name.encode()))[:MOST_HOMES]
    some = {name: profiles[name] for name in sorted(drawn)}
    known = pa.array(list(some), pa.string())
    weeks = list[pd.DataFrame]()
    for start, end in of:
        hours, faulty, _ = _read(lake.questions(start, end), some, cluster, known)
        hours, _ = without(hours, faulty)
        weeks.append(hours[hours["hour_end_at"] > start + timedelta(days=LEAD_DAYS)])
    return drawn_hours(pd.concat(weeks, ignore_index=True)) if weeks else pd.DataFrame()


def _digest(*frames: pd.DataFrame) -> str:
    """Of all rows, and of the names of the first frame's columns."""
    parts = [pd.util.hash_pandas_object(each, index=False).to_numpy().tobytes() for each in frames]
    return sha256(" ".join(frames[0].columns).encode() + b"".join(parts)).hexdigest()
