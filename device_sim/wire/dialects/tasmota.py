"""Tasmota: an energy meter with an infrared blaster beside an air conditioner that knows nothing of it.

It meters, sends what it is told as infrared, and reports what it receives from the remote. What the machine
really does it never hears. Times are local without offset, energy is in kWh. Telemetry is not kept while
there is no network. Payloads as in the Tasmota documentation (Tasmota-IR, JSON-Status-Responses).
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from typing_extensions import override

from device_sim.wire.dialects.dialect import NOTHING, Dialect, Heard, Message, speakable_c
from device_sim.wire.readings import Row
from edge.contract import Desired, Event, Fan, Mode, Reported

TEMP_RANGE_C = (17, 31)
"""Setpoints of the protocol MITSUBISHI_HEAVY_152 [°C]: IRremoteESP8266, `kMitsubishiHeavyMinTemp` and
`...MaxTemp`; `setTemp` takes whole degrees (the rest is cut off) and clamps to them."""

VOLTAGE_V = 230
POWER_FACTOR = 0.95
"""Assumptions: a European socket, a compressor drive with power factor correction."""

DEFAULT_TEMP_C = 25
"""What the remote sends for a machine that is off [°C]: assumption."""

_MODES: dict[str, Mode] = {
    "off": "off",
    "stop": "off",
    "auto": "auto",
    "automatic": "auto",
    "cool": "cool",
    "cooling": "cool",
    "heat": "heat",
    "heating": "heat",
    "hot": "heat",
    "dry": "dry",
    "drying": "dry",
    "dehumidify": "dry",
    "fan": "fan",
    "fanonly": "fan",
    "fan_only": "fan",
}
_LOW, _MEDIUM, _HIGH = "min minimum lowest 1 low 2", "med medium mid 3", "high hi 4 max maximum highest 5"
_SPEEDS: tuple[tuple[str, Fan], ...] = (
    ("auto automatic", "auto"),
    (_LOW, "low"),
    (_MEDIUM, "medium"),
    (_HIGH, "high"),
)
_FANS: dict[str, Fan] = {word: fan for words, fan in _SPEEDS for word in words.split()}
_ON = {"on", "yes", "true", "1"}


class Tasmota(Dialect):
    """A device whose topic is its id.

    Args:
        device_id: Its topic.
        timezone: IANA name of the place; its clock shows local time.
    """

    def __init__(self, device_id: str, timezone: str) -> None:
        self._topic = device_id
        self._zone = ZoneInfo(timezone)
        self._day = ""
        self._began = ""
        self._midnight_kwh = self._last_kwh = 0.0
        self._yesterday_kwh = 0.0

    @property
    @override
    def subscriptions(self) -> Sequence[str]:
        return [f"cmnd/{self._topic}/IRHVAC"]

    @property
    @override
    def will(self) -> Message | None:
        return Message(f"tele/{self._topic}/LWT", b"Offline", retain=True)

    @override
    def greet(self) -> Sequence[Message]:
        return (Message(f"tele/{self._topic}/LWT", b"Online", retain=True),)

    @override
    def say(self, rows: Sequence[Row]) -> Sequence[Message]:
        topic = f"tele/{self._topic}/SENSOR"
        return [Message(topic, json.dumps(self._sensor(row)).encode()) for row in rows]

    @override
    def confirm(self, reported: Reported) -> Sequence[Message]:
        """The receiver sees the remote; anything else, also the schedule, happens inside the machine."""
        if reported.changed_by != "remote":
            return ()
        on, setpoint_c = reported.mode == "cool", reported.setpoint_c
        state = _state(on=on, temp_c=int(setpoint_c or DEFAULT_TEMP_C), fan=reported.fan or "auto")
        digits = sha256(json.dumps(state).encode()).hexdigest()[: 152 // 4].upper()
        received = {"Protocol": state["Vendor"], "Bits": 152, "Data": f"0x{digits}", "Repeat": 0}
        payload = {"IrReceived": {**received, "IRHVAC": state}}
        return (Message(f"tele/{self._topic}/RESULT", json.dumps(payload).encode()),)

    @override
    def tell(self, event: Event) -> Sequence[Message]:
        return ()

    @override
    def hear(self, topic: str, payload: bytes) -> Heard:
        asked = {str(name).lower(): value for name, value in json.loads(payload).items()}
        if str(asked.get("statemode", "")).lower() == "storeonly":
            return NOTHING
        mode, fan = _mode(asked), _FANS.get(str(asked.get("fanspeed", "")).lower())
        temp_c = None if "temp" not in asked else _sent_c(float(asked["temp"]))
        setpoint_c = None if mode == "off" else temp_c
        sent = _state(on=mode != "off", temp_c=int(temp_c or DEFAULT_TEMP_C), fan=fan or "auto")
        sent |= {"Power": "Off" if mode == "off" else "On", "Mode": str(asked.get("mode", "Cool"))}
        answer = Message(f"stat/{self._topic}/RESULT", json.dumps({"IRHVAC": sent}).encode())
        return Heard(
            Desired(setpoint_c=setpoint_c, mode=mode, fan=fan, requested_by="app"), answers=(answer,)
        )

    def _sensor(self, row: Row) -> dict[str, Any]:
        local = datetime.fromisoformat(row.sampled_at).astimezone(self._zone).replace(tzinfo=None)
        self._count(local, row.energy_total_kwh - row.electric_power_w * row.interval_s / 3.6e6)
        power_w, apparent_va = round(row.electric_power_w), row.electric_power_w / POWER_FACTOR
        period_wh = round((row.energy_total_kwh - self._last_kwh) * 1000.0)
        self._last_kwh = row.energy_total_kwh
        energy = {
            "TotalStartTime": self._began,
            "Total": row.energy_total_kwh,
            "Yesterday": round(self._yesterday_kwh, 3),
            "Today": round(row.energy_total_kwh - self._midnight_kwh, 3),
            "Period": period_wh,
            "Power": power_w,
            "ApparentPower": round(apparent_va),
            "ReactivePower": round(math.sqrt(max(apparent_va**2 - row.electric_power_w**2, 0.0))),
            "Factor": POWER_FACTOR if power_w else 0,
            "Voltage": VOLTAGE_V,
            "Current": round(apparent_va / VOLTAGE_V, 3),
        }
        return {"Time": local.isoformat(timespec="seconds"), "ENERGY": energy}

    def _count(self, local: datetime, before_kwh: float) -> None:
        """Begin a new day's counter, from what the meter showed before this reading."""
        day = local.date().isoformat()
        if day == self._day:
            return
        if not self._day:
            self._began, self._last_kwh = local.isoformat(timespec="seconds"), before_kwh
        else:
            self._yesterday_kwh = before_kwh - self._midnight_kwh
        self._day, self._midnight_kwh = day, before_kwh


def _mode(asked: dict[str, Any]) -> Mode | None:
    """The mode that the infrared code says; `Power` decides over `Mode`."""
    power = asked.get("power")
    if power is not None and str(power).lower() not in _ON:
        return "off"
    word = asked.get("mode")
    if word is None:
        return None if power is None else "cool"
    return _MODES.get(str(word).lower(), "auto")


def _sent_c(temp_c: float) -> float:
    low, high = TEMP_RANGE_C
    return speakable_c(float(min(max(int(temp_c), low), high)))


def _state(*, on: bool, temp_c: int, fan: Fan) -> dict[str, Any]:
    """The part `IRHVAC` of a message, as the receiver says it."""
    words = ("SwingV", "SwingH", "Quiet", "Turbo", "Econo", "Light", "Filter", "Clean", "Beep")
    return {
        "Vendor": "MITSUBISHI_HEAVY_152",
        "Model": -1,
        "Power": "on" if on else "off",
        "Mode": "cool" if on else "off",
        "Celsius": "on",
        "Temp": temp_c,
        "FanSpeed": fan,
        **dict.fromkeys(words, "off"),
        "Sleep": -1,
    }
