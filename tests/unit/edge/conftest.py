import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edge.adapters.memory import MemoryDevices, MemorySpool, SetClock
from edge.contract import DeviceId, Telemetry
from edge.etiquette import Limits
from edge.gateway import Gateway
from edge.offline import OfflineAdvice, Table
from edge.ports import Clock, Entry, Message
from edge.registry import Registration, Registry
from edge.shadow_desk import ShadowDesk

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
OFFLINE_MAX_AGE = timedelta(hours=24)

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
    limits: Limits = field(default_factory=lambda: Limits(max_beeps_per_hour=2))
    wall_at: datetime = NOON
    is_cloud_there: bool = True
    offline: OfflineAdvice = field(init=False)

    def __post_init__(self) -> None:
        self.restart({})

    def restart(self, tables: dict[DeviceId, Table] | None = None) -> None:
        """What a crash leaves: the spool, its notes, and the tables of offline advice (or those)."""
        notes, kept = self.spool.notes(), self.offline.tables() if tables is None else tables
        self.offline = OfflineAdvice(OFFLINE_MAX_AGE, lambda: self.is_cloud_there, kept)
        self.desk = ShadowDesk(
            self.registry, self.clock, self.limits, notes, lambda: self.wall_at, self.offline
        )
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

    def report(self, device_id: str = "dev-1", /, **fields: object) -> None:
        """A device confirms something."""
        body = json.dumps({"state": {"reported": fields}}).encode()
        self.gateway.receive([Message(f"$aws/things/{device_id}/shadow/update", body)])

    def obeyed(self, command_id: str, setpoint_c: float, changed_by: str = "advisor") -> None:
        self.report(command_id=command_id, setpoint_c=setpoint_c, mode="cool", changed_by=changed_by)

    def told(self) -> list[dict[str, Any]]:
        """The desired states that devices were told, in order."""
        deltas = [order for order in self.devices.told if order.topic.endswith("update/delta")]
        return [json.loads(order.body)["state"] for order in deltas]

    def setpoints(self) -> list[float]:
        return [state["setpoint_c"] for state in self.told()]

    def feels(self, indoor_c: float, device_id: str = "dev-1", **fields: object) -> None:
        """A reading says how warm a room is."""
        reading = {"device_id": device_id, "sampled_at": NOON.isoformat(), "indoor_dry_bulb_c": indoor_c}
        payload = json.dumps({"mode": "cool", "setpoint_c": 24.0} | reading | fields).encode()
        self.gateway.receive([Message(f"dt/ac/{device_id}/telemetry", payload)])

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind that go to the cloud."""
        events = [json.loads(entry.body) for entry in self.entries("event")]
        return [event for event in events if event["kind"] == kind]

    def refusals(self) -> list[tuple[str, str]]:
        """Command and reason of each refusal that goes to the cloud."""
        events = self.events("command_result")
        assert all(event["detail"]["result"] == "rejected" for event in events)
        return [(event["detail"]["command_id"], event["detail"]["reason"]) for event in events]


class Cloud:
    """The cloud's shadow service, as far as the gateway sees it (AWS IoT: deltas)."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.version = 0

    def delta(self, device_id: str = "dev-1", /, **fields: object) -> None:
        self.version += 1
        payload = {"version": self.version, "timestamp": 0, "state": fields, "metadata": {}}
        topic = f"$aws/things/{device_id}/shadow/update/delta"
        self.site.gateway.receive([Message(topic, json.dumps(payload).encode())])

    def ask(
        self, command_id: str, setpoint_c: float, requested_by: str = "advisor", **fields: object
    ) -> None:
        command = {"command_id": command_id, "setpoint_c": setpoint_c, "requested_by": requested_by}
        self.delta("dev-1", **(command | {"mode": "cool"} | fields))

    def document(self, version: int, **state: object) -> None:
        payload = {"version": version, "timestamp": 0, "state": state}
        topic = "$aws/things/dev-1/shadow/get/accepted"
        self.site.gateway.receive([Message(topic, json.dumps(payload).encode())])


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def clock(site: Site) -> SetClock:
    assert isinstance(site.clock, SetClock)
    return site.clock


@pytest.fixture
def cloud(site: Site) -> Cloud:
    return Cloud(site)
