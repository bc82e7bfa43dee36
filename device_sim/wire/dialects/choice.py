"""Choice of a dialect by its name: the one list of them."""

from collections.abc import Callable, Iterable
from typing import Final, Literal, TypeAlias

from device_sim.wire.dialects.dialect import Dialect
from device_sim.wire.dialects.esphome import EspHome
from device_sim.wire.dialects.faikout import Faikout
from device_sim.wire.dialects.mitsubishi2mqtt import Mitsubishi2Mqtt
from device_sim.wire.dialects.native import Native
from device_sim.wire.dialects.shelly import Shelly
from device_sim.wire.dialects.tasmota import Tasmota

DialectName: TypeAlias = Literal["native", "tasmota", "shelly", "esphome", "faikout", "mitsubishi2mqtt"]

_MAKE: Final[dict[DialectName, Callable[[str, str], Dialect]]] = {
    "native": lambda device_id, _: Native(device_id),
    "tasmota": Tasmota,
    "shelly": lambda device_id, _: Shelly(device_id),
    "esphome": lambda device_id, _: EspHome(device_id),
    "faikout": lambda device_id, _: Faikout(device_id),
    "mitsubishi2mqtt": lambda device_id, _: Mitsubishi2Mqtt(device_id),
}


def speak(name: DialectName, device_ids: Iterable[str], timezone: str = "UTC") -> dict[str, Dialect]:
    """One dialect object for each device.

    Args:
        name: Of which make they are.
        device_ids: Who speaks.
        timezone: IANA name of the place, for makes whose clock shows local time.
    """
    return {device_id: _MAKE[name](device_id, timezone) for device_id in device_ids}
