"""Shelly: a plug of the second generation or later that meters an air conditioner it knows nothing about.

Its settings are the factory's: `events/rpc` with deltas, no `status` of its own accord. Energy is in Wh, and
in mWh for each of the last three full minutes. Its relay is locked (assumption: nobody wants to cut a running
compressor), so it obeys `status_update` only. Nothing is kept while there is no network. Payloads as recorded
by aioshelly and Home Assistant.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from typing_extensions import override

from device_sim.wire.dialects.dialect import NOTHING, Dialect, Heard, Message
from device_sim.wire.readings import Row
from edge.contract import Event, Reported

VOLTAGE_V = 230.0
POWER_FACTOR = 0.95
"""Assumptions: a European socket, a compressor drive with power factor correction."""

FULL_MINUTES = 3
"""How many minutes `by_minute` tells."""


class Shelly(Dialect):
    """A plug whose prefix is its id."""

    def __init__(self, device_id: str) -> None:
        self._prefix = device_id
        self._status: dict[str, Any] = {"id": 0, "output": True, "source": "init"}
        self._told: dict[str, Any] = {}

    @property
    @override
    def subscriptions(self) -> Sequence[str]:
        return [f"{self._prefix}/command/switch:0"]

    @property
    @override
    def will(self) -> Message | None:
        return Message(f"{self._prefix}/online", b"false", retain=True)

    @override
    def greet(self) -> Sequence[Message]:
        return (Message(f"{self._prefix}/online", b"true", retain=True),)

    @override
    def say(self, rows: Sequence[Row]) -> Sequence[Message]:
        return [self._notify(row) for row in rows]

    @override
    def confirm(self, reported: Reported) -> Sequence[Message]:
        return ()

    @override
    def tell(self, event: Event) -> Sequence[Message]:
        return ()

    @override
    def hear(self, topic: str, payload: bytes) -> Heard:
        if payload.strip() != b"status_update":
            return NOTHING
        status = Message(f"{self._prefix}/status/switch:0", json.dumps(self._status).encode())
        return Heard(answers=(status,))

    def _notify(self, row: Row) -> Message:
        """Only what has changed, as the firmware does."""
        at_s = datetime.fromisoformat(row.sampled_at).timestamp()
        self._status |= _measured(row, at_s)
        told, self._told = self._told, dict(self._status)
        delta = {name: value for name, value in self._status.items() if told.get(name) != value}
        payload = {
            "src": self._prefix,
            "dst": f"{self._prefix}/events",
            "method": "NotifyStatus",
            "params": {"ts": round(at_s, 2), "switch:0": {"id": 0, **delta}},
        }
        return Message(f"{self._prefix}/events/rpc", json.dumps(payload).encode())


def _measured(row: Row, at_s: float) -> dict[str, Any]:
    minute_mwh = round(row.electric_power_w * 1000.0 / 60.0, 3)
    return {
        "aenergy": {
            "by_minute": [minute_mwh] * FULL_MINUTES,
            "minute_ts": int(at_s // 60 * 60),
            "total": round(row.energy_total_kwh * 1000.0, 3),
        },
        "apower": round(row.electric_power_w, 1),
        "current": round(row.electric_power_w / POWER_FACTOR / VOLTAGE_V, 3),
        "voltage": VOLTAGE_V,
    }
