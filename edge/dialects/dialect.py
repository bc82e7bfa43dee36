"""Dialect: how one device that knows nothing of the wire contract is understood and told.

A message of such a device names some fields of a reading, seldom all; `edge.accumulator` makes readings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edge.contract import Desired
from edge.contract.quantities import Fan, Mode
from edge.ports import Parcel

DialectName: TypeAlias = Literal["tasmota", "shelly", "faikout", "mitsubishi2mqtt", "home_assistant"]

Facts: TypeAlias = Mapping[str, Any]
"""Fields of `edge.contract.Telemetry`, in its units, as the device says them; not yet judged."""


class Source(BaseModel):
    """Where a device is heard that does not speak the wire contract.

    An air conditioner may have several, such as an infrared blaster and a meter.

    Attributes:
        dialect: How it speaks.
        name: Its topic (Tasmota), topic prefix (Shelly), host name (Faikout), friendly name (mitsubishi2MQTT)
            or device identifier in Home Assistant's discovery.
        channel: Of a Shelly with several.
        vendor: The infrared protocol (Tasmota); empty: as the remote was heard to speak.
        root: First level of all topics of a device that a bridge announces (Zigbee2MQTT: `zigbee2mqtt`);
            empty: the device announces itself, under its own name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dialect: DialectName
    name: str = Field(min_length=1, max_length=200)
    channel: int = Field(0, ge=0, le=15)
    vendor: str = Field("", max_length=64)
    root: str = Field("", max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        """Also as `dialect:name`, and `home_assistant:name@root` behind a bridge."""
        if not isinstance(value, str):
            return value
        dialect, _, name = value.partition(":")
        name, _, root = name.partition("@") if dialect == "home_assistant" else (name, "", "")
        return {"dialect": dialect, "name": name, "root": root}

    def __str__(self) -> str:
        return f"{self.dialect}:{self.name}" + (f"@{self.root}" if self.root else "")

    @field_validator("name", "root")
    @classmethod
    def _is_no_filter(cls, name: str) -> str:
        if name and not is_usable_topic(name):
            msg = "is no part of a topic: no + and #, no topics of the gateway itself"
            raise ValueError(msg)
        return name


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says.

    Attributes:
        facts: Fields of a reading.
        is_echo: The settings in it repeat a command; the machine has not confirmed them.
        online: Whether the device is there, if the message says so.
        faults: Parts that could not be understood, and why.
    """

    facts: Facts = field(default_factory=dict[str, Any])
    is_echo: bool = False
    online: bool | None = None
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class InForce:
    """What a device is set to, as far as it is known."""

    mode: Mode | None = None
    setpoint_c: float | None = None
    fan: Fan | None = None

    def with_wish(self, desired: Desired) -> "InForce":
        """What is to be in force: where `desired` names nothing, what is."""
        return InForce(
            desired.mode or self.mode,
            self.setpoint_c if desired.setpoint_c is None else desired.setpoint_c,
            desired.fan or self.fan,
        )


class Dialect(Protocol):
    """One device of one make; it may remember what it has heard."""

    @property
    def filters(self) -> Sequence[str]:
        """The topics on which it is heard, without wildcards but for a last level."""
        ...

    @property
    def missing(self) -> Sequence[str]:
        """What is not known of it and has to be before it can be heard or told, for a person to read."""
        return ()

    @property
    def called(self) -> str:
        """What it calls itself; empty: it does not say."""
        return ""

    @property
    def modes(self) -> Sequence[Mode]:
        """What it says that it can do besides `off`; empty: it does not say."""
        return ()

    def hear(self, topic: str, payload: bytes) -> Said:
        """What it says on one of its topics.

        Raises:
            UnreadableError: Nothing of it can be understood.
        """
        ...

    def tell(self, desired: Desired, known: InForce) -> Sequence[Parcel]:
        """Messages that ask it for `desired`: one where the make has a combined command; else what differs.

        Args:
            desired: What is asked for.
            known: What it is set to.
        """
        ...


def is_usable_topic(topic: str) -> bool:
    """Whether a foreign topic may be listened or published to: never the contract's own, never a wildcard.

    `*`, `>` and spaces are legal in MQTT, but wildcards or none at all to NATS: a broker that refuses one
    subscription would cost us all.
    """
    return (
        0 < len(topic) <= MAX_TOPIC_CHARS
        and topic.isprintable()
        and not any(mark in topic for mark in "+#$*> ")
        and topic.split("/", 1)[0] not in RESERVED_ROOTS
    )


MAX_TOPIC_CHARS = 512
"""A longer topic is a fault of its sender [characters]."""

RESERVED_ROOTS = ("dt", "acadv", "homeassistant", "")
"""First levels of the contract's own topics and of what the gateway publishes for Home Assistant: a foreign
configuration that names one could speak for another device."""
