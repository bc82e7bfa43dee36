"""Place: the topics by which one home is shown in Home Assistant, so that two homes on a broker never meet.

Form of the discovery topic: Home Assistant's documentation, "MQTT discovery" (device discovery, with a node).
"""

import re
from dataclasses import dataclass
from typing import Final

from edge.contract import DeviceId
from edge.contract.quantities import DEVICE_ID_PATTERN
from edge.dialects.rights import Rights

STATUS: Final = "homeassistant/status"
"""Where Home Assistant says that it has started, and wants to be told again."""

PLACE_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
"""What a place may be called: one level of a topic, and a login on our own broker."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one home is shown.

    Attributes:
        name: `PLACE_PATTERN`; another one for each home on a broker.
    """

    name: str

    @property
    def root(self) -> str:
        """First levels of all that is exchanged with Home Assistant, but for discovery."""
        return f"ac-advisor/{self.name}"

    @property
    def online(self) -> str:
        """Whether somebody is here to show devices and to hear what is pressed."""
        return f"{self.root}/availability"

    @property
    def presses(self) -> str:
        """The filter of what is pressed or chosen."""
        return f"{self.root}/+/set/+"

    def discovery(self, device_id: DeviceId) -> str:
        """Where a device is described; `:` is no character of it."""
        return f"homeassistant/device/{self.name}/{slug(device_id)}/config"

    def state(self, device_id: DeviceId) -> str:
        """What a device does."""
        return f"{self.root}/{device_id}/state"

    def advice(self, device_id: DeviceId) -> str:
        """What it is advised."""
        return f"{self.root}/{device_id}/advice"

    def press(self, device_id: DeviceId, what: str) -> str:
        """Where Home Assistant says that something was pressed or chosen."""
        return f"{self.root}/{device_id}/set/{what}"

    def pressed(self, topic: str) -> tuple[DeviceId, str] | None:
        """The device and what was pressed, from such a topic; None: it is another one."""
        match = re.fullmatch(rf"{self.root}/({DEVICE_ID_PATTERN[1:-1]})/set/([a-z_]+)", topic)
        return None if match is None else (match[1], match[2])


def slug(device_id: DeviceId) -> str:
    """Home Assistant allows letters, digits, _ and - in an object's id; two ids must not become one."""
    return device_id.replace("_", "__").replace(":", "_-")


def rights_at(place: Place) -> Rights:
    """What Home Assistant and whoever shows devices there need on the broker, both by one login."""
    own = f"{place.root}/#"
    return Rights(
        publish=[own, f"homeassistant/device/{place.name}/+/config", STATUS],
        listen=[own, "homeassistant/+/+/config", "homeassistant/+/+/+/config", STATUS],
    )
