"""Readings as messages: whatever a fleet says must be what the contract reads."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sim.wire.packing import Packer
from device_sim.wire.readings import POWER_ON_C, StepReadings
from edge.contract import Telemetry, read_telemetry

NAN = float("nan")
ROUNDED = st.integers(-400, 600).map(lambda tenths: tenths / 10)


def readings(homes: int = 1, **changes: object) -> StepReadings:
    def each(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.full(homes, value)

    values = {
        "device_ids": tuple(f"ac-{home}" for home in range(homes)),
        "sampled_at": datetime(2025, 7, 1, 12, 5, tzinfo=UTC),
        "interval_s": 300,
        "seq": 7,
        "cooling": np.full(homes, fill_value=True),
        "setpoint_c": each(24.0),
        "indoor_dry_bulb_c": each(24.3),
        "indoor_rh_pct": each(48.0),
        "outdoor_dry_bulb_c": each(37.2),
        "electric_power_w": each(1234.5),
        "energy_total_kwh": each(812.345),
        "compressor_ratio": each(0.65),
        "motion": np.full(homes, fill_value=True),
        "changed_by": np.zeros(homes, dtype=np.int8),
        "fans": ("auto",) * homes,
        "advice_ids": (None,) * homes,
        "power_on_fault": np.zeros(homes, dtype=np.bool_),
        "repeated": np.zeros(homes, dtype=np.bool_),
    }
    return StepReadings(**values | changes)  # type: ignore[arg-type]


@given(
    indoor_c=st.one_of(st.just(NAN), ROUNDED),
    setpoint_c=st.one_of(st.just(NAN), st.integers(160, 300).map(lambda tenths: tenths / 10)),
    power_w=st.floats(0.0, 20_000.0),
    changed_by=st.integers(0, 5),
    advice_id=st.one_of(st.none(), st.text(max_size=20)),
    motion=st.booleans(),
)
def test_json_is_the_contracts_telemetry(
    *,
    indoor_c: float,
    setpoint_c: float,
    power_w: float,
    changed_by: int,
    advice_id: str | None,
    motion: bool,
) -> None:
    step = readings(
        indoor_dry_bulb_c=np.array([indoor_c]),
        setpoint_c=np.array([setpoint_c]),
        cooling=np.array([not np.isnan(setpoint_c)]),
        electric_power_w=np.array([power_w]),
        changed_by=np.array([changed_by], dtype=np.int8),
        advice_ids=(advice_id,),
        motion=np.array([motion]),
    )

    (read,), refusals = read_telemetry(step.json(0))

    assert not refusals
    assert read == step.telemetry(0)
    assert read.indoor_dry_bulb_c == (None if np.isnan(indoor_c) else indoor_c)
    assert read.setpoint_c == (None if np.isnan(setpoint_c) else setpoint_c)
    assert (read.electric_power_w, read.motion, read.advice_id) == (power_w, motion, advice_id)


def test_every_field_of_the_contract_is_said() -> None:
    reading = readings(advice_ids=("a-1",)).telemetry(0)

    assert reading.model_fields_set | {"schema_version"} == set(Telemetry.model_fields)
    assert reading.sampled_at == datetime(2025, 7, 1, 12, 5, tzinfo=UTC)
    assert reading.changed_by == "schedule"


def test_a_sensor_just_powered_on_is_refused_by_the_contract() -> None:
    step = readings(power_on_fault=np.array([True]))

    accepted, (refusal,) = read_telemetry(step.wire(0))

    assert accepted == []
    assert "indoor_dry_bulb_c" in refusal.reason
    assert str(POWER_ON_C).encode() in refusal.element
    assert step.telemetry(0).indoor_dry_bulb_c == 24.3


def test_single_readings_are_sent_as_objects() -> None:
    packer = Packer(readings_per_message=1)

    messages = list(packer.add(readings(homes=2)))

    assert [device_id for device_id, _ in messages] == ["ac-0", "ac-1"]
    assert all(message.payload.startswith(b"{") for _, message in messages)


def test_readings_are_gathered_by_device_and_none_is_left_behind() -> None:
    packer = Packer(readings_per_message=3)
    steps = [replace(readings(homes=2), seq=number) for number in range(5)]

    messages = [message for step in steps for message in packer.add(step)] + list(packer.flush())

    seqs: dict[str, list[int | None]] = {"ac-0": [], "ac-1": []}
    for device_id, message in messages:
        accepted, refusals = read_telemetry(message.payload)
        assert not refusals
        assert {reading.device_id for reading in accepted} == {device_id}
        seqs[device_id] += [reading.seq for reading in accepted]
    assert seqs == {"ac-0": [0, 1, 2, 3, 4], "ac-1": [0, 1, 2, 3, 4]}
    assert [len(read_telemetry(message.payload)[0]) for _, message in messages] == [3, 3, 2, 2]
    assert list(packer.flush()) == []


def test_repeated_messages_are_sent_twice_and_counted_once() -> None:
    packer = Packer(readings_per_message=1)
    step = readings(homes=2, repeated=np.array([False, True]), power_on_fault=np.array([True, False]))

    messages = list(packer.add(step))

    assert [device_id for device_id, _ in messages] == ["ac-0", "ac-1", "ac-1"]
    assert messages[1] == messages[2]
    assert (packer.distinct_readings, packer.refused_readings, packer.repeated_messages) == (2, 1, 1)


@pytest.mark.parametrize("count", [0, 201])
def test_messages_that_the_contract_would_refuse_are_not_packed(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 200"):
        Packer(readings_per_message=count)


def test_the_largest_message_is_below_the_limit_of_the_contract() -> None:
    packer = Packer(readings_per_message=200)
    long_id = ("x" * 128,)
    step = readings(device_ids=long_id, advice_ids=long_id, indoor_dry_bulb_c=np.array([-39.9]))

    payloads = [message.payload for _ in range(200) for _, message in packer.add(step)]

    assert len(payloads) == 1
    assert read_telemetry(payloads[0])[1] == []
