"""Windows: whether somebody has opened one, told from the air alone, knowing what the unit itself does.

Plain detectors take any quick fall of the temperature for an open window, and so the first minutes of
cooling. Here only what neither the unit's work nor the rebound after it explains is one.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from edge.compressor import work_of
from edge.contract import Telemetry

SPAN = timedelta(minutes=15)
"""Over which the air is watched."""

OPEN_K = 1.5
"""A change of the room towards the outdoor air, within `SPAN`, that walls do not let through [K]."""

STILL_K = 0.3
"""A room that follows the outdoor air by less than this within `SPAN` is closed [K]."""

OUTSIDE_K = 3.0
"""With less between indoors and outdoors nothing can be told [K]."""

REBOUND = timedelta(minutes=30)
"""After the unit has started or stopped, the air at its sensor moves by itself for about this long."""

WindowChange: TypeAlias = Literal["window_open", "window_closed"]


@dataclass(frozen=True, slots=True)
class _Air:
    at: datetime
    indoor_c: float
    outdoor_c: float


@dataclass(slots=True)
class Windows:
    """The windows of one unit's room.

    Attributes:
        is_open: What was said last.
    """

    is_open: bool = False
    _air: deque[_Air] = field(default_factory=deque[_Air])
    _push: int | None = None
    _push_since: datetime | None = None

    def observe(self, reading: Telemetry) -> WindowChange | None:
        """What a reading says about the window, when that has changed; readings out of order say nothing."""
        if self._air and reading.sampled_at <= self._air[-1].at:
            return None
        push = _push(reading)
        if push != self._push or self._push_since is None:
            self._push, self._push_since = push, reading.sampled_at
            self._air.clear()
        if push is None or reading.indoor_dry_bulb_c is None or reading.outdoor_dry_bulb_c is None:
            return None
        self._air.append(_Air(reading.sampled_at, reading.indoor_dry_bulb_c, reading.outdoor_dry_bulb_c))
        while self._air[-1].at - self._air[0].at > SPAN:
            self._air.popleft()
        return self._judge(push, self._push_since)

    def _judge(self, push: int, push_since: datetime) -> WindowChange | None:
        first, last = self._air[0], self._air[-1]
        outside_k, drift_k = first.outdoor_c - first.indoor_c, last.indoor_c - first.indoor_c
        towards_k = drift_k if outside_k > 0 else -drift_k
        settled = last.at >= push_since + REBOUND or push != 0
        explained = push * drift_k > 0 or not settled
        if not self.is_open and towards_k >= OPEN_K and abs(outside_k) >= OUTSIDE_K and not explained:
            self.is_open = True
            return "window_open"
        if self.is_open and last.at - first.at >= SPAN / 2 and towards_k < STILL_K:
            self.is_open = False
            return "window_closed"
        return None


def _push(reading: Telemetry) -> int | None:
    """Which way the unit moves the air's temperature: -1, 0, 1; None: it chooses itself."""
    work = work_of(reading.mode)
    if work is None or reading.compressor_ratio == 0:
        return 0
    return {"cool": -1, "heat": 1, "auto": None}[work]
