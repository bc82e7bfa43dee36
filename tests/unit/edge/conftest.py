from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from edge.adapters.memory import MemoryDevices, MemorySpool, SetClock
from edge.contract import Telemetry
from edge.gateway import Gateway
from edge.ports import Clock, Entry
from edge.registry import Registration, Registry
from edge.shadow_desk import ShadowDesk

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)

MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def make_telemetry() -> MakeTelemetry:
    def make(**changes: object) -> Telemetry:
        fields: dict[str, object] = {
            "device_id": "dev-1",
            "sampled_at": NOON,
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 25.5,
        }
        return Telemetry.model_validate(fields | changes)

    return make


@dataclass
class Site:
    """A gateway on memory twins, with two devices behind it."""

    registry: Registry = field(
        default_factory=lambda: {name: Registration(device_id=name) for name in ("dev-1", "dev-2")}
    )
    spool: MemorySpool = field(default_factory=MemorySpool)
    devices: MemoryDevices = field(default_factory=MemoryDevices)
    clock: Clock = field(default_factory=lambda: SetClock(NOON))
    max_beeps_per_hour: int = 2

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What a crash leaves: the spool and its notes."""
        self.desk = ShadowDesk(self.registry, self.clock, self.max_beeps_per_hour, self.spool.notes())
        self.gateway = Gateway(
            self.registry,
            spool=self.spool,
            devices=self.devices,
            desk=self.desk,
            clock=self.clock,
            received_at=lambda: NOON,
        )

    def entries(self, kind: str) -> list[Entry]:
        return [each.entry for each in self.spool.peek(2**30) if each.entry.kind == kind]


@pytest.fixture
def site() -> Site:
    return Site()
