"""Served: what is told of a request that has been answered, to metrics, traces and the log."""

import logging
import re
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from mobile_api.metrics import Metrics

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What may be told of a request: nothing of who asked, nor of what.

    Attributes:
        method: As it was sent.
        route: The template, such as `/v1/devices/<device_id>`.
        status: Of the answer.
        request_id: As it is in the answer and in logs.
        duration_s: From request to answer [s].
    """

    method: str
    route: str
    status: int
    request_id: str
    duration_s: float


class Traces(Protocol):
    """Where requests are traced."""

    def record(self, facts: RequestFacts) -> None:
        """Tell of a request that has just been answered; never waits, never fails."""
        ...


def request_id_of(given: str) -> str:
    """The id that a client gives its request, when it is harmless, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def tell(facts: RequestFacts, metrics: Metrics, traces: Traces | None) -> None:
    """Tell of a request that has been answered."""
    metrics.record(facts.method, facts.route, facts.status, facts.duration_s)
    if traces is not None:
        traces.record(facts)
    if log.is_enabled_for(logging.DEBUG):  # making an event costs as much as a look-up
        log.debug(
            "request_served",
            method=facts.method,
            route=facts.route,
            status=facts.status,
            request_id=facts.request_id,
            duration_s=round(facts.duration_s, 6),
        )
