"""Disk budgets: what lake and broker may take, and a warning before it is used up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import structlog

WARN_RATIO: Final = 0.8
"""From this part of a budget on somebody should act [ratio]."""

DiskState: TypeAlias = Literal["ok", "nearly_full", "full"]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DiskUse:
    """How much of a budget is used."""

    used_bytes: int
    budget_bytes: int

    @property
    def used_ratio(self) -> float:
        """0 when nothing is used, 1 when all is [ratio]."""
        return self.used_bytes / self.budget_bytes

    @property
    def state(self) -> DiskState:
        """What it means."""
        if self.used_ratio < WARN_RATIO:
            return "ok"
        return "nearly_full" if self.used_bytes < self.budget_bytes else "full"


@dataclass(slots=True)
class DiskWatch:
    """Says so once when a budget is nearly used, is used up, or has room again.

    Args:
        measures: By name, what tells how much is used now.
    """

    measures: Mapping[str, Callable[[], DiskUse]]
    _known: dict[str, DiskState] = field(default_factory=dict[str, DiskState])

    def look(self) -> dict[str, DiskUse]:
        """Measure everything.

        Raises:
            UnavailableError: It cannot be told now.
        """
        uses = {name: measure() for name, measure in self.measures.items()}
        for name, use in uses.items():
            if use.state != self._known.get(name, "ok"):
                say = log.info if use.state == "ok" else log.warning
                say(
                    "disk_budget_state_changed",
                    store=name,
                    state=use.state,
                    used_bytes=use.used_bytes,
                    budget_bytes=use.budget_bytes,
                )
            self._known[name] = use.state
        return uses
