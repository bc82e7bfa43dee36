"""Health: whether the process lives, whether it can serve, and what it has served."""

from typing import Literal

from flask import Response

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
    """What was served, for Prometheus."""
    return Response(services().metrics.exposition(), mimetype="text/plain; version=0.0.4")
