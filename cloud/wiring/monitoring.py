"""Monitoring of an installation: its stores, and a round every few minutes in whichever process does it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Final

import structlog

from cloud.adapters.emf_metrics import EmfMetrics, Figures
from cloud.config import CloudSettings
from cloud.errors import CloudError
from cloud.monitoring.gather import Sources
from cloud.monitoring.round import take_round
from cloud.ports.monitoring import MonitoringReport
from cloud.wiring.readings import newest_by_device
from cloud.wiring.registry import open_registry
from cloud.wiring.state import open_state

EVERY_S: Final = 300.0
"""From one round to the next [s]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def monitor_once(settings: CloudSettings) -> MonitoringReport:
    """One round, and its report.

    Raises:
        CloudError: Something does not answer, or is not as it should be.
    """
    with open_sources(settings) as sources:
        report = take_round(sources)
    if settings.metrics == "emf":
        figures: Figures = {"RaisedAlarms": (len(report.raised), "Count")}
        EmfMetrics(sys.stdout, sources.now).tell(figures, {"Source": "monitor"})
    return report


@contextmanager
def open_sources(settings: CloudSettings) -> Iterator[Sources]:
    """The stores of this installation.

    Raises:
        CloudError: One cannot be opened.
    """
    with closing(open_state(settings)) as state:
        yield Sources(
            state=state,
            models=open_registry(settings),
            newest=lambda: newest_by_device(settings),
            now=lambda: datetime.now(UTC),
            clock=settings.clock,
        )


@contextmanager
def monitoring(settings: CloudSettings) -> Iterator[None]:
    """Monitor in a thread of its own, until the end of the block."""
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(settings, over), name="monitoring", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(settings: CloudSettings, over: threading.Event) -> None:
    """A round that cannot be made is logged once for each reason, and made at its next turn."""
    complaint = ""
    while not over.is_set():
        try:
            monitor_once(settings)
            complaint = ""
        except CloudError as error:
            if str(error) != complaint:
                log.warning("fleet_not_monitored", reason=str(error))
            complaint = str(error)
        except Exception:  # the outermost loop of a thread: what serves beside it goes on
            log.exception("monitoring_failed")
        over.wait(EVERY_S)
