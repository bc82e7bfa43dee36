"""Prior: what homes are like before anything was measured, learnt from a simulated fleet.

`cloud/base/thermal.json` is made by `python -m infra.local.thermal_prior`.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Self

import numpy as np

from cloud.thermal.model import PARAMETERS
from cloud.thermal.rows import Floats

FILE = "thermal.json"


@dataclass(frozen=True, slots=True)
class Prior:
    """Means and spreads over homes.

    Attributes:
        mean: Of the logarithms of the parameters, (10,).
        covariance: Of the same, (10, 10).
        control_k: Offset and band of thermostats, means, (2,) [K].
        control_spread_k: Their standard deviations, (2,) [K].
        power: Coefficients of power over its scale, means, (4,) [ratio]: `machine.power_features`.
        power_spread: Their standard deviations, (4,).
    """

    mean: Floats
    covariance: Floats
    control_k: Floats
    control_spread_k: Floats
    power: Floats
    power_spread: Floats

    def to_json(self) -> str:
        """As JSON, with names and to 4 decimals."""
        return json.dumps(
            {
                "parameters": PARAMETERS,
                **{name: np.round(getattr(self, name), 4).tolist() for name in self.__slots__},
            },
            indent=1,
        )

    @classmethod
    def from_json(cls, document: str) -> Self:
        """What `to_json` wrote.

        Raises:
            ValueError: It is of other parameters.
        """
        fields = json.loads(document)
        if tuple(fields.pop("parameters")) != PARAMETERS:
            raise ValueError("a prior of other parameters")
        return cls(**{name: np.array(values, np.float64) for name, values in fields.items()})

    @classmethod
    def from_package(cls) -> Self:
        """The one that is shipped."""
        return cls.from_json((resources.files("cloud") / "base" / FILE).read_text(encoding="utf-8"))
