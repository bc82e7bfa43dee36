"""History: what a device reported, as it is or averaged over equal steps of time."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, StringConstraints

from cloud.ports.history import HistoryStep
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
"""Points in one answer: a week at one a minute."""

MIN_RESOLUTION_S, MAX_RESOLUTION_S = 60, 86_400
LOCAL_DAY = "1d"
"""Steps of one day from midnight to midnight where the home is, of 23, 24 or 25 hours."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_S = {"": 1, "s": 1, "min": 60, "h": 3600, "d": 86_400}

operations = Operations("history")


class HistoryQuery(Query):
    """Which readings."""

    start: Instant | None = Field(None, alias="from", description="First instant; default 48 h before `to`.")
    end: Instant | None = Field(
        None, alias="to", description="First instant after; default: just after the newest reading."
    )
    resolution: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,5}(s|min|h)?|1d)$")] | None = Field(
        None,
        description="Average over steps of that many seconds, `5min`, `1h`, or `1d` (the home's own days); "
        "absent: single readings.",
    )

    limit: int = Field(MAX_POINTS, ge=1, le=MAX_POINTS, description="Most readings in one answer.")
    cursor: str | None = Field(None, description="From the `Link` of the part before; good for nothing else.")


class HistoryPoint(Shown):
    """One reading, or the readings whose interval ends within one step.

    Temperatures, humidity and power are means (power weighted by the length of the intervals); setpoint and
    mode are those in force at the end.
    """

    at: AwareDatetime = Field(description="End of the interval or of the step.")
    mode: Mode | None = Field(description="Null for a step without a reading, of which the energy is known.")
    setpoint_c: float | None
    indoor_dry_bulb_c: float | None
    indoor_rh_pct: float | None
    outdoor_dry_bulb_c: float | None
    electric_power_w: float | None
    electric_energy_kwh: float | None = Field(
        None,
        description="Of the step, by the device's counter: a lost reading loses none.",
    )


_OF_STEP: Final = [name for name in HistoryPoint.model_fields if name != "at"]


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

    At most 7 days of single readings, or 31 days of averages; what is more than `limit` is at `Link`. Steps
    are whole: the first and the last one may reach beyond `from` and `to`.
    """
    use = services()
    device_id = device.record.device_id
    resolution_s = _resolution(query.resolution)
    end = query.end or _just_after(use.readings.latest(device_id), use.now())
    start = query.start or _before(end, DEFAULT_SPAN)
    _check_span(start, end, resolution_s)
    since = datetime.fromisoformat(after) if after else None
    if resolution_s is None:
        first = start if since is None else max(start, since + TICK)
        points = [_single(one) for one in use.history.readings(device_id, first, end, query.limit + 1)]
    else:
        edges = _edges(device, query.resolution, start, end, resolution_s)
        edges = [edge for edge in edges if since is None or edge >= since]
        points = [_step(step) for step in use.history.steps(device_id, edges)[: query.limit + 1]]
    part = points[: query.limit]
    history = {
        "device_id": device_id,
        "from": start,
        "to": end,
        "resolution_s": resolution_s,
        "readings": part,
    }
    return Page(History.model_validate(history), part[-1].at.isoformat() if len(points) > len(part) else None)


def _edges(
    device: OwnedDevice, resolution: str | None, start: datetime, end: datetime, resolution_s: int
) -> list[datetime]:
    if resolution == LOCAL_DAY:
        return local_days(start, end, ZoneInfo(device.home.record.timezone))
    return equal_steps(start, end, resolution_s)


def equal_steps(start: datetime, end: datetime, resolution_s: int) -> list[datetime]:
    """The edges of the steps that overlap the span; they are multiples of `resolution_s` since 1970 (UTC)."""
    step = timedelta(seconds=resolution_s)
    start, end = _inside_calendar(start), _inside_calendar(end)
    first, last = (start - _EPOCH) // step, -((_EPOCH - end) // step)
    return [_EPOCH + number * step for number in range(first, last + 1)]


def local_days(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """The midnights, in UTC, around the days of `zone` that overlap the span."""
    day, end = _inside_calendar(start).astimezone(zone).date(), _inside_calendar(end)
    edges = [_midnight(day, zone)]
    while edges[-1] < end:
        day += timedelta(days=1)
        edges.append(_midnight(day, zone))
    return edges


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a local day (UTC); where clocks skip midnight, the moment at which they do."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _inside_calendar(instant: datetime) -> datetime:
    """`instant`, or the nearest one with whole days around it in the calendar."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    margin = timedelta(days=3)
    return min(max(instant, first + margin), last - margin)


def _step(step: HistoryStep) -> HistoryPoint:
    """Of what is ours nothing has to be checked, and there may be thousands."""
    return HistoryPoint.model_construct(at=step.end, **{name: getattr(step, name) for name in _OF_STEP})


def _single(reading: Telemetry) -> HistoryPoint:
    fields = set(HistoryPoint.model_fields) - {"at", "electric_energy_kwh"}
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
    if resolution_s is not None and (end - start).total_seconds() > resolution_s * MAX_POINTS:
        raise InvalidFieldError("resolution", f"at most {MAX_POINTS} steps in one answer")
