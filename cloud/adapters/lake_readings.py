"""What came of late, read from the lake: where Lambdas ingest, no log stands between.

A reading's place is when its record arrived. Lambdas of several shards write at once and one may be late, so
what is followed is held back for `SETTLE_S`; what is written still later is in the lake, in every history and
feature, but whoever follows does not hear of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

import msgspec
import pyarrow.compute as pc
from typing_extensions import override

from cloud.adapters import lake_query
from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import EVENTS, PLACES_PER_MS
from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.object_journal import ObjectJournal
from cloud.ports.telemetry import MAX_EVENTS, AppReadings, LoggedReading
from cloud.reading_columns import LoggedTable, ReadingColumns
from cloud.reading_rows import milliseconds
from edge.contract import Event, Telemetry
from edge.contract.event import EventKind

SETTLE_S: Final = 120.0
"""So old is what is followed, at least [s]: a batching window, a call of the Lambda and its repetition."""

LOOK_BACK_DAYS: Final = 7
"""Days that have readings in which the newest one of a device is looked for; the log keeps as many."""


@dataclass(frozen=True, slots=True)
class LakeReadings(AppReadings):
    """An `AppReadings` over a lake that `LakeBatches` writes.

    Attributes:
        lake: The lake.
        files: Its own, for events.
        now: The wall clock (UTC).
        settle_s: How long what came is held back from followers [s].
    """

    lake: FileLake
    files: LakeFiles
    now: Callable[[], datetime]
    settle_s: float = SETTLE_S

    @override
    def latest(self, device_id: str) -> Telemetry | None:
        for day in reversed(self.lake.days()[-LOOK_BACK_DAYS:]):
            start = datetime.combine(day, time(), UTC)
            if found := self.between(device_id, start, start + timedelta(days=1)):
                return found[-1]
        return None

    @override
    def between(self, device_id: str, start: datetime, end: datetime) -> list[Telemetry]:
        table = self.lake.scan(start, end, device_id).combine_chunks()
        return [reading for batch in table.to_batches() for reading in ReadingColumns(batch)]

    @override
    def read_after(self, position: int, limit: int = 5000) -> list[LoggedReading]:
        now, settled = self.lake.snapshot(), self._settled()
        files = [file for file in now.listing() if file.last > position]
        if not files:
            return []
        rows = now.store.ask(files, lake_query.merge)
        places = rows["position"]
        rows = rows.filter(pc.and_(pc.greater(places, position), pc.less_equal(places, settled)))
        return list(LoggedTable(rows.sort_by("position").slice(0, limit)))

    @override
    def head(self) -> int:
        return min(self.lake.newest_position(), self._settled())

    @override
    def events_of(self, device_id: str, kind: EventKind, since: datetime) -> list[Event]:
        found: dict[str, Event] = {}
        for line in ObjectJournal(self.files, EVENTS).lines():
            if line["device_id"] == device_id and line["kind"] == kind:
                event = Event.model_validate_json(msgspec.json.encode(line))
                if event.occurred_at >= since:
                    found[event.event_id] = event
        return sorted(found.values(), key=lambda event: event.occurred_at)[-MAX_EVENTS:]

    def newest(self) -> dict[str, datetime]:
        """When each device that was heard in the newest days was heard last.

        Raises:
            UnavailableError: It cannot be told now.
        """
        days = self.lake.days()[-2:]
        if not days:
            return {}
        table = self.lake.scan(datetime.combine(days[0], time(), UTC)).select(["device_id", "sampled_at"])
        newest = table.group_by("device_id").aggregate([("sampled_at", "max")])
        return dict(zip(newest["device_id"].to_pylist(), newest["sampled_at_max"].to_pylist(), strict=True))

    def close(self) -> None:
        """Give back what the lake holds."""
        self.lake.close()

    def _settled(self) -> int:
        return (milliseconds(self.now()) - round(self.settle_s * 1000)) * PLACES_PER_MS
