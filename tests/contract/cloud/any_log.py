"""A log of any kind, and what is often done to it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.ports.telemetry import DeadLetter, IngestCommit
from edge.contract import Telemetry

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


MINUTE = timedelta(minutes=1)


AnyLog: TypeAlias = SqliteReadingLog | MemoryReadingLog


MakeTelemetry: TypeAlias = Callable[..., Telemetry]


def letter(name: str, at: datetime = NOON) -> DeadLetter:
    return DeadLetter(name, at, "dt/ac/dev-1/telemetry", "dev-1", "mode: unknown", 3, b'{"mode":"cosy"}')


def commit(log: AnyLog, *readings: Telemetry) -> int:
    return log.commit(IngestCommit(readings, received_at=NOON))


def catch_up(log: AnyLog) -> None:
    while log.catch_up():
        pass


def logged(log: AnyLog) -> list[Telemetry]:
    return [each.reading for each in log.read_after(0)]
