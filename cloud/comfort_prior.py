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

    The limit is the warmth above what is usual at which half of the votes ask for cooler air.

    Attributes:
        version: Name of these figures.
        origin: The data that they come from.
        licence: Of those data.
        votes, people, groups, studies: How many of each they rest on.
        limit_mean_k: Mean of the limit over homes: half-way between `people_limit_k` and `group_limit_k` [K].
        limit_mean_se_k: Its standard error: half of what lies between those two, and their own errors [K].
        limit_sd_k: Standard deviation of the limit from one group that shares a thermostat to another:
            from study to study, by groups [K].
        people_limit_k, people_limit_se_k: The limit within persons, above their own usual temperature [K].
            From few studies, in which many found the usual temperature too warm already: a low figure.
        people_sd_k: Standard deviation of that limit over the persons of a study [K].
        group_limit_k, group_limit_se_k: The limit within groups, above their building's usual temperature
            [K]. From more studies; persons differ, which flattens the slope: a high figure.
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
    group_limit_k: float
    group_limit_se_k: float
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
