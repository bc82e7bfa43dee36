"""What people say in the app reaches the gateway as the registration of their device."""

import json

from cloud.adapters.memory_state import MemoryStateStore
from cloud.ports.records import (
    DeviceRecord,
    HomeRecord,
    PreferencesRecord,
    QuietHoursRecord,
    ScheduleEntry,
    ScheduleRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Put
from edge.registry import Registration
from infra.local.site_devices import site_devices


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

    registration = Registration.model_validate_json(json.dumps(device))
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
        Registration.model_validate(each) for each in site_devices(state, ["dev-1", "dev-2"], {})
    )

    assert first == Registration(
        device_id="dev-1", share_presence=True, timezone="Europe/Rome", schedule_min=(450, 1440 + 450)
    )
    assert second == Registration(device_id="dev-2")
