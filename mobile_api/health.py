"""Health: whether the process lives, whether it can serve, and what it has served."""

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from flask import Flask, Response, current_app
from pydantic import ValidationError

from cloud.errors import CloudError, NotReadyError, UnavailableError
from cloud.ports.monitoring import MONITORING_PK, REPORT_SK, MonitoringReport
from cloud.ports.state import Put
from mobile_api.events import live_feed
from mobile_api.metrics import MEDIA_TYPE
from mobile_api.operations import Operations, Shown
from mobile_api.services import Services, services

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY_S: Final = 2.0
"""Stores are tried at most so often, however often somebody asks [s]: trying writes."""

_TRIED: Final = timedelta(minutes=1)
_READINESS: Final = "ac_advisor_readiness"

operations = Operations("health")


class Alive(Shown):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Shown):
    """The process can do its work."""

    status: Literal["ready"] = "ready"


@dataclass(slots=True)
class Readiness:
    """What was wrong when the stores were tried last; empty when nothing was."""

    _problem: str = "nobody has looked yet"
    _looked_s: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def problem(self, use: Services) -> str:
        """What is wrong now; while somebody else tries the stores, what was wrong before."""
        if self._lock.acquire(blocking=False):
            try:
                if time.monotonic() - self._looked_s >= LOOK_EVERY_S:
                    self._problem, self._looked_s = _first_problem(use), time.monotonic()
            finally:
                self._lock.release()
        return self._problem


def install(app: Flask) -> None:
    """Give `app` its readiness."""
    app.extensions[_READINESS] = Readiness()


@operations.get("/healthz", public=True, limited=False)
def show_health() -> Alive:
    """The process lives."""
    return Alive()


@operations.get("/readyz", public=True, limited=False)
def show_readiness() -> Ready:
    """State can be read and written, readings and lake read, and it is not about to end; 503 if not."""
    if live_feed(current_app).draining:
        raise NotReadyError("this server is about to end")
    found = current_app.extensions[_READINESS].problem(services())
    if found:
        raise NotReadyError(found)
    return Ready()


@operations.get("/metrics", public=True, limited=False, documented=False)
def show_metrics() -> Response:
    """What was served, and how the fleet did when it was last monitored, for Prometheus."""
    return Response(services().metrics.exposition(newest_report()), content_type=MEDIA_TYPE)


def newest_report() -> MonitoringReport | None:
    """None before the first, without the store, or of another version of the program: the rest is told."""
    try:
        item = services().state.get(MONITORING_PK, REPORT_SK)
        return None if item is None else MonitoringReport.model_validate(item.body)
    except (UnavailableError, ValidationError):
        return None


def _first_problem(use: Services) -> str:
    """The first store that does not do what it has to, in words that tell no secret."""
    gone = use.now() + _TRIED
    tries: dict[str, Callable[[], object]] = {
        "state cannot be written": lambda: use.state.transact([Put("ready", "ready", {}, expires_at=gone)]),
        "state cannot be read": lambda: use.state.get("ready", "ready"),
        "readings cannot be read": lambda: use.readings.latest("ready"),
        "the lake cannot be read": use.history.check,
        "there is no signing key": lambda: use.tokens.keys.signing(use.now()),
    }
    for name, attempt in tries.items():
        try:
            attempt()
        except (CloudError, OSError):
            return name
    return ""
