"""History: what a device reported, as it is or averaged over equal steps of time."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from math import ceil
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from edge.contract import DeviceId, Mode, Telemetry
from edge.contract.quantities import Instant
from mobile_api.access import OwnedDevice
from mobile_api.errors import InvalidFieldError
from mobile_api.operations import Operations, Page, Query, Shown
from mobile_api.services import services

DEFAULT_SPAN = timedelta(hours=48)
"""Without `from`: two days, so that yesterday can be compared with today."""

MAX_SPAN = timedelta(days=31)
"""Longest span of averages in one answer."""

MAX_RAW_SPAN = timedelta(days=7)
"""Longest span of single readings in one answer (10,080 at one a minute)."""

TICK = timedelta(milliseconds=1)
"""Instants of readings are whole milliseconds."""

MAX_POINTS = 10_080
"""Most readings in one answer: a week of one a minute."""

MIN_RESOLUTION_S, MAX_RESOLUTION_S = 60, 86_400
_UNIT_S = {"": 1, "s": 1, "min": 60, "h": 3600}

operations = Operations("history")


class HistoryQuery(Query):
    """Which readings."""

    start: Instant | None = Field(None, alias="from", description="First instant; default 48 h before `to`.")
    end: Instant | None = Field(
        None, alias="to", description="First instant after; default: just after the newest reading."
    )
    resolution: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}(s|min|h)?$")] | None = Field(
        None, description="Average over steps of that many seconds, or `5min`, `1h`; absent: single readings."
    )

    limit: int = Field(MAX_POINTS, ge=1, le=MAX_POINTS, description="Most readings in one answer.")
    cursor: str | None = Field(None, description="From the `Link` of the part before; good for nothing else.")


class HistoryPoint(Shown):
    """One reading, or the readings whose interval ends within one step.

    Temperatures, humidity and power are means (power weighted by the length of the intervals); setpoint and
    mode are those in force at the end.
    """

    at: AwareDatetime = Field(description="End of the interval or of the step.")
    mode: Mode
    setpoint_c: float | None
    indoor_dry_bulb_c: float | None
    indoor_rh_pct: float | None
    outdoor_dry_bulb_c: float | None
    electric_power_w: float | None


class History(Shown):
    """Readings of a device, ascending."""

    device_id: DeviceId
    start: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")
    resolution_s: int | None
    readings: list[HistoryPoint]


@operations.get("/v1/devices/<device_id>/telemetry", right="review")
def show_history(device: OwnedDevice, query: HistoryQuery, after: str) -> Page[History]:
    """What a device reported between two instants.

    At most 7 days of single readings, or 31 days of averages; what is more than `limit` is at `Link`.
    """
    use = services()
    device_id = device.record.device_id
    resolution_s = _resolution(query.resolution)
    end = query.end or _just_after(use.readings.latest(device_id), use.now())
    start = query.start or _before(end, DEFAULT_SPAN)
    _check_span(start, end, resolution_s)
    since = max(start, datetime.fromisoformat(after) + TICK) if after else start
    readings = use.readings.between(device_id, since, end)
    points = list(islice(_points(readings, resolution_s), query.limit + 1))
    part = points[: query.limit]
    history = {
        "device_id": device_id,
        "from": start,
        "to": end,
        "resolution_s": resolution_s,
        "readings": part,
    }
    following = part[-1].at.isoformat() if len(points) > len(part) else None
    return Page(History.model_validate(history), following)


def _points(readings: Iterable[Telemetry], resolution_s: int | None) -> Iterable[HistoryPoint]:
    if resolution_s is None:
        return (_single(reading) for reading in readings)
    return average(readings, resolution_s)


def average(readings: Iterable[Telemetry], resolution_s: int) -> list[HistoryPoint]:
    """Readings averaged over steps of `resolution_s` [s] that end at multiples of it since 1970 (UTC).

    A reading at `sampled_at` speaks for the interval that ends there, so it belongs to the step (t - r, t].
    """
    steps = groupby(readings, lambda reading: ceil(reading.sampled_at.timestamp() / resolution_s))
    return [_mean(datetime.fromtimestamp(step * resolution_s, UTC), list(members)) for step, members in steps]


def _mean(at: datetime, members: Sequence[Telemetry]) -> HistoryPoint:
    last = members[-1]
    measured = [(reading.electric_power_w, reading.interval_s) for reading in members]
    return HistoryPoint(
        at=at,
        mode=last.mode,
        setpoint_c=last.setpoint_c,
        indoor_dry_bulb_c=_weighted([(reading.indoor_dry_bulb_c, 1.0) for reading in members]),
        indoor_rh_pct=_weighted([(reading.indoor_rh_pct, 1.0) for reading in members]),
        outdoor_dry_bulb_c=_weighted([(reading.outdoor_dry_bulb_c, 1.0) for reading in members]),
        electric_power_w=_weighted(measured),
    )


def _weighted(values: Iterable[tuple[float | None, float]]) -> float | None:
    """Mean of the values that are there; None when there is none."""
    present = [(value, weight) for value, weight in values if value is not None]
    if not present:
        return None
    return round(sum(value * weight for value, weight in present) / sum(weight for _, weight in present), 3)


def _single(reading: Telemetry) -> HistoryPoint:
    fields = set(HistoryPoint.model_fields) - {"at"}
    return HistoryPoint(at=reading.sampled_at, **reading.model_dump(include=fields))


def _resolution(text: str | None) -> int | None:
    if text is None:
        return None
    digits, unit = re.findall(r"^([0-9]+)(\D*)$", text)[0]
    resolution_s = int(digits) * _UNIT_S[unit]
    if not MIN_RESOLUTION_S <= resolution_s <= MAX_RESOLUTION_S:
        raise InvalidFieldError("resolution", f"{MIN_RESOLUTION_S} to {MAX_RESOLUTION_S} seconds")
    return resolution_s


def _just_after(newest: Telemetry | None, now: datetime) -> datetime:
    """The next whole minute after the newest reading; it (and so the ETag) stays until there is more."""
    last = now if newest is None else newest.sampled_at
    return last.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _before(end: datetime, span: timedelta) -> datetime:
    """`end - span`, or the first instant of the calendar."""
    first = datetime.min.replace(tzinfo=UTC)
    return end - span if end - first > span else first


def _check_span(start: datetime, end: datetime, resolution_s: int | None) -> None:
    if start >= end:
        raise InvalidFieldError("from", "must be before `to`")
    longest = MAX_RAW_SPAN if resolution_s is None else MAX_SPAN
    if end - start > longest:
        raise InvalidFieldError("from", f"at most {longest.days} days before `to` in this resolution")
