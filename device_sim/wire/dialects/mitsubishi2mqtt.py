"""mitsubishi2MQTT: a controller on the CN105 port of a Mitsubishi machine.

It reports no electricity, only the compressor's frequency. Its trap: a setpoint out of range is not refused,
the firmware takes 23 °C instead; and it repeats a command as its state before the machine has confirmed it.
Nothing is kept while there is no network. Topics and fields as in the firmware's source.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from device_sim.wire.dialects.dialect import NOTHING, Dialect, Heard, Message, speakable_c
from device_sim.wire.readings import Row
from edge.contract import Desired, Event, Fan, Mode, Reported

TEMP_RANGE_C = (16.0, 31.0)
"""Setpoints that the firmware takes [°C]."""

OUT_OF_RANGE_C = 23.0
"""What it takes for any other [°C]."""

FULL_SPEED_HZ = 90
"""Compressor frequency at full capacity [Hz]: assumption, usual for wall units."""

_MODES: Mapping[str, Mode] = {
    "auto": "auto",
    "heat_cool": "auto",
    "heat": "heat",
    "cool": "cool",
    "dry": "dry",
    "fan_only": "fan",
    "off": "off",
}
_FANS: Mapping[str, Fan] = {
    "auto": "auto",
    "diffuse": "low",
    "low": "low",
    "middle": "medium",
    "1": "low",
    "2": "medium",
    "3": "medium",
    "4": "high",
    "medium": "medium",
    "high": "high",
    "quiet": "low",
}
_FAN_WORD: Mapping[Fan, str] = {"auto": "auto", "low": "low", "medium": "middle", "high": "high"}


class Mitsubishi2Mqtt(Dialect):
    """A controller whose friendly name is its id."""

    def __init__(self, device_id: str) -> None:
        self._base = f"mitsubishi2mqtt/{device_id}"
        self._settings: dict[str, Any] = {"fan": "auto", "vane": "AUTO", "wideVane": "|"}
        self._measured: dict[str, Any] = {}

    @property
    @override
    def subscriptions(self) -> Sequence[str]:
        return [f"{self._base}/{item}/set" for item in ("mode", "temp", "fan")]

    @property
    @override
    def will(self) -> Message | None:
        return Message(f"{self._base}/availability", b"offline", retain=True)

    @override
    def greet(self) -> Sequence[Message]:
        return (Message(f"{self._base}/availability", b"online", retain=True),)

    @override
    def say(self, rows: Sequence[Row]) -> Sequence[Message]:
        said: list[Message] = []
        for row in rows:
            self._measure(row)
            said.append(self._state())
        return said

    @override
    def confirm(self, reported: Reported) -> Sequence[Message]:
        self._settings |= {"mode": reported.mode or "off", "fan": _FAN_WORD[reported.fan or "auto"]}
        if reported.setpoint_c is not None:
            self._settings["temperature"] = reported.setpoint_c
        settings = Message(f"{self._base}/settings", json.dumps(self._settings).encode(), retain=True)
        return (settings, self._state())

    @override
    def tell(self, event: Event) -> Sequence[Message]:
        return ()

    @override
    def hear(self, topic: str, payload: bytes) -> Heard:
        item, word = topic.split("/")[-2], payload.decode().strip()
        if item == "temp":
            asked_c, (low_c, high_c) = float(word), TEMP_RANGE_C
            taken_c = speakable_c(asked_c) if low_c <= asked_c <= high_c else OUT_OF_RANGE_C
            self._settings["temperature"] = taken_c
            return Heard(Desired(setpoint_c=taken_c, requested_by="app"), (self._state(),))
        if item == "mode" and word.lower() in _MODES:
            self._settings["mode"] = word.lower()
            return Heard(Desired(mode=_MODES[word.lower()], requested_by="app"), (self._state(),))
        if item == "fan" and word.lower() in _FANS:
            return Heard(Desired(fan=_FANS[word.lower()], requested_by="app"))
        return NOTHING

    def _measure(self, row: Row) -> None:
        self._settings["mode"] = row.mode
        if row.setpoint_c is not None:
            self._settings["temperature"] = row.setpoint_c
        running = row.compressor_ratio > 0.0
        self._measured["action"] = "off" if row.mode == "off" else "cooling" if running else "idle"
        self._measured["compressorFrequency"] = round(row.compressor_ratio * FULL_SPEED_HZ)
        if row.indoor_dry_bulb_c is not None:
            self._measured["roomTemperature"] = row.indoor_dry_bulb_c

    def _state(self) -> Message:
        return Message(f"{self._base}/state", json.dumps(self._settings | self._measured).encode())
