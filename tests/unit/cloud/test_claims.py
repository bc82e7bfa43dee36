"""Claim codes: one at a time for each device, good for ten minutes, given to nobody but who it stands for."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.claims import CLAIM_VALID, ClaimDesk
from cloud.ports.records import ClaimRecord, DeviceRecord, GatewayRecord, claim_pk, device_pk, gateway_pk
from cloud.ports.state import Put
from edge.contract import ClaimCode
from edge.contract.claim import CODE_PATTERN

T0 = datetime(2026, 7, 14, 12, tzinfo=UTC)


@dataclass
class Bench:
    now: datetime = T0
    state: MemoryStateStore = field(init=False)
    desk: ClaimDesk = field(init=False)

    def __post_init__(self) -> None:
        self.state = MemoryStateStore(lambda: self.now)
        self.desk = ClaimDesk(self.state, lambda: self.now)
        self.put_device(None)

    def put_device(self, home_id: str | None) -> None:
        device = DeviceRecord(device_id="dev-1", home_id=home_id)
        self.state.transact([Put(device_pk("dev-1"), "device", device.model_dump())])

    def claimed_by(self, code: str | None) -> ClaimRecord | None:
        item = self.state.get(claim_pk(code or ""), "claim")
        return None if item is None else ClaimRecord.model_validate(item.body)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_code_stands_for_who_asked(bench: Bench) -> None:
    device, gateway = bench.desk.answer("dev-1", "device"), bench.desk.answer("gw-1", "gateway")

    assert device is not None
    assert gateway is not None
    assert re.match(CODE_PATTERN, device.code or "")
    assert device.expires_at == T0 + timedelta(minutes=10)
    assert bench.claimed_by(device.code) == ClaimRecord(code=device.code or "", device_id="dev-1")
    assert bench.claimed_by(gateway.code) == ClaimRecord(
        code=gateway.code or "", device_id="gw-1", kind="gateway"
    )


def test_asked_again_it_is_the_same_until_it_is_almost_over(bench: Bench) -> None:
    first = bench.desk.answer("dev-1", "device")
    bench.now += timedelta(minutes=8)
    again = bench.desk.answer("dev-1", "device")
    bench.now += timedelta(seconds=1)

    second = bench.desk.answer("dev-1", "device")

    assert first is not None
    assert again == first
    assert second is not None
    assert second.code != first.code
    assert bench.claimed_by(first.code) is None  # one at a time


def test_a_code_ends_after_ten_minutes(bench: Bench) -> None:
    shown = bench.desk.show("dev-1", "device")

    bench.now += CLAIM_VALID

    assert bench.claimed_by(shown.code) is None


def test_who_is_in_a_home_has_nothing_to_show(bench: Bench) -> None:
    bench.put_device("h1")
    gateway = GatewayRecord(gateway_id="gw-1", home_id="h1")
    bench.state.transact([Put(gateway_pk("gw-1"), "gateway", gateway.model_dump())])

    assert bench.desk.answer("dev-1", "device") == ClaimCode()
    assert bench.desk.answer("gw-1", "gateway") == ClaimCode()


def test_a_stranger_gets_no_answer_and_a_device_is_no_gateway(bench: Bench) -> None:
    assert bench.desk.answer("dev-9", "device") is None
    shown = bench.desk.answer("dev-1", "gateway")
    assert shown is not None
    assert bench.claimed_by(shown.code) == ClaimRecord(code=shown.code or "", device_id="dev-1")
