"""Events: what devices notice of faults, and say at the moment that it happens."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from device_sim.faults.condition import Bools, Condition
from device_sim.noise import Draws, Floats, Noise, Stream
from edge.contract import Event, EventKind

WINDOW_CONTACT_SHARE = 0.15
"""Share of devices with a contact at the window: assumption."""

SELF_DIAGNOSIS_SHARE = 0.5
"""Share of machines that notice a clogged filter and a lack of refrigerant: assumption."""

NOTICED_LOSS_RATIO = 0.3
"""Loss of airflow or of charge that a machine notices: assumption."""

_CODES = ("clogged_filter", "low_refrigerant")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What sensors show, by what it is; arrays are `(homes,)`."""

    window: Bools
    faults: tuple[Bools, ...]


@dataclass(slots=True)
class Notices:
    """Notices what begins and ends.

    Args:
        device_ids: Who notices.
        noise: Of the fleet, for who has which sensor.
    """

    device_ids: tuple[str, ...]
    noise: Noise
    _contact: Bools = field(init=False)
    _diagnosis: Bools = field(init=False)
    _seen: _Seen = field(init=False)
    _condition: Condition | None = field(init=False, default=None)
    _waiting: list[tuple[int, Event]] = field(init=False, default_factory=list[tuple[int, Event]])

    def __post_init__(self) -> None:
        draws = Draws(self.noise, Stream.EQUIPMENT)
        self._contact = draws.chance(WINDOW_CONTACT_SHARE)
        self._diagnosis = draws.chance(SELF_DIAGNOSIS_SHARE)
        nothing = np.zeros(len(self.device_ids), dtype=np.bool_)
        self._seen = _Seen(nothing, (nothing,) * len(_CODES))

    def look(self, condition: Condition, now: datetime) -> None:
        """See what has changed at `now`."""
        if condition is self._condition:
            return
        self._condition = condition
        before, self._seen = self._seen, self._look(condition)
        for home in condition.rebooting:
            self._note(int(home), "boot", now, reason="power")
        for home in np.flatnonzero(before.window != self._seen.window):
            kind: EventKind = "window_open" if self._seen.window[home] else "window_closed"
            self._note(int(home), kind, now)
        for code, was, is_ in zip(_CODES, before.faults, self._seen.faults, strict=True):
            for home in np.flatnonzero(was != is_):
                self._note(int(home), "fault", now, code=code, active=bool(is_[home]))

    def take(self) -> tuple[Event, ...]:
        """The events of devices that have network; those of the others wait."""
        offline = None if self._condition is None else self._condition.offline
        if offline is None or not self._waiting:
            return ()
        said = tuple(event for home, event in self._waiting if not offline[home])
        self._waiting = [(home, event) for home, event in self._waiting if offline[home]]
        return said

    def _look(self, condition: Condition) -> _Seen:
        machine = condition.machine
        return _Seen(
            self._contact & condition.window_open,
            tuple(
                self._diagnosis & _noticed(ratio) for ratio in (machine.airflow_ratio, machine.charge_ratio)
            ),
        )

    def _note(self, home: int, kind: EventKind, now: datetime, **detail: object) -> None:
        code = detail.get("code", kind)
        event = Event(
            device_id=self.device_ids[home],
            event_id=f"{code}-{kind}-{int(now.timestamp())}",
            occurred_at=now,
            kind=kind,
            detail=detail,
        )
        self._waiting.append((home, event))


def _noticed(ratio: Floats) -> Bools:
    return np.asarray(ratio <= 1.0 - NOTICED_LOSS_RATIO + 1e-9)
