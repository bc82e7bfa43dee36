"""Health: whether the process lives, whether it can serve, and what it has served."""

from typing import Literal

from flask import Response
from pydantic import ValidationError

from cloud.errors import UnavailableError
from cloud.ports.monitoring import MONITORING_PK, REPORT_SK, MonitoringReport
from mobile_api.metrics import MEDIA_TYPE
from mobile_api.operations import Operations, Shown
from mobile_api.services import services

operations = Operations("health")


class Alive(Shown):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Shown):
    """The process can do its work."""

    status: Literal["ready"] = "ready"


@operations.get("/healthz", public=True, limited=False)
def show_health() -> Alive:
    """The process lives."""
    return Alive()


@operations.get("/readyz", public=True, limited=False)
def show_readiness() -> Ready:
    """The stores answer; 503 when they do not."""
    use = services()
    use.state.get("ready", "ready")
    use.readings.latest("ready")
    return Ready()


@operations.get("/metrics", public=True, limited=False, documented=False)
def show_metrics() -> Response:
    """What was served, and how the fleet did when it was last monitored, for Prometheus."""
    return Response(services().metrics.exposition(_newest_report()), content_type=MEDIA_TYPE)


def _newest_report() -> MonitoringReport | None:
    """None before the first, without the store, or of another version of the program: the rest is told."""
    try:
        item = services().state.get(MONITORING_PK, REPORT_SK)
        return None if item is None else MonitoringReport.model_validate(item.body)
    except (UnavailableError, ValidationError):
        return None
