"""Rights: the topics that a device of each make needs on the site's broker; nobody else may have them."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.dialects.dialect import DialectName, Source


@dataclass(frozen=True, slots=True)
class Rights:
    """MQTT topic filters: what may be published, and what may be listened to."""

    publish: Sequence[str]
    listen: Sequence[str]


def rights_of(source: Source) -> Rights:
    """What a device's login needs for a source of it."""
    name = source.name
    if source.dialect == "mitsubishi2mqtt" and "/" not in name:
        name = f"mitsubishi2mqtt/{name}"
    publish, listen = _PATTERNS[source.dialect]
    return Rights([each.format(name=name) for each in publish], [each.format(name=name) for each in listen])


def rights_of_bridge(root: str) -> Rights:
    """What a bridge needs that announces many devices, all below its own root."""
    announcements = ("homeassistant/+/+/config", "homeassistant/+/+/+/config")
    return Rights([f"{root}/#", *announcements], [f"{root}/#", "homeassistant/status"])


_PATTERNS: dict[DialectName, tuple[Sequence[str], Sequence[str]]] = {
    "tasmota": (("tele/{name}/#", "stat/{name}/#"), ("cmnd/{name}/#",)),
    "shelly": (
        ("{name}/online", "{name}/events/#", "{name}/status/#"),
        ("{name}/command/#", "{name}/rpc"),
    ),
    "faikout": (("state/{name}/#", "event/{name}/#"), ("command/{name}/#", "setting/{name}/#")),
    "mitsubishi2mqtt": (
        ("{name}/availability", "{name}/state", "{name}/settings", "{name}/debug/#"),
        ("{name}/+/set",),
    ),
    "home_assistant": (
        ("{name}/#", "homeassistant/+/{name}/config", "homeassistant/+/{name}/+/config"),
        ("{name}/#", "homeassistant/status"),
    ),
}
