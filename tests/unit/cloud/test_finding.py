"""What gateways find: it waits behind the one that hears it, in bounds, and moves nobody's device."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.finding import WAITS, FindingDesk
from cloud.ports.deletion import deletion_writes
from cloud.ports.records import BEHIND, DeviceRecord, GatewayRecord, device_pk, gateway_pk
from cloud.ports.state import Delete, Put
from edge.contract import FoundDevice
from edge.contract.claim import MAX_FOUND, found_id

T0 = datetime(2026, 7, 14, 12, tzinfo=UTC)
COOLER = FoundDevice(source="home_assistant:ac@zigbee2mqtt", name="Bedroom", modes=("off", "cool", "dry"))
COOLER_ID = found_id("gw-1", COOLER.source)


@dataclass
class Bench:
    now: datetime = T0
    state: MemoryStateStore = field(init=False)
    desk: FindingDesk = field(init=False)

    def __post_init__(self) -> None:
        self.state = MemoryStateStore(lambda: self.now)
        self.desk = FindingDesk(self.state, lambda: self.now)
        for gateway_id in ("gw-1", "gw-2"):
            self.put_gateway(gateway_id, f"home of {gateway_id}")

    def put_gateway(self, gateway_id: str, home_id: str | None) -> None:
        body = GatewayRecord(gateway_id=gateway_id, home_id=home_id).model_dump(mode="json")
        self.state.transact([Put(gateway_pk(gateway_id), "gateway", body)])

    def put_device(self, device: DeviceRecord) -> None:
        self.state.transact([Put(device_pk(device.device_id), "device", device.model_dump(mode="json"))])

    def device(self, device_id: str = COOLER_ID) -> DeviceRecord | None:
        item = self.state.get(device_pk(device_id), "device")
        return None if item is None else DeviceRecord.model_validate(item.body)

    def behind(self, gateway_id: str = "gw-1") -> list[str]:
        items = self.state.query(gateway_pk(gateway_id), prefix=BEHIND)
        return [item.sk.removeprefix(BEHIND) for item in items]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_is_found_waits_behind_its_gateway(bench: Bench) -> None:
    assert bench.desk.take("gw-1", [COOLER]) == [COOLER_ID]

    assert bench.device() == DeviceRecord(
        device_id=COOLER_ID, gateway_id="gw-1", name="Bedroom", modes=("cool", "dry"), source=COOLER.source
    )
    assert (bench.behind(), bench.behind("gw-2")) == ([COOLER_ID], [])
    assert bench.desk.take("gw-1", [COOLER]) == [], "said again it is nothing new"


def test_two_gateways_that_hear_the_same_have_two_devices(bench: Bench) -> None:
    ids = [*bench.desk.take("gw-1", [COOLER]), *bench.desk.take("gw-2", [COOLER])]

    assert len(set(ids)) == 2
    assert (bench.behind(), bench.behind("gw-2")) == (ids[:1], ids[1:])


@pytest.mark.parametrize(
    "known",
    [
        DeviceRecord(device_id=COOLER_ID, gateway_id="gw-2", source=COOLER.source),
        DeviceRecord(device_id=COOLER_ID, gateway_id="gw-1", home_id="another", source=COOLER.source),
        DeviceRecord(device_id=COOLER_ID, home_id="another", name="Theirs"),
        DeviceRecord(device_id=COOLER_ID),
    ],
    ids=["behind another gateway", "in a home", "native in a home", "native"],
)
def test_a_device_that_is_known_stays_where_it_is(bench: Bench, known: DeviceRecord) -> None:
    """Even if its id were the very one that a gateway's find has."""
    bench.put_device(known)

    assert bench.desk.take("gw-1", [COOLER]) == []

    assert bench.device() == known
    assert bench.behind() == []


def test_a_gateway_without_a_home_and_a_device_find_nothing(bench: Bench) -> None:
    bench.put_gateway("gw-1", None)
    bench.put_gateway("dev-1", "h1")
    bench.put_device(DeviceRecord(device_id="dev-1", home_id="h1"))

    for asker in ("gw-1", "gw-unknown", "dev-1"):
        assert bench.desk.take(asker, [COOLER]) == []
        assert bench.behind(asker) == []


def test_no_more_wait_than_there_is_room_for(bench: Bench) -> None:
    many = [FoundDevice(source=f"tasmota:ac-{number}") for number in range(2 * MAX_FOUND)]

    assert len(bench.desk.take("gw-1", many[:20])) == 20
    assert len(bench.desk.take("gw-1", many[20:40])) == MAX_FOUND - 20
    assert bench.desk.take("gw-1", many[40:]) == []
    assert len(bench.behind()) == MAX_FOUND
    assert bench.desk.take("gw-2", [COOLER]), "another gateway has room of its own"


def test_what_is_not_heard_any_more_is_forgotten_in_time_and_what_is_heard_stays(bench: Bench) -> None:
    gone = FoundDevice(source="tasmota:gone")
    bench.desk.take("gw-1", [COOLER, gone])
    bench.now += timedelta(days=4)
    bench.desk.take("gw-1", [COOLER])

    bench.now = T0 + WAITS

    assert bench.behind() == [COOLER_ID]
    assert bench.device(found_id("gw-1", gone.source)) is None
    assert bench.device() is not None


def test_what_is_being_deleted_is_found_again_only_when_nothing_of_it_is_left(bench: Bench) -> None:
    requests = deletion_writes(COOLER_ID, T0)
    bench.state.transact(requests)
    for number, request in enumerate(each for each in requests if each.pk.startswith("delete#")):
        if request.pk == "delete#scrub":
            continue
        assert bench.desk.take("gw-1", [COOLER]) == [], number
        bench.state.transact([Delete(request.pk, request.sk)])

    assert bench.desk.take("gw-1", [COOLER]) == [COOLER_ID]
