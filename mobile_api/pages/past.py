"""What was: the history of a device, and what advice has saved as far as that is known."""

from datetime import timedelta
from typing import Literal, TypeAlias

from flask import Response
from pydantic import Field

from cloud.ports.saving_records import MEASURED_H
from mobile_api.access import RIGHTS, OwnedDevice
from mobile_api.history import LOCAL_DAY, HistoryPoint, HistoryQuery, show_history
from mobile_api.operations import Operations, Query
from mobile_api.pages.forms import page
from mobile_api.savings import days_of, savings
from mobile_api.services import services

Span: TypeAlias = Literal["2d", "7d", "31d"]
RESOLUTION: dict[Span, tuple[timedelta, str]] = {
    "2d": (timedelta(days=2), "5min"),
    "7d": (timedelta(days=7), "1h"),
    "31d": (timedelta(days=31), "1h"),
}
"""How far back, and in which steps it is drawn."""

ROUNDED = timedelta(minutes=2)
"""The end of a history is rounded up by less; the longest span leaves no room for it."""

SHOWN_DAYS = 28
"""Days in the list of what was measured."""

operations = Operations("pages")


class HistoryPageQuery(Query):
    """How far back."""

    span: Span = Field("7d")


@operations.get("/devices/<device_id>/history", right="review", documented=False)
def show_history_page(device: OwnedDevice, query: HistoryPageQuery) -> Response:
    """What a device reported, drawn by a script and, day by day, as a table."""
    span, resolution = RESOLUTION[query.span]
    newest = services().readings.latest(device.record.device_id)
    start = None if newest is None else (newest.sampled_at - span + ROUNDED).isoformat()
    return page(
        "history.html",
        device=device.record,
        home=device.home.record,
        rights=RIGHTS[device.home.role],
        spans=tuple(RESOLUTION),
        span=query.span,
        start=start,
        one_second=timedelta(seconds=1),
        resolution=resolution,
        days=[] if start is None else _by_day(device, start),
    )


@operations.get("/devices/<device_id>/savings", right="review", documented=False)
def show_savings_page(device: OwnedDevice) -> Response:
    """What is known of the saving, and of which days."""
    return page(
        "savings.html",
        device=device.record,
        home=device.home.record,
        rights=RIGHTS[device.home.role],
        savings=savings(device, "90d"),
        days=list(reversed(days_of(device, "28d")))[:SHOWN_DAYS],
        least_h=MEASURED_H,
    )


def _by_day(device: OwnedDevice, start: str) -> list[HistoryPoint]:
    """The local days, the newest first."""
    query = HistoryQuery.model_validate({"from": start, "resolution": LOCAL_DAY})
    return list(reversed(show_history(device, query, "").body.readings))
