"""Claim: a device or gateway asks for the code by which it is paired, and shows it to the people who hold it.

It asks on `topics.claim(id)` over its own connection, so that a code is bound to who it really is, and is
answered on `topics.claim_code(id)`. Asked again, the same code comes as long as it is good.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.contract.quantities import Instant, SchemaVersion

CODE_PATTERN = r"^[A-HJ-NP-Z2-9]{8}$"
"""Eight letters and digits that nobody confuses when reading them from a small display."""


class ClaimRequest(BaseModel):
    """What asks; an empty object is a device."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    schema_version: SchemaVersion = 1
    kind: Literal["device", "gateway"] = "device"


class ClaimCode(BaseModel):
    """The answer."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    schema_version: SchemaVersion = 1
    code: Annotated[str, StringConstraints(pattern=CODE_PATTERN)] | None = Field(
        None, description="What to show; null when it is in a home already."
    )
    expires_at: Instant | None = None
