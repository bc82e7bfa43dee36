from dataclasses import dataclass

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.ports.ingest import Registration
from cloud.ports.records import DeviceRecord, HomeRecord
from cloud.ports.state import Put
from cloud.registrations import CachedRegistrations


@dataclass
class Bench:
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.store = MemoryStateStore()
        self.registrations = CachedRegistrations(self.store, lambda: self.now_s)

    def put_device(self, gateway_id: str | None = None, home_id: str | None = None) -> None:
        device = DeviceRecord(device_id="dev-1", gateway_id=gateway_id, home_id=home_id)
        self.store.transact([Put("device#dev-1", "device", device.model_dump(mode="json"))])

    def put_home(self, *, share_presence: bool) -> None:
        home = HomeRecord(
            home_id="h1",
            owner_id="a1",
            name="Home",
            latitude_deg=52.0,
            longitude_deg=5.0,
            timezone="Europe/Amsterdam",
            share_presence=share_presence,
        )
        self.store.transact([Put("home#h1", "home", home.model_dump(mode="json"))])


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_new_device_is_known_at_once(bench: Bench) -> None:
    assert bench.registrations.find("dev-1") is None

    bench.put_device(gateway_id="gw-1")

    assert bench.registrations.find("dev-1") == Registration("gw-1", share_presence=False)


@pytest.mark.parametrize("consent", [True, False])
def test_consent_is_that_of_the_home(bench: Bench, *, consent: bool) -> None:
    bench.put_device(home_id="h1")
    bench.put_home(share_presence=consent)

    assert bench.registrations.find("dev-1") == Registration(None, share_presence=consent)


def test_a_home_that_is_gone_consents_to_nothing(bench: Bench) -> None:
    bench.put_device(home_id="h1")

    assert bench.registrations.find("dev-1") == Registration(None, share_presence=False)


def test_a_withdrawn_consent_is_honoured_within_two_seconds(bench: Bench) -> None:
    bench.put_device(home_id="h1")
    bench.put_home(share_presence=True)
    bench.registrations.find("dev-1")
    bench.put_home(share_presence=False)

    bench.now_s = 2.001

    assert bench.registrations.find("dev-1") == Registration(None, share_presence=False)


def test_within_two_seconds_the_store_is_not_asked_again(bench: Bench) -> None:
    bench.put_device()
    bench.registrations.find("dev-1")
    bench.put_device(gateway_id="gw-1")

    bench.now_s = 1.999

    assert bench.registrations.find("dev-1") == Registration(None, share_presence=False)


def test_what_a_gateway_has_found_is_let_in_with_its_home(bench: Bench) -> None:
    device = DeviceRecord(device_id="dev-1", gateway_id="gw-1", source="tasmota:ac")
    for home_id, let_in in ((None, False), ("h1", True)):
        body = device.model_copy(update={"home_id": home_id}).model_dump(mode="json")
        bench.store.transact([Put("device#dev-1", "device", body)])
        bench.now_s += 3

        assert bench.registrations.find("dev-1") == Registration("gw-1", share_presence=False, let_in=let_in)
