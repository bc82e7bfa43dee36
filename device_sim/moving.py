"""Moving: from some day on other people live in some of the homes, or all goes on as it would elsewhere."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from device_sim.fleet import Fleet
from device_sim.homes import build_homes
from device_sim.people.people import People

_T = TypeVar("_T")


class MovingFleet(Fleet):
    """A fleet whose people may move out."""

    def exchange_people(self, leaving: NDArray[np.bool_], seed: int) -> None:
        """Let the people of another seed's fleet live in some homes from now on.

        Args:
            leaving: Homes whose people leave, `(homes,)`.
            seed: Of the fleet whose people come.
        """
        homes = self._homes
        others = build_homes(replace(homes.spec, seed=seed), 1, None).inhabitants
        mixed = _mixed(homes.inhabitants, others, leaving)
        self._people = People(mixed, homes.noise, homes.clock, homes.spec.step_s)

    def fork_into(self, other: Self) -> Self:
        """A fork that goes on with the weather and the faults of another fleet of the same homes.

        Args:
            other: Unlike this one only in what has not happened yet; it is left as it is.
        """
        if replace(other.spec, plan=self.spec.plan) != self.spec:
            raise ValueError("another fleet has other homes")
        fork = self.fork()
        fork._homes = other._homes  # noqa: SLF001 (of its own kind)
        return fork


def _mixed(mine: _T, others: _T, where: NDArray[np.bool_]) -> _T:
    """The same records with the arrays' rows of `others` at `where`; the first axis is homes."""
    changes: dict[str, Any] = {}
    for field in fields(mine):  # type: ignore[arg-type]
        value, other = getattr(mine, field.name), getattr(others, field.name)
        if isinstance(value, np.ndarray):
            changes[field.name] = np.where(where.reshape(-1, *[1] * (value.ndim - 1)), other, value)
        elif is_dataclass(value):
            changes[field.name] = _mixed(value, other, where)
    return replace(mine, **changes)  # type: ignore[type-var]
