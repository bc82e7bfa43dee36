"""Availability: whether a discovered device is there, by one topic or by several."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from edge.dialects.home_assistant.discovery import Entity
from edge.dialects.home_assistant.templates import render

DEFAULT_MODE: Final = "latest"
"""Home Assistant's: the message that came last decides."""


class Availability:
    """Of all entities of a device: it is there while its climate is, or without one any of them.

    Args:
        entities: Of the device.
    """

    def __init__(self, entities: Sequence[Entity]) -> None:
        deciding = [each for each in entities if each.component == "climate"] or entities
        self._mode = next((each.option("availability_mode") for each in deciding), "") or DEFAULT_MODE
        self._topics: dict[str, dict[str, Any]] = {
            each["topic"]: each for each in _listed(deciding) if isinstance(each["topic"], str)
        }
        self._states: dict[str, bool] = {}

    @property
    def topics(self) -> Sequence[str]:
        """Where it is said."""
        return list(self._topics)

    def hear(self, topic: str, said: str) -> bool | None:
        """Whether the device is there after this; None when the message does not say it.

        Raises:
            UnreadableError: The template does not fit the payload.
        """
        listed = self._topics.get(topic)
        if listed is None:
            return None
        word = render(listed.get("value_template") or "", said)
        if word == str(listed.get("payload_available", "online")):
            self._states[topic] = True
        elif word == str(listed.get("payload_not_available", "offline")):
            self._states[topic] = False
        else:
            return None
        if self._mode == "all":
            return all(self._states.get(each, False) for each in self._topics)
        return any(self._states.values()) if self._mode == "any" else self._states[topic]


def _listed(entities: Iterable[Entity]) -> Iterable[dict[str, Any]]:
    for entity in entities:
        yield from entity.options["availability"]
