"""Messages on their way: held, lost, late, twice; every reading is counted once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from device_sim.faults.plan import Fault, FaultPlan, RandomFault
from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.wire.dialects.choice import speak
from device_sim.wire.dialects.dialect import Message
from device_sim.wire.packing import Packer
from edge.contract import Telemetry, read_telemetry, topics

START = datetime(2025, 7, 1, 7, tzinfo=UTC)
STEP = timedelta(minutes=5)
SOUND = FaultRates(0.0, 0.0, 0.0)


def at(step: int) -> datetime:
    return START + step * STEP


def fleet(*faults: Fault, homes: int = 2, rates: FaultRates = SOUND, **plan: object) -> Fleet:
    plan_ = FaultPlan(faults=faults).model_copy(update=plan)
    return Fleet(FleetSpec(homes=homes, seed=3, start=START, split="test", faults=rates, plan=plan_), 2)


def play(of: Fleet, packer: Packer, steps: int) -> list[tuple[int, str, Message]]:
    """What came out in which step."""
    sent = [(step, *said) for step in range(steps) for said in packer.add(of.step())]
    return sent + [(steps, *said) for said in packer.flush(final=True)]


def readings(sent: list[tuple[int, str, Message]]) -> list[tuple[int, Telemetry]]:
    return [
        (step, reading)
        for step, _, message in sent
        if message.topic.endswith("/telemetry")
        for reading in read_telemetry(message.payload)[0]
    ]


def test_an_outage_is_made_up_for_in_order_and_what_the_memory_does_not_hold_is_a_gap() -> None:
    outage = Fault(kind="wifi_outage", starts_at=at(3), ends_at=at(9), homes=(1,))
    of, packer = fleet(outage, buffer_readings=4), Packer(1)

    sent = play(of, packer, 12)

    other, mine = (
        [(step, reading.seq) for step, reading in readings(sent) if reading.device_id == site.device_id]
        for site in of.sites
    )
    assert other == [(step, step) for step in range(12)]
    assert mine == [(0, 0), (1, 1), (2, 2), (9, 3), (9, 4), (9, 5), (9, 6), (9, 9), (10, 10), (11, 11)]
    assert (packer.lost_readings, packer.distinct_readings, packer.held_readings) == (2, 22, 0)


def test_a_device_that_gathers_sends_several_full_messages_after_an_outage() -> None:
    of = fleet(Fault(kind="wifi_outage", starts_at=at(1), ends_at=at(8)), homes=1)
    packer = Packer(3)

    sent = play(of, packer, 9)

    sizes = [(step, len(read_telemetry(message.payload)[0])) for step, _, message in sent if message.payload]
    assert sizes == [(8, 3), (8, 3), (8, 3)]


def test_readings_on_a_device_without_network_are_not_sent_by_a_flush() -> None:
    of = fleet(Fault(kind="wifi_outage", starts_at=at(0), homes=(0,)))
    packer = Packer(12)
    for _ in range(3):
        assert list(packer.add(of.step())) == []

    assert [device_id for device_id, _ in packer.flush()] == [of.sites[1].device_id]
    assert (packer.distinct_readings, packer.held_readings) == (3, 3)
    assert [device_id for device_id, _ in packer.flush(final=True)] == [of.sites[0].device_id]
    assert (packer.distinct_readings, packer.held_readings) == (6, 0)


def test_late_messages_overtake_each_other_and_all_arrive() -> None:
    of = fleet(Fault(kind="late_messages", starts_at=at(0), severity=1800.0), homes=10)
    packer = Packer(1)

    sent = play(of, packer, 60)

    arrived = readings(sent)
    seqs = [reading.seq for _, reading in arrived if reading.device_id == of.sites[0].device_id]
    assert sorted(seqs, key=lambda seq: seq or 0) == list(range(60))
    assert seqs != list(range(60))
    assert all(step >= (reading.seq or 0) for step, reading in arrived)
    assert packer.distinct_readings == len(arrived) == 600


def test_messages_come_again_at_once_or_later_and_are_identical() -> None:
    of = fleet(Fault(kind="duplicates", starts_at=at(0), severity=0.5), homes=20)
    packer = Packer(1)

    sent = play(of, packer, 24)

    times = Counter(message.payload for _, _, message in sent)
    assert set(times.values()) == {1, 2}
    assert packer.distinct_readings == len(times) == 20 * 24
    assert packer.repeated_messages == sum(times.values()) - len(times)
    at_step = {message.payload: step for step, _, message in reversed(sent)}
    again = {message.payload: step for step, _, message in sent}
    assert {again[payload] - at_step[payload] for payload in times} >= {0, 1, 2}


def test_a_clock_that_jumps_back_says_times_again_and_they_count_once() -> None:
    skew = Fault(kind="clock_skew", starts_at=at(5), ends_at=at(10), severity=900.0, homes=(0,))
    of, packer = fleet(skew), Packer(1)

    sent = play(of, packer, 20)

    keys = {(reading.device_id, reading.sampled_at) for _, reading in readings(sent)}
    assert packer.distinct_readings == len(keys) == 40 - 3  # 15 minutes ahead: three times said again
    assert (packer.overwritten_readings, packer.sent_readings) == (3, 40)


def test_a_skew_of_no_whole_step_overwrites_nothing_and_keeps_milliseconds() -> None:
    skew = Fault(kind="clock_skew", starts_at=at(5), ends_at=at(10), severity=-100.25, homes=(0,))
    of, packer = fleet(skew), Packer(1)

    sent = play(of, packer, 20)

    assert (packer.distinct_readings, packer.overwritten_readings) == (40, 0)
    mine = [reading for _, reading in readings(sent) if reading.device_id == of.sites[0].device_id]
    assert mine[5].sampled_at == at(6) - timedelta(seconds=100.25)
    assert mine[10].sampled_at == at(11)


@pytest.mark.parametrize("readings_per_message", [1, 5])
def test_the_books_balance_whatever_goes_wrong(readings_per_message: int) -> None:
    kinds = {
        "wifi_outage": None,
        "clock_skew": 100.0,
        "duplicates": 0.3,
        "late_messages": 900.0,
        "reboot": None,
    }
    by_chance = tuple(
        RandomFault.model_validate({"kind": kind, "per_season": 60, "lasts_h": 4, "severity": severity})
        for kind, severity in kinds.items()
    )
    jump = Fault(kind="clock_skew", starts_at=at(50), ends_at=at(100), severity=600.0)
    rates = FaultRates(0.02, 0.01, 0.02)
    of = fleet(jump, homes=30, rates=rates, random=by_chance, buffer_readings=12)
    packer = Packer(readings_per_message)

    sent = play(of, packer, 288)

    keys: set[tuple[str, datetime]] = set()
    bad: set[bytes] = set()
    for _, _, message in sent:
        if message.topic.endswith("/telemetry"):
            good, refusals = read_telemetry(message.payload)
            keys |= {(reading.device_id, reading.sampled_at) for reading in good}
            bad |= {refusal.element for refusal in refusals}
    assert packer.distinct_readings == len(keys) + len(bad)
    assert packer.refused_readings == len(bad)
    assert packer.sent_readings + packer.lost_readings == 30 * 288
    assert min(packer.lost_readings, packer.overwritten_readings, packer.repeated_messages) > 0
    assert packer.held_readings == 0


def test_a_device_without_network_is_said_to_be_away_and_greets_when_it_is_back() -> None:
    of = fleet(Fault(kind="wifi_outage", starts_at=at(1), ends_at=at(3)), homes=1, buffer_readings=0)
    device_id = of.sites[0].device_id
    packer = Packer(1, speak("tasmota", [device_id]))

    sent = play(of, packer, 4)

    assert [
        (step, message.topic.split("/")[-1], message.payload)
        for step, _, message in sent
        if b"line" in message.payload
    ] == [
        (1, "LWT", b"Offline"),
        (3, "LWT", b"Online"),
    ]
    assert packer.lost_readings == 2


def test_a_native_device_asks_for_its_shadow_when_it_is_back() -> None:
    of = fleet(Fault(kind="wifi_outage", starts_at=at(1), ends_at=at(3)), homes=1)

    sent = play(of, Packer(1), 4)

    asked = topics.shadow(of.sites[0].device_id, "get")
    assert [(step, message.payload) for step, _, message in sent if message.topic == asked] == [(3, b"")]


def test_seq_counts_from_the_last_start() -> None:
    of = fleet(Fault(kind="reboot", starts_at=at(3), homes=(0,)))

    steps = [of.step() for _ in range(5)]

    assert [step.row(0).seq for step in steps] == [0, 1, 2, 0, 1]
    assert [step.row(1).seq for step in steps] == [0, 1, 2, 3, 4]
    assert replace(steps[0], first_seq=None).seqs.tolist() == [0, 0]
    assert np.array_equal(steps[4].seqs, [1, 4])
