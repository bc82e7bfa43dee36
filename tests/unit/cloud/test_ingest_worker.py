import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from typing_extensions import override

from cloud.adapters.memory_telemetry import MemoryReadingLog, MemoryRegistrations, MemoryStream
from cloud.errors import UnavailableError
from cloud.ingest_worker import IngestWorker
from cloud.ports.ingest import InboundMessage, Registration
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry, write_telemetry

NOW = datetime(2025, 7, 1, 12, 1, tzinfo=UTC)


class EndingStream(MemoryStream):
    """Stops the worker when everything has been taken."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self.stop = stop

    @override
    def take(self, timeout_s: float) -> list[InboundMessage]:
        taken = MemoryStream.take(self, timeout_s)
        if not taken:
            self.stop.set()
        return taken


@dataclass(slots=True)
class FullDisk(MemoryReadingLog):
    """Refuses the first `refusals` commits."""

    refusals: int = 0
    on_refusal: Callable[[], None] = field(default=lambda: None)

    @override
    def commit(self, commit: IngestCommit) -> int:
        if self.refusals:
            self.refusals -= 1
            self.on_refusal()
            raise UnavailableError("database or disk is full")
        return MemoryReadingLog.commit(self, commit)


def work(log: MemoryReadingLog, stop: threading.Event, *messages: InboundMessage) -> MemoryStream:
    stream = EndingStream(stop)
    stream.waiting.extend(messages)
    registered = MemoryRegistrations({"dev-1": Registration(None, share_presence=False)})
    IngestWorker(stream, log, registered, lambda: NOW, Random(1)).run(stop)  # noqa: S311 (jitter)
    return stream


def test_acknowledges_what_it_has_committed(make_telemetry: Callable[..., Telemetry]) -> None:
    sent = make_telemetry()
    message = InboundMessage("dt/ac/dev-1/telemetry", write_telemetry([sent]))
    bad = InboundMessage("dt/ac/dev-1/telemetry", b"bad")
    log = MemoryReadingLog()

    stream = work(log, threading.Event(), message, bad)

    assert stream.acknowledged == [message, bad]
    assert [logged.reading for logged in log.read_after(0)] == [sent]
    assert log.count() == 1


def test_tries_again_while_the_log_is_full_and_then_acknowledges(
    make_telemetry: Callable[..., Telemetry],
) -> None:
    message = InboundMessage("dt/ac/dev-1/telemetry", write_telemetry([make_telemetry()]))
    log = FullDisk(refusals=2)

    stream = work(log, threading.Event(), message)

    assert stream.acknowledged == [message]
    assert log.head() == 1


def test_acknowledges_nothing_that_was_not_committed(make_telemetry: Callable[..., Telemetry]) -> None:
    stop = threading.Event()
    message = InboundMessage("dt/ac/dev-1/telemetry", write_telemetry([make_telemetry()]))

    stream = work(FullDisk(refusals=1, on_refusal=stop.set), stop, message)

    assert stream.acknowledged == []
