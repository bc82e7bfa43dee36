"""A device, and the advisor's part, beside the API: what a person asks for is done and reported.

It stands in for MQTT, edge and advisor, which have tests of their own: it reads what people left in the
inbox, moves, and reports what it holds now.
"""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from cloud.ports.records import INBOX_PK, AdviceStatus, InboxEntry
from cloud.ports.state import Delete
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

HABIT_C, ADVISED_C = 24.0, 25.5
LOOK_S: Final = 0.2

_AFTER: Final[dict[str, tuple[float, AdviceStatus]]] = {
    "accepted": (ADVISED_C, "applied"),
    "undone": (HABIT_C, "undone"),
}


@dataclass(slots=True)
class SimulatedDevice:
    """One air conditioner, `dev-1`."""

    api: "ApiProcess"
    setpoint_c: float = HABIT_C
    heard: list[str] = field(default_factory=list[str])
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Self:
        """Report once, be advised, then do what is asked for until the end."""
        self._report()
        self.api.advise()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _live(self) -> None:
        while not self._ended.wait(LOOK_S):
            for item in self.api.state.query(INBOX_PK):
                self._hear(InboxEntry.model_validate(item.body))
                self.api.state.transact([Delete(item.pk, item.sk)])

    def _hear(self, entry: InboxEntry) -> None:
        self.heard.append(entry.kind)
        if entry.command is not None:
            self.setpoint_c = entry.command["setpoint_c"]
            self._report()
        if entry.kind in _AFTER:
            self.setpoint_c, status = _AFTER[entry.kind]
            self._report()
            self.api.advise(status=status)

    def _report(self) -> None:
        reading = Telemetry(
            device_id="dev-1",
            sampled_at=datetime.now(UTC),
            mode="cool",
            setpoint_c=self.setpoint_c,
            indoor_dry_bulb_c=24.4,
            outdoor_dry_bulb_c=31.0,
            electric_power_w=640.0,
        )
        self.api.log.commit(IngestCommit(readings=[reading]))
