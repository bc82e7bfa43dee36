"""Claim: a device or gateway asks for the code by which it is paired, and shows it to the people who hold it.

It asks on `topics.claim(id)` over its own connection, so that a code is bound to who it really is, and is
answered on `topics.claim_code(id)`. Asked again, the same code comes as long as it is good.

A gateway in a home also says there which devices it has found; whoever owns it lets them in. A gateway that
nobody gives a list of its devices asks for it there, and is answered on `topics.claim_devices(id)`.
"""

from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.contract.quantities import DeviceId, Instant, Mode, SchemaVersion

CODE_PATTERN = r"^[A-HJ-NP-Z2-9]{8}$"
"""Eight letters and digits that nobody confuses when reading them from a small display."""


MAX_FOUND = 32
"""Devices that a gateway has found and nobody has let in yet; more are not kept."""


class FoundDevice(BaseModel):
    """A device of another make that a gateway hears and understands: its name, and nothing that it says."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    source: Annotated[str, StringConstraints(min_length=1, max_length=300)] = Field(
        description="What the gateway hears it as, in the gateway's words."
    )
    name: Annotated[str, StringConstraints(max_length=100)] = ""
    modes: Annotated[tuple[Mode, ...], Field(max_length=6)] = Field(
        (), description="What it says that it can do besides `off`; empty: it does not say."
    )


class ClaimRequest(BaseModel):
    """What asks; an empty object is a device.

    A gateway that says what it has found, or asks for its devices, asks for no code.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    schema_version: SchemaVersion = 1
    kind: Literal["device", "gateway"] = "device"
    found: Annotated[tuple[FoundDevice, ...], Field(max_length=MAX_FOUND)] = ()
    asks_devices: bool = Field(default=False, description="A gateway wants to be told who lives behind it.")


class ClaimCode(BaseModel):
    """The answer."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    schema_version: SchemaVersion = 1
    code: Annotated[str, StringConstraints(pattern=CODE_PATTERN)] | None = Field(
        None, description="What to show; null when it is in a home already."
    )
    expires_at: Instant | None = None


MinuteOfDay = Annotated[int, Field(ge=0, lt=1440)]
"""Local minutes since midnight."""

MinuteOfWeek = Annotated[int, Field(ge=0, lt=10_080)]
"""Local minutes since Monday, 00:00."""


class SiteDevice(BaseModel):
    """A device behind a gateway, as its people have set it up; the rest is the gateway's to choose."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    device_id: DeviceId
    share_presence: bool | None = Field(None, description="Consent to send `motion`.")
    timezone: str | None = Field(None, description="Where it is; an IANA name.")
    schedule_min: tuple[MinuteOfWeek, ...] | None = Field(None, description="Entries of its weekly schedule.")
    quiet_hours: tuple[MinuteOfDay, MinuteOfDay] | None = Field(None, description="When nothing beeps.")
    offline_advice: bool | None = Field(None, description="The last advice may be applied without the cloud.")
    sources: Annotated[tuple[str, ...], Field(max_length=8)] | None = Field(
        None, description="What a device of another make is heard as, in the words in which it was found."
    )


class SiteDevices(BaseModel):
    """All who live behind a gateway; whoever is not named does not any more."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    schema_version: SchemaVersion = 1
    devices: tuple[SiteDevice, ...] = ()


def found_id(gateway_id: DeviceId, source: str) -> DeviceId:
    """The id of a device that a gateway has found: of another gateway it is another, so none takes over."""
    digest = sha256(f"{gateway_id}\n{source}".encode()).hexdigest()
    return f"found-{digest[:32]}"
