"""What a training job learns from: hours of the lake within bounds, and what tells if they are the same."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cloud.adapters.duckdb_hours import hours_of_parts
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.drift.cohorts import region_of
from cloud.faulty_days import LeftOut, flagged_days, joined, odd_outdoor_days, without
from cloud.ports.models import Lineage
from cloud.serving import Profile, Serving
from cloud.wiring.lake import open_lake

WINDOW_DAYS = 28
"""How far fine-tuning looks back [days]."""

LEAD_DAYS = 8
"""Days before the window that its features look back on [days]."""

LIBRARIES = ("ac-advisor", "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "pyarrow")
"""What may change the bits of a model."""

Kind: TypeAlias = Literal["train", "fine_tune", "hot_fix"]
"""All that the lake has; its newest days; these days by trees that are added to those of the champion."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Hours to learn from.

    Attributes:
        hours: Columns of `cloud.features`.
        faulty: Days of them that cannot be true, `cloud.faulty_days.COLUMNS`.
        lake_version: The state of the lake that was read.
        scan_start: Readings from here on were read; None: from the first.
        scan_end: Readings before this were read; None: the lake had none.
    """

    hours: pd.DataFrame
    faulty: pd.DataFrame
    lake_version: int
    scan_start: datetime | None
    scan_end: datetime | None

    @property
    def digest(self) -> str:
        """The same for the same hours with the same faults."""
        names = " ".join(self.hours.columns).encode()
        parts = [
            pd.util.hash_pandas_object(each, index=False).to_numpy().tobytes()
            for each in (self.hours, self.faulty)
        ]
        return sha256(names + b"".join(parts)).hexdigest()

    def sound(self) -> tuple[pd.DataFrame, LeftOut]:
        """The hours without the faulty days, and what is left out so."""
        return without(self.hours, self.faulty)


def data_for(data_dir: Path, kind: Kind) -> TrainingData:
    """All that the lake holds, or its newest days.

    Raises:
        UnavailableError: The lake cannot be read.
    """
    lake = open_lake(CloudSettings(data_dir=data_dir)).snapshot()
    newest = max(lake.days(), default=None)
    start = None
    if kind != "train" and newest is not None:
        start = datetime(newest.year, newest.month, newest.day, tzinfo=UTC) - timedelta(
            days=WINDOW_DAYS + LEAD_DAYS
        )
    end = None if newest is None else datetime(newest.year, newest.month, newest.day, tzinfo=UTC) + _DAY
    newest_at: list[datetime] = []

    def parts() -> Iterator[pa.Table]:
        for part in lake.parts(start, end):
            if part.num_rows:
                newest_at.append(pc.max(part["sampled_at"]).as_py())
            yield part

    hours, faulty = _read(data_dir, parts())
    last = max(newest_at, default=None)
    scan_end = end if last is None else last + timedelta(milliseconds=1)
    return TrainingData(hours, faulty, lake.version, start, scan_end)


def data_of(data_dir: Path, lineage: Lineage) -> TrainingData:
    """What a version was made from, as far as the lake still has it.

    Raises:
        UnavailableError: The lake cannot be read.
    """
    lake = open_lake(CloudSettings(data_dir=data_dir)).snapshot()
    hours, faulty = _read(data_dir, lake.parts(lineage.scan_start, lineage.scan_end))
    return TrainingData(hours, faulty, lake.version, lineage.scan_start, lineage.scan_end)


def _read(data_dir: Path, parts: Iterable[pa.Table]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hours and faulty days of what the lake has said, in one pass."""
    profiles = _profiles(data_dir)
    flagged: list[pd.DataFrame] = []

    def looked_at() -> Iterator[pa.Table]:
        for part in parts:
            if part.num_rows:
                flagged.append(flagged_days(part))
            yield part

    hours = hours_of_parts(looked_at(), _longitudes_deg(profiles))
    regions = {device_id: region_of(profile.installation) for device_id, profile in profiles.items()}
    return hours, joined([*flagged, odd_outdoor_days(hours, regions)])


def longitudes_deg(data_dir: Path) -> dict[str, float]:
    """Longitude of every device that has a home [°]; the others are not learnt from."""
    return _longitudes_deg(_profiles(data_dir))


def code_version() -> dict[str, str]:
    """What makes models here: versions of the libraries, and a digest of the cloud's source and base data."""
    sources = sorted(_below(resources.files("cloud"), ""))
    whole = sha256("\n".join(f"{name} {digest}" for name, digest in sources).encode())
    return {name: metadata.version(name) for name in LIBRARIES} | {"cloud_sha256": whole.hexdigest()}


_DAY = timedelta(days=1)


def _profiles(data_dir: Path) -> Mapping[str, Profile]:
    with closing(SqliteStateStore(data_dir / "state.sqlite")) as store:
        return Serving(store, 0).profiles()


def _longitudes_deg(profiles: Mapping[str, Profile]) -> dict[str, float]:
    return {device_id: profile.installation.longitude_deg for device_id, profile in profiles.items()}


def _below(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found = list[tuple[str, str]]()
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith((".pyc", ".md")):
            found.append((prefix + entry.name, sha256(entry.read_bytes()).hexdigest()))
    return found
