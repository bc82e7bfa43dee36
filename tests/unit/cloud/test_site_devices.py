"""What people say in the app reaches the gateway as the registration of their device."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.admission import admit
from cloud.claim_topic import ClaimTopic
from cloud.errors import UnavailableError
from cloud.ports.records import (
    DeviceRecord,
    GatewayRecord,
    HomeRecord,
    PreferencesRecord,
    QuietHoursRecord,
    ScheduleEntry,
    ScheduleRecord,
    device_pk,
    gateway_pk,
    home_pk,
)
from cloud.ports.state import Put
from cloud.site_devices import devices_behind, site_devices
from edge.contract import ClaimRequest, FoundDevice, SiteDevices
from edge.contract.claim import found_id
from edge.registry import Registration

NOW = datetime(2026, 7, 14, 12, tzinfo=UTC)


def test_a_device_has_the_quiet_hours_of_its_people_and_offline_advice_by_their_leave() -> None:
    state = MemoryStateStore()
    home = HomeRecord(
        home_id="h1", owner_id="o1", name="Flat", latitude_deg=45.0, longitude_deg=9.0, timezone="UTC"
    )
    quiet = QuietHoursRecord(start="22:30", end="06:05")
    wanted = PreferencesRecord(autonomy="auto", quiet_hours=quiet)
    state.transact(
        [
            Put(home_pk("h1"), "home", home.model_dump(mode="json")),
            Put(device_pk("dev-1"), "device", DeviceRecord(device_id="dev-1", home_id="h1").model_dump()),
            Put(device_pk("dev-1"), "preferences", wanted.model_dump(mode="json")),
        ]
    )

    (device,) = site_devices(state, ["dev-1"], {})

    registration = Registration.model_validate_json(device.model_dump_json(exclude_none=True))
    assert registration.quiet_hours == (22 * 60 + 30, 6 * 60 + 5)
    assert registration.offline_advice


def test_a_device_in_a_home_has_the_homes_consent_zone_and_week() -> None:
    state = MemoryStateStore()
    home = HomeRecord(
        home_id="h1",
        owner_id="o1",
        name="Flat",
        latitude_deg=45.0,
        longitude_deg=9.0,
        timezone="Europe/Rome",
        share_presence=True,
    )
    week = ScheduleRecord(entries=(ScheduleEntry(days=("tue", "mon"), at="07:30", setpoint_c=24.0),))
    state.transact(
        [
            Put(home_pk("h1"), "home", home.model_dump(mode="json")),
            Put(device_pk("dev-1"), "device", DeviceRecord(device_id="dev-1", home_id="h1").model_dump()),
            Put(device_pk("dev-1"), "schedule", week.model_dump(mode="json")),
            Put(device_pk("dev-2"), "device", DeviceRecord(device_id="dev-2").model_dump()),
        ]
    )

    first, second = (
        Registration.model_validate_json(each.model_dump_json(exclude_none=True))
        for each in site_devices(state, ["dev-1", "dev-2"], {})
    )

    assert first == Registration(
        device_id="dev-1", share_presence=True, timezone="Europe/Rome", schedule_min=(450, 1440 + 450)
    )
    assert second == Registration(device_id="dev-2")


class Speaking:
    """Who lets gateways speak, and may be away."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.is_away = False

    def __call__(self, gateway_id: str, device_ids: Sequence[str]) -> None:
        if self.is_away:
            raise UnavailableError(gateway_id)
        self.asked.append((gateway_id, list(device_ids)))


def told(topic: ClaimTopic, gateway_id: str, found: tuple[FoundDevice, ...] = ()) -> list[str]:
    """Whom a gateway that asks is named."""
    said = ClaimRequest(kind="gateway", asks_devices=True, found=found).model_dump_json().encode()
    answer = topic.hear(gateway_id, said)
    assert answer is not None
    assert answer[0] == f"dt/ac/{gateway_id}/claim/devices"
    return [each.device_id for each in SiteDevices.model_validate_json(answer[1]).devices]


def test_a_gateway_is_named_who_was_registered_or_let_in_behind_it_and_may_speak_for_them_first() -> None:
    state, speaking = MemoryStateStore(lambda: NOW), Speaking()
    topic = ClaimTopic(state, lambda: NOW, speaking)
    gateway = GatewayRecord(gateway_id="gw-1", home_id="h1")
    state.transact([Put(gateway_pk("gw-1"), "gateway", gateway.model_dump(mode="json"))])
    den = FoundDevice(source="tasmota:den")
    den_id = found_id("gw-1", den.source)

    assert told(topic, "gw-1", found=(den,)) == []  # it waits
    assert speaking.asked == []
    admit(state, DeviceRecord(device_id="ac-1", gateway_id="gw-1"))
    admit(state, DeviceRecord(device_id="ac-2", gateway_id="gw-2"))
    assert told(topic, "gw-1") == ["ac-1"]
    record = state.get(device_pk(den_id), "device")
    assert record is not None
    state.transact([Put(record.pk, record.sk, {**record.body, "home_id": "h1"})])
    assert told(topic, "gw-1", found=(den,)) == told(topic, "gw-1") == ["ac-1", den_id]
    assert told(topic, "gw-2") == ["ac-2"]
    assert told(topic, "ac-1") == []  # a device, whatever it says

    assert speaking.asked == [("gw-1", ["ac-1"]), ("gw-1", ["ac-1", den_id]), ("gw-2", ["ac-2"])]
    sources = [each.sources for each in devices_behind(state, "gw-1").devices]
    assert sources == [None, (den.source,)]


def test_a_gateway_is_not_told_of_those_for_whom_it_could_not_be_let_speak() -> None:
    state, speaking = MemoryStateStore(lambda: NOW), Speaking()
    topic = ClaimTopic(state, lambda: NOW, speaking)
    admit(state, DeviceRecord(device_id="ac-1", gateway_id="gw-1"))
    speaking.is_away = True

    with pytest.raises(UnavailableError):
        told(topic, "gw-1")
    speaking.is_away = False

    assert told(topic, "gw-1") == ["ac-1"]
    assert speaking.asked == [("gw-1", ["ac-1"])]
