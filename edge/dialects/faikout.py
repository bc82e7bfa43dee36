"""Faikout: a module on the service port of a Daikin machine, which says in JSON what has changed.

Messages are partial; `mode` stays what it was while the power is off. `demand` (30-100 %) caps the machine's
output: it is no setpoint and no reading of the contract, and nobody here sets it. The compressor's frequency
is not read either: which frequency is full speed is not said.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from edge.contract import Desired, Fan, Mode
from edge.dialects.dialect import Dialect, InForce, Said, Source
from edge.dialects.reading_matter import fan, json_object, number, switch, text
from edge.errors import UnreadableError
from edge.ports import Parcel

_MODES: Mapping[str, Mode] = {"H": "heat", "C": "cool", "A": "auto", "D": "dry", "F": "fan"}
_MODE_CODES: Mapping[Mode, str] = {mode: code for code, mode in _MODES.items()}
_FAN_CODES: Mapping[Fan, str | int] = {"auto": "A", "low": 1, "medium": 3, "high": 5}

_MEASURED = {"home": "indoor_dry_bulb_c", "outside": "outdoor_dry_bulb_c", "temp": "setpoint_c"}

STEP_C = 0.5
"""The protocol's step of a setpoint [°C]."""


class Faikout(Dialect):
    """One module, by its host name."""

    def __init__(self, source: Source) -> None:
        self._host = source.name
        self._is_on: bool | None = None
        self._mode: Mode | None = None

    @property
    @override
    def filters(self) -> Sequence[str]:
        return [f"state/{self._host}", f"state/{self._host}/status"]

    @override
    def hear(self, topic: str, payload: bytes) -> Said:
        if topic == f"state/{self._host}":
            return Said(online=text(payload).strip().lower() != "false")
        status = json_object(payload)
        facts: dict[str, Any] = {}
        faults: list[str] = []
        for name, value in status.items():
            try:
                facts |= self._read(name, value)
            except UnreadableError as error:
                faults.append(str(error))
        return Said(facts, faults=faults)

    @override
    def tell(self, desired: Desired, known: InForce) -> Sequence[Parcel]:
        wish = known.with_wish(desired)
        control: dict[str, Any] = {}
        if wish.mode == "off":
            control["power"] = False
        else:
            control |= {} if wish.mode is None else {"power": True, "mode": _MODE_CODES[wish.mode]}
            control |= {} if wish.setpoint_c is None else {"temp": round(wish.setpoint_c / STEP_C) * STEP_C}
            control |= {} if wish.fan is None else {"fan": _FAN_CODES[wish.fan]}
        return [Parcel(f"command/{self._host}/control", json.dumps(control).encode())] if control else ()

    def _read(self, name: str, value: object) -> dict[str, Any]:
        if value is None:
            return {}
        if name in _MEASURED:
            return {_MEASURED[name]: number(value, name)}
        if name == "Wh":
            return {"energy_total_kwh": number(value, name) / 1000.0}
        if name == "fan":
            return {"fan": fan(value)}
        if name in ("power", "mode"):
            return self._read_mode(name, value)
        return {}

    def _read_mode(self, name: str, value: object) -> dict[str, Any]:
        if name == "power":
            self._is_on = switch(value, name)
        elif isinstance(value, str) and value in _MODES:
            self._mode = _MODES[value]
        else:
            raise UnreadableError(f"mode: {str(value)[:32]!r} is not known")
        if self._is_on is False:
            return {"mode": "off"}
        return {"mode": self._mode} if self._is_on and self._mode else {}
