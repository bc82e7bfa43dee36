"""Batches of a stream into the reading log of one machine."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from cloud.ports.batches import BatchStore
from cloud.ports.telemetry import IngestCommit, ReadingLog


@dataclass(frozen=True, slots=True)
class LogBatches(BatchStore):
    """A batch is one commit of the log."""

    log: ReadingLog

    @override
    def keep(self, commits: Sequence[IngestCommit]) -> None:
        self.log.commit(
            IngestCommit(
                readings=[reading for commit in commits for reading in commit.readings],
                events=[event for commit in commits for event in commit.events],
                dead_letters=[letter for commit in commits for letter in commit.dead_letters],
                received_at=commits[-1].received_at,
            )
        )
