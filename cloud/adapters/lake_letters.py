"""Dead letters beside a lake, and their way back into it: where no log stands between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import LakeBatches
from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.lake_readings import LakeReadings
from cloud.adapters.object_letters import ObjectLetters
from cloud.errors import AlreadyReplayedError
from cloud.ports.telemetry import DeadLetter, IngestCommit, ReplayableLetters
from edge.contract import Telemetry


class LakeLetters(ObjectLetters, ReplayableLetters):
    """What was refused where Lambdas ingest.

    What a letter brings has the place of the letter's own arrival, so that it is the same however often it is
    replayed, and never wins over what came after it. Who follows readings does not hear of it.

    Args:
        lake: Where readings go.
        files: The lake's own.
        now: The wall clock (UTC).
    """

    def __init__(self, lake: FileLake, files: LakeFiles, now: Callable[[], datetime]) -> None:
        super().__init__(files)
        self._readings = LakeReadings(lake, files, now)
        self._batches = LakeBatches(lake, files)
        self._now = now

    @override
    def latest(self, device_id: str) -> Telemetry | None:
        return self._readings.latest(device_id)

    @override
    def between(self, device_id: str, start: datetime, end: datetime) -> list[Telemetry]:
        return self._readings.between(device_id, start, end)

    @override
    def settle(self, letter: DeadLetter, at: datetime, commit: IngestCommit) -> None:
        if self.is_replayed(letter):
            raise AlreadyReplayedError(letter.letter_id)
        self._batches.keep([replace(commit, received_at=letter.received_at)])
        self.mark_replayed(letter, at)

    @override
    def refuse_again(self, letter: DeadLetter, reason: str) -> None:
        if reason != letter.reason and not self.is_replayed(letter):
            self.put_reason(letter, reason, self._now())

    @override
    def close(self) -> None:
        super().close()
        self._readings.close()
