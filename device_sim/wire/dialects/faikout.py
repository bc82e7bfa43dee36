"""Faikout: a module on the service port of a Daikin machine, which says in JSON what has changed.

Messages are partial: a listener merges them. It reports no electricity; `comp` is the compressor's frequency.
A setpoint is rounded to half a degree (protocol S21) and not checked: the machine cuts it to its range.
`demand` caps the machine's output; it is kept and reported, but not simulated. Nothing is kept while there is
no network. Topics and fields as in the Faikout firmware and ha-faikout.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from typing_extensions import override

from device_sim.wire.dialects.dialect import NOTHING, Dialect, Heard, Message, speakable_c
from device_sim.wire.readings import Row
from edge.contract import Desired, Event, Fan, Mode, Reported

FULL_SPEED_HZ = 90.0
"""Compressor frequency at full capacity [Hz]: assumption, usual for wall units."""

FULL_SPEED_RPM = 1200.0
"""The indoor fan's, while the compressor runs at full capacity [1/min]: assumption."""

LEAST_DEMAND_PCT, MOST_DEMAND_PCT = 30, 100
"""Range of `demand` [%]."""

_MODES: Mapping[str, Mode] = {"H": "heat", "C": "cool", "A": "auto", "D": "dry", "F": "fan"}
_FANS: Mapping[str, Fan] = {
    "A": "auto",
    "Q": "low",
    "1": "low",
    "2": "low",
    "3": "medium",
    "4": "high",
    "5": "high",
}
_FAN_CODE: Mapping[Fan, str | int] = {"auto": "A", "low": 1, "medium": 3, "high": 5}
_CONTROLS = {"power", "mode", "temp", "fan"}


class Faikout(Dialect):
    """A module whose host name is its id."""

    def __init__(self, device_id: str) -> None:
        self._host = device_id
        self._status: dict[str, Any] = {"demand": MOST_DEMAND_PCT, "protocol": "S21"}
        self._status |= dict.fromkeys(("heat", "swingv", "swingh", "powerful", "econo"), False)
        self._told: dict[str, Any] = {}

    @property
    @override
    def subscriptions(self) -> Sequence[str]:
        return [f"command/{self._host}/control"]

    @property
    @override
    def will(self) -> Message | None:
        return Message(f"state/{self._host}", b"false", retain=True)

    @override
    def greet(self) -> Sequence[Message]:
        self._told = {}
        meta = {"app": "Faikin", "version": "v1.10", "build-suffix": "-S21"}
        meta["id"] = f"{crc32(self._host.encode()):012X}"
        return (Message(f"state/{self._host}", json.dumps(meta).encode(), retain=True),)

    @override
    def say(self, rows: Sequence[Row]) -> Sequence[Message]:
        return [message for row in rows for message in self._change(_status(row))]

    @override
    def confirm(self, reported: Reported) -> Sequence[Message]:
        return self._change(_settings(reported.mode, reported.setpoint_c, reported.fan))

    @override
    def tell(self, event: Event) -> Sequence[Message]:
        return ()

    @override
    def hear(self, topic: str, payload: bytes) -> Heard:
        asked: dict[str, Any] = json.loads(payload)
        flags = self._flags(asked)
        answers = self._change(flags) if flags else ()
        if not _CONTROLS & asked.keys():
            return Heard(answers=answers) if answers else NOTHING
        mode: Mode | None = _MODES[str(asked["mode"])] if "mode" in asked else None
        if asked.get("power") is False:
            mode = "off"
        elif asked.get("power") is True and mode is None:
            mode = "cool"
        temp_c = round(2.0 * float(asked["temp"])) / 2.0 if "temp" in asked else None
        desired = Desired(
            setpoint_c=None if temp_c is None or mode == "off" else speakable_c(temp_c),
            mode=mode,
            fan=_FANS[str(asked["fan"])] if "fan" in asked else None,
            requested_by="app",
        )
        return Heard(desired, answers)

    def _flags(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the module keeps and the simulated machine does not have."""
        flags = {name: asked[name] for name in ("econo", "powerful", "swingv", "swingh") if name in asked}
        if "demand" in asked:
            flags["demand"] = min(max(int(asked["demand"]), LEAST_DEMAND_PCT), MOST_DEMAND_PCT)
        return flags

    def _change(self, status: Mapping[str, Any]) -> Sequence[Message]:
        self._status |= status
        told, self._told = self._told, dict(self._status)
        news = {name: value for name, value in self._status.items() if told.get(name) != value}
        if not news:
            return ()
        return (Message(f"state/{self._host}/status", json.dumps(news).encode(), retain=True),)


def _settings(mode: str | None, setpoint_c: float | None, fan: Fan | None) -> dict[str, Any]:
    """`mode` stays what it was while the power is off."""
    settings: dict[str, Any] = {"power": mode != "off", "fan": _FAN_CODE[fan or "auto"]}
    if mode == "cool":
        settings["mode"] = "C"
    if setpoint_c is not None:
        settings["temp"] = setpoint_c
    return settings


def _status(row: Row) -> dict[str, Any]:
    status = _settings(row.mode, row.setpoint_c, None) | {"outside": row.outdoor_dry_bulb_c}
    del status["fan"]
    status["comp"] = round(row.compressor_ratio * FULL_SPEED_HZ)
    status["fanrpm"] = 0 if row.mode == "off" else round((0.5 + 0.5 * row.compressor_ratio) * FULL_SPEED_RPM)
    if row.indoor_dry_bulb_c is not None:
        status["home"] = row.indoor_dry_bulb_c
    return status
