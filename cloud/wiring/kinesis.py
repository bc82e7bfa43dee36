"""The Lambda handler: registrations from the serving state, batches into the lake that the settings name.

AWS calls `cloud.wiring.kinesis.handle`; what it needs is made at the first call and kept, so that the lake's
manifest is read on from where the last call left it.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from typing_extensions import override

from cloud.adapters.emf_metrics import EmfMetrics, Figures
from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import LakeBatches
from cloud.config import CloudSettings
from cloud.kinesis_batch import Response, ingest_batch
from cloud.logs import configure_logs
from cloud.ports.batches import BatchStore
from cloud.ports.state import StateStore
from cloud.ports.telemetry import IngestCommit
from cloud.registrations import CachedRegistrations
from cloud.rule_failures import ingest_failures
from cloud.wiring.lake import lake_files, utc_now
from cloud.wiring.state import open_state

LambdaEvent: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[LambdaEvent, object], Response]


def handle(event: LambdaEvent, context: object) -> Response:
    """What Lambda calls, for the stream and for the queue of what the rule could not put there."""
    return _handler()(event, context)


def kinesis_handler(settings: CloudSettings, state: StateStore, metrics: EmfMetrics | None = None) -> Handler:
    """Such a handler, of an installation; it tells `metrics` what came of each batch."""
    files = lake_files(settings)
    store = _Counted(LakeBatches(FileLake(files), files))
    registrations = CachedRegistrations(state)

    def handle_batch(event: LambdaEvent, _context: object) -> Response:
        source = str(event["Records"][0].get("eventSource", "aws:kinesis")).removeprefix("aws:")
        take_in = ingest_failures if source == "sqs" else ingest_batch
        response = take_in(event, registrations, store)
        if metrics is not None:
            figures = store.figures(failed=len(response["batchItemFailures"]), now=utc_now())
            metrics.tell(figures, {"Source": source})
        store.commits.clear()
        return response

    return handle_batch


@cache
def _handler() -> Handler:
    configure_logs()
    settings = CloudSettings()
    return kinesis_handler(settings, open_state(settings), EmfMetrics(sys.stdout, utc_now))


@dataclass(frozen=True, slots=True)
class _Counted(BatchStore):
    """Remembers what was kept since it was asked last."""

    store: BatchStore
    commits: list[IngestCommit] = field(default_factory=list[IngestCommit])

    @override
    def keep(self, commits: Sequence[IngestCommit]) -> None:
        self.store.keep(commits)
        self.commits.extend(commits)

    def figures(self, *, failed: int, now: datetime) -> Figures:
        """What an alarm or a graph may be about; the age is that of the oldest record when it was kept."""
        arrivals = [commit.received_at for commit in self.commits if commit.received_at is not None]
        age_s = (now - min(arrivals)).total_seconds() if arrivals else 0.0
        return {
            "Readings": (sum(len(commit.readings) for commit in self.commits), "Count"),
            "Events": (sum(len(commit.events) for commit in self.commits), "Count"),
            "DeadLetters": (sum(len(commit.dead_letters) for commit in self.commits), "Count"),
            "FailedBatches": (float(failed > 0), "Count"),
            "ArrivalAge": (age_s, "Seconds"),
        }
