"""Claim: a device or gateway asks for the code by which it is paired, and shows it to the people who hold it.

It asks on `topics.claim(id)` over its own connection, so that a code is bound to who it really is, and is
answered on `topics.claim_code(id)`. Asked again, the same code comes as long as it is good.

A gateway in a home also says there which devices it has found; whoever owns it lets them in.
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
    """What asks; an empty object is a device. A gateway that says what it has found asks for no code."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    schema_version: SchemaVersion = 1
    kind: Literal["device", "gateway"] = "device"
    found: Annotated[tuple[FoundDevice, ...], Field(max_length=MAX_FOUND)] = ()


class ClaimCode(BaseModel):
    """The answer."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    schema_version: SchemaVersion = 1
    code: Annotated[str, StringConstraints(pattern=CODE_PATTERN)] | None = Field(
        None, description="What to show; null when it is in a home already."
    )
    expires_at: Instant | None = None


def found_id(gateway_id: DeviceId, source: str) -> DeviceId:
    """The id of a device that a gateway has found: of another gateway it is another, so none takes over."""
    digest = sha256(f"{gateway_id}\n{source}".encode()).hexdigest()
    return f"found-{digest[:32]}"
