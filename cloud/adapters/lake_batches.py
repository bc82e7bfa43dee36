"""Batches of a stream straight into the lake, where no log stands between: a Lambda has no disk.

A reading's place is the moment of its record's arrival, so that it is the same however often the record
comes, in whatever batch: of one key the last arrival wins, to the millisecond.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import pyarrow as pa
from typing_extensions import override

from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.lake_runs import write_rows
from cloud.adapters.lake_table import FILE_SCHEMA, placed
from cloud.adapters.object_journal import Line, ObjectJournal
from cloud.adapters.object_letters import ObjectLetters
from cloud.ports.batches import BatchStore
from cloud.ports.ingest import Said
from cloud.ports.telemetry import IngestCommit, Lake
from cloud.reading_columns import ReadingColumns
from cloud.reading_rows import milliseconds
from edge.contract import Event

PLACES_PER_MS: Final = 1 << 20
"""Places in one millisecond: more readings than a shard takes in a second."""

EVENTS: Final = "_events"


class UndatedBatchError(ValueError):
    """A batch does not say when it arrived."""


class LakeBatches(BatchStore):
    """The lake, with dead letters and events in objects beside it.

    Args:
        lake: Where readings go.
        files: The lake's own.
    """

    def __init__(self, lake: Lake, files: LakeFiles) -> None:
        self._lake = lake
        self._letters = ObjectLetters(files)
        self._events = ObjectJournal(files, EVENTS)

    @override
    def keep(self, commits: Sequence[IngestCommit]) -> None:
        self._letters.put(letter for commit in commits for letter in commit.dead_letters)
        self._events.append(
            _event_line(event, _arrived_at(commit)) for commit in commits for event in commit.events
        )
        batches = list(_placed(commits))
        write_rows(self._lake, pa.Table.from_batches(batches, FILE_SCHEMA))


@dataclass(frozen=True, slots=True)
class BatchesSaid(Said):
    """What `LakeBatches` keeps beside the lake.

    Attributes:
        files: The lake's own.
        now: The wall clock (UTC): what arrives from now on has a later place.
    """

    files: LakeFiles
    now: Callable[[], datetime]

    @override
    def head(self) -> int:
        return milliseconds(self.now()) * PLACES_PER_MS

    @override
    def forget(self, device_ids: Collection[str], up_to: int) -> int:
        ObjectJournal(self.files, EVENTS).forget(lambda line: line["device_id"] in device_ids)
        ObjectLetters(self.files).forget(device_ids)
        return 0  # readings are in the lake alone


def _event_line(event: Event, received_at: datetime) -> tuple[date, Line]:
    return received_at.date(), event.model_dump(mode="json") | {"received_at": received_at.isoformat()}


def _placed(commits: Sequence[IngestCommit]) -> Iterator[pa.RecordBatch]:
    """The rows of each record, in order: also where the clock of arrivals went back a little."""
    place = 0
    for commit in commits:
        place = max(place, milliseconds(_arrived_at(commit)) * PLACES_PER_MS)
        batch = ReadingColumns.of(commit.readings).batch
        if batch.num_rows:
            yield placed(range(place, place + batch.num_rows), batch)
        place += batch.num_rows


def _arrived_at(commit: IngestCommit) -> datetime:
    if commit.received_at is None:
        raise UndatedBatchError
    return commit.received_at
