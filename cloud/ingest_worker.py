"""The ingest worker: take what waits, commit it, and only then acknowledge it."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from threading import Event as Flag

import structlog

from cloud.errors import UnavailableError
from cloud.ingest import ingest
from cloud.ingest_status import IngestMeter
from cloud.ports.ingest import InboundMessage, Registrations, SealableLog, TelemetryStream
from cloud.ports.telemetry import IngestCommit
from cloud.retry import full_jitter_s

TAKE_TIMEOUT_S = 0.2
"""How soon an idle worker sees that it shall stop [s]."""

FEW_READINGS = 200
"""After fewer than these there is time for what commits have put off [readings]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class IngestWorker:
    """Joins the stream to the log; several workers, each with a stream of its own, may write one log.

    Attributes:
        stream: Where messages come from.
        readings: Where they go.
        registrations: The known devices.
        now: The clock (UTC).
        random: Jitter of the retries.
        meter: Counts what is done.
        look: Called after each round, and some times a second without any: tells how things stand.
    """

    stream: TelemetryStream
    readings: SealableLog
    registrations: Registrations
    now: Callable[[], datetime]
    random: Random
    meter: IngestMeter = field(default_factory=IngestMeter)
    look: Callable[[], None] = lambda: None

    def run(self, stop: Flag) -> None:
        """Work until `stop`; what is not committed by then stays with the broker."""
        while not stop.is_set():
            messages = self.stream.take(TAKE_TIMEOUT_S)
            readings = self._keep(messages, stop) if messages else 0
            if readings < FEW_READINGS:
                with suppress(UnavailableError):  # it has time
                    self.readings.catch_up()
            self.look()

    def _keep(self, messages: Sequence[InboundMessage], stop: Flag) -> int:
        """Commit and acknowledge; while the log is not available nothing is acknowledged and we wait.

        Returns:
            How many readings were kept.
        """
        attempts, began_s = 0, time.monotonic()
        while not stop.is_set():
            try:
                commit = ingest(messages, self.registrations, self.now())
                self.readings.commit(commit)
            except UnavailableError as error:
                if not attempts:
                    log.warning("commit_failed", reason=str(error), messages=len(messages))
                attempts += 1
                self.meter.failed(self.now())
                self.look()
                stop.wait(full_jitter_s(attempts, self.random))
            else:
                self.stream.acknowledge(messages)
                self.meter.committed(commit, time.monotonic() - began_s)
                _report(commit, attempts)
                return len(commit.readings)
        return 0


def _report(commit: IngestCommit, attempts: int) -> None:
    if attempts:
        log.info("commit_recovered", attempts=attempts)
    if commit.dead_letters:
        first = commit.dead_letters[0]
        log.warning(
            "telemetry_rejected",
            letters=len(commit.dead_letters),
            first_letter_id=first.letter_id,
            principal=first.principal,
        )
