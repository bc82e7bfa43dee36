"""Comfort prior: what votes of many people say of a home's upper comfort limit before it is known.

Only fitted coefficients are shipped (`base/comfort.json`), no votes; `python -m infra.local.comfort_prior`
makes them anew.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Self

import msgspec

from cloud.errors import RejectedError

PRIOR_FILE = "comfort.json"


class UnreadablePriorError(RejectedError):
    """The document is no prior of comfort."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no prior of comfort: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfortPrior:
    """The upper limit of comfort over homes, and how humidity weighs, with standard errors.

    The limit is the warmth above what is usual in a place at which half of the votes ask for cooler air.
    The votes are of offices and the like: nobody has asked so many people in homes with air conditioning.

    Attributes:
        version: Name of these figures.
        origin: The data that they come from.
        licence: Of those data.
        votes, people, groups, studies: How many of each they rest on.
        limit_mean_k, limit_mean_se_k: Mean over groups who share a thermostat, each study counting by how
            well it is known [K].
        limit_sd_k: Standard deviation of the limit from study to study, beyond their errors: so far apart
            are homes believed to be [K].
        people_limit_k, people_limit_se_k: The same limit within persons whose votes are known one by one,
            above each one's own usual temperature; few studies have them [K].
        people_sd_k: Standard deviation of that over the persons of a study, who share what they have not
            chosen; a home's people have chosen their habit, so homes differ less [K].
        half_width_k, half_width_se_k: From where as many ask for cooler as for warmer air to the limit,
            within persons [K].
        moment_sd_k: Standard deviation of one person's limit from one vote to the next [K].
        humidity_k_per_pct, humidity_se_k_per_pct: How many K of warmth 1 % of relative humidity
            is worth, within groups [K/%].
    """

    version: str
    origin: str
    licence: str
    votes: int
    people: int
    groups: int
    studies: int
    limit_mean_k: float
    limit_mean_se_k: float
    limit_sd_k: float
    people_limit_k: float
    people_limit_se_k: float
    people_sd_k: float
    half_width_k: float
    half_width_se_k: float
    moment_sd_k: float
    humidity_k_per_pct: float
    humidity_se_k_per_pct: float

    @classmethod
    def from_json(cls, document: bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            UnreadablePriorError: It is no JSON, a figure is missing, or one is no number.
        """
        try:
            return msgspec.json.decode(document, type=cls)
        except msgspec.DecodeError as error:
            raise UnreadablePriorError(str(error)) from error

    @classmethod
    def from_package(cls) -> Self:
        """The prior that is shipped."""
        return cls.from_json((resources.files("cloud") / "base" / PRIOR_FILE).read_bytes())

    def to_json(self) -> bytes:
        """A JSON document that a person can read."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"
