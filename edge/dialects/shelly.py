"""Shelly, second generation and later: a plug that meters an air conditioner it knows nothing about.

By factory setting only `events/rpc` speaks, and only of what has changed. Energy is in Wh; the temperature is
the plug's own. It is never switched: a relay that cuts a running compressor would harm it.
"""

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from edge.contract import Desired
from edge.dialects.dialect import Dialect, InForce, Said, Source
from edge.dialects.reading_matter import an_object, gather, json_object, number, switch, text
from edge.ports import Parcel

_METERS = ("switch", "pm1", "cover", "light", "em1")
"""Components that meter one load."""


class Shelly(Dialect):
    """One channel of one plug."""

    def __init__(self, source: Source) -> None:
        self._prefix = source.name
        self._meters = [f"{kind}:{source.channel}" for kind in _METERS]

    @property
    @override
    def filters(self) -> Sequence[str]:
        topics = (f"{self._prefix}/{rest}" for rest in ("online", "events/rpc"))
        return [*topics, *(f"{self._prefix}/status/{meter}" for meter in self._meters)]

    @override
    def hear(self, topic: str, payload: bytes) -> Said:
        if topic.endswith("/online"):
            return Said(online=switch(text(payload), "online"))
        document = json_object(payload)
        if topic.endswith("/events/rpc"):
            if document.get("method") not in ("NotifyStatus", "NotifyFullStatus"):
                return Said()  # a button, or a sensor's event
            document = self._own(an_object(document.get("params"), "params"))
        return _read(document)

    @override
    def tell(self, desired: Desired, known: InForce) -> Sequence[Parcel]:
        return ()

    def _own(self, params: dict[str, Any]) -> dict[str, Any]:
        found = next((meter for meter in self._meters if meter in params), None)
        return {} if found is None else an_object(params[found], found)


def _read(status: dict[str, Any]) -> Said:
    facts, faults = gather(
        {"electric_power_w": lambda: _power_w(status), "energy_total_kwh": lambda: _energy_kwh(status)}
    )
    return Said(facts, faults=faults)


def _power_w(status: dict[str, Any]) -> float | None:
    value = status.get("apower", status.get("act_power"))
    return None if value is None else number(value, "apower")


def _energy_kwh(status: dict[str, Any]) -> float | None:
    if status.get("aenergy") is None:
        return None
    total_wh = an_object(status["aenergy"], "aenergy").get("total")
    return None if total_wh is None else number(total_wh, "aenergy.total") / 1000.0
