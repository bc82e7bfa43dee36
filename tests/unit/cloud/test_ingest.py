import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cloud.adapters.memory_telemetry import MemoryRegistrations
from cloud.ingest import NOT_LET_IN, ingest
from cloud.ports.ingest import InboundMessage, Registration
from cloud.ports.telemetry import DeadLetter, IngestCommit
from edge.contract import Telemetry, write_telemetry

NOW = datetime(2025, 7, 1, 12, 1, tzinfo=UTC)
REGISTERED = MemoryRegistrations({
    "dev-1": Registration(gateway_id=None, share_presence=False),
    "dev-2": Registration(gateway_id="gw-1", share_presence=True),
    "dev-3": Registration(gateway_id="gw-2", share_presence=False),
    "dev-4": Registration(gateway_id="gw-1", share_presence=False),
    "found": Registration(gateway_id="gw-1", share_presence=False, let_in=False),
})  # fmt: skip

MakeTelemetry = Callable[..., Telemetry]


def take(topic: str, payload: bytes) -> IngestCommit:
    return ingest([InboundMessage(topic, payload)], REGISTERED, NOW)


def only_letter(commit: IngestCommit) -> DeadLetter:
    assert commit.readings == []
    assert commit.events == []
    (letter,) = commit.dead_letters
    return letter


def event(**changes: object) -> bytes:
    good = {"device_id": "dev-1", "event_id": "e1", "occurred_at": "2025-07-01T12:00:00Z", "kind": "boot"}
    return json.dumps(good | changes).encode()


def reading(**changes: object) -> dict[str, Any]:
    good = {
        "device_id": "dev-1",
        "sampled_at": "2025-07-01T14:00:00+02:00",
        "mode": "cool",
        "setpoint_c": 24,
        "indoor_dry_bulb_c": 25.5,
    }
    return good | changes


def test_takes_a_reading_of_the_publisher(make_telemetry: MakeTelemetry) -> None:
    commit = take("dt/ac/dev-1/telemetry", json.dumps(reading()).encode())

    assert commit.readings == [make_telemetry()]
    assert commit.dead_letters == []
    assert commit.received_at == NOW


def test_takes_a_batch_of_devices_behind_the_gateway(make_telemetry: MakeTelemetry) -> None:
    sent = make_telemetry(device_id="dev-2")

    assert take("dt/ac/gw-1/batch", write_telemetry([sent])).readings == [sent]


@pytest.mark.parametrize(("field", "value"), [
    ("device_id", "no spaces"),
    ("sampled_at", 1_751_371_200),
    ("sampled_at", "2025-07-01T12:00:00"),
    ("interval_s", 0),
    ("seq", -1),
    ("mode", "cosy"),
    ("fan", "hurricane"),
    ("setpoint_c", 75),
    ("setpoint_c", None),
    ("indoor_dry_bulb_c", "25.5"),
    ("indoor_rh_pct", 101),
    ("outdoor_dry_bulb_c", 95),
    ("electric_power_w", -5),
    ("energy_total_kwh", -1),
    ("compressor_ratio", 1.5),
    ("motion", "yes"),
    ("changed_by", "cat"),
    ("schema_version", 2),
])  # fmt: skip
def test_one_bad_field_makes_a_dead_letter_that_names_it(field: str, value: object) -> None:
    payload = json.dumps([reading(), reading(**{field: value})]).encode()

    commit = take("dt/ac/dev-1/telemetry", payload)

    assert len(commit.readings) == 1
    (letter,) = commit.dead_letters
    assert field in letter.reason
    assert (letter.index, letter.principal, letter.received_at) == (1, "dev-1", NOW)


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{", b"[", b'"reading"', b"[1", b"null"])
def test_what_is_no_reading_is_one_dead_letter_with_its_bytes(payload: bytes) -> None:
    letter = only_letter(take("dt/ac/dev-1/telemetry", payload))

    assert letter.element == payload
    assert letter.index is None


def test_a_message_of_501_readings_is_one_dead_letter(make_telemetry: MakeTelemetry) -> None:
    payload = write_telemetry([make_telemetry()] * 501)

    assert "501" in only_letter(take("dt/ac/dev-1/telemetry", payload)).reason


def test_a_device_cannot_speak_for_another() -> None:
    payload = json.dumps([reading(), reading(device_id="dev-2")]).encode()

    commit = take("dt/ac/dev-1/telemetry", payload)

    assert [each.device_id for each in commit.readings] == ["dev-1"]
    (letter,) = commit.dead_letters
    assert letter.reason == "device_id: 'dev-2' is not the publisher 'dev-1'"
    assert letter.index == 1


NOT_PUBLISHER = "device_id: {!r} is not the publisher {!r}"
NOT_BEHIND = "not registered behind gateway {!r}"


@pytest.mark.parametrize(("kind", "principal", "device_id", "reason"), [
    # own: a native device, and one behind a gateway whose topic the gateway (or itself) uses
    ("telemetry", "dev-1", "dev-1", ""),
    ("telemetry", "dev-2", "dev-2", ""),
    ("event", "dev-1", "dev-1", ""),
    ("event", "dev-2", "dev-2", ""),
    # foreign: registered or not, also behind the same gateway
    ("telemetry", "dev-1", "dev-2", NOT_PUBLISHER.format("dev-2", "dev-1")),
    ("telemetry", "dev-4", "dev-2", NOT_PUBLISHER.format("dev-2", "dev-4")),
    ("telemetry", "dev-1", "stranger", NOT_PUBLISHER.format("stranger", "dev-1")),
    ("telemetry", "stranger", "dev-1", NOT_PUBLISHER.format("dev-1", "stranger")),
    ("event", "dev-1", "dev-2", NOT_PUBLISHER.format("dev-2", "dev-1")),
    ("event", "stranger", "dev-1", NOT_PUBLISHER.format("dev-1", "stranger")),
    # a gateway speaks for its devices in its batch, and nowhere else
    ("batch", "gw-1", "dev-2", ""),
    ("batch", "gw-1", "dev-4", ""),
    ("telemetry", "gw-1", "dev-2", NOT_PUBLISHER.format("dev-2", "gw-1")),
    ("event", "gw-1", "dev-2", NOT_PUBLISHER.format("dev-2", "gw-1")),
    # behind another gateway, or behind none
    ("batch", "gw-2", "dev-2", NOT_BEHIND.format("gw-2")),
    ("batch", "gw-1", "dev-3", NOT_BEHIND.format("gw-1")),
    ("batch", "gw-1", "dev-1", NOT_BEHIND.format("gw-1")),
    ("batch", "stranger", "dev-2", NOT_BEHIND.format("stranger")),
    ("batch", "dev-1", "dev-1", NOT_BEHIND.format("dev-1")),
    ("batch", "dev-4", "dev-2", NOT_BEHIND.format("dev-4")),
    # unknown; a gateway is no device
    ("telemetry", "stranger", "stranger", "unknown device"),
    ("telemetry", "gw-1", "gw-1", "unknown device"),
    ("batch", "gw-1", "stranger", "unknown device"),
    ("batch", "gw-1", "gw-1", "unknown device"),
    ("event", "stranger", "stranger", "unknown device"),
    ("event", "gw-1", "gw-1", "unknown device"),
    # ids are compared letter by letter
    ("telemetry", "DEV-1", "dev-1", NOT_PUBLISHER.format("dev-1", "DEV-1")),
    ("batch", "GW-1", "dev-2", NOT_BEHIND.format("GW-1")),
])  # fmt: skip
@pytest.mark.parametrize("in_array", [False, True])
def test_who_may_speak_for_whom(
    kind: str, principal: str, device_id: str, reason: str, *, in_array: bool
) -> None:
    element = reading(device_id=device_id) if kind != "event" else json.loads(event(device_id=device_id))
    payload = json.dumps([element] if in_array and kind != "event" else element).encode()

    commit = take(f"dt/ac/{principal}/{kind}", payload)

    accepted = [each.device_id for each in commit.readings] + [each.device_id for each in commit.events]
    assert accepted == ([] if reason else [device_id])
    refused = [(letter.reason, letter.principal) for letter in commit.dead_letters]
    assert refused == ([(reason, principal)] if reason else [])


def test_a_dead_letter_keeps_its_place_in_the_array_behind_other_faults(
    make_telemetry: MakeTelemetry,
) -> None:
    elements: list[object] = ["bad", reading(), 7, None, reading(device_id="dev-2"), "bad", reading()]

    commit = take("dt/ac/dev-1/telemetry", json.dumps(elements).encode())

    assert len(commit.readings) == 2
    assert {letter.index for letter in commit.dead_letters} == {0, 2, 3, 4, 5}
    (stranger,) = [letter for letter in commit.dead_letters if "publisher" in letter.reason]
    assert stranger.index == 4


def test_seq_must_fit_a_64_bit_column(make_telemetry: MakeTelemetry) -> None:
    largest = json.dumps(reading(seq=2**63 - 1)).encode()
    larger = json.dumps(reading(seq=2**63)).encode()

    assert len(take("dt/ac/dev-1/telemetry", largest).readings) == 1
    assert only_letter(take("dt/ac/dev-1/telemetry", larger)).reason.startswith("seq")


@pytest.mark.parametrize(("device_id", "kept"), [("dev-1", None), ("dev-2", True)])
def test_motion_is_kept_only_with_consent(
    make_telemetry: MakeTelemetry, device_id: str, *, kept: bool | None
) -> None:
    sent = make_telemetry(device_id=device_id, motion=True)

    (taken,) = take(f"dt/ac/{device_id}/telemetry", write_telemetry([sent])).readings

    assert taken == sent.model_copy(update={"motion": kept})


@pytest.mark.parametrize("payload", [
    reading(motion=True, device_id="stranger"),
    reading(motion=True, setpoint_c=99),
    [reading(motion=True)] * 501,
])  # fmt: skip
def test_dead_letters_hold_no_motion(payload: object) -> None:
    letter = only_letter(take("dt/ac/dev-1/telemetry", json.dumps(payload).encode()))

    assert b"motion" not in letter.element
    assert b"indoor_dry_bulb_c" in letter.element


def test_the_same_fault_has_the_same_letter_id_and_another_fault_another() -> None:
    first, repeat, other = (
        only_letter(take("dt/ac/dev-1/telemetry", payload)) for payload in (b"x", b"x", b"y")
    )

    assert first.letter_id == repeat.letter_id
    assert first.letter_id != other.letter_id


def test_takes_an_event_of_the_publisher() -> None:
    (taken,) = take("dt/ac/dev-1/event", event(detail={"code": "E4"})).events

    assert (taken.device_id, taken.event_id, taken.kind, taken.detail) == (
        "dev-1",
        "e1",
        "boot",
        {"code": "E4"},
    )


@pytest.mark.parametrize(("payload", "reason"), [
    (event(kind="party"), "kind"),
    (event(device_id="dev-2"), "not the publisher"),
    (event(event_id=""), "event_id"),
    (event(detail={"text": "x" * 131_072}), "at most 131072"),
    (b"{", "JSON"),
])  # fmt: skip
def test_a_bad_event_is_a_dead_letter(payload: bytes, reason: str) -> None:
    assert reason in only_letter(take("dt/ac/dev-1/event", payload)).reason


def test_keeps_the_order_of_arrival_over_messages(make_telemetry: MakeTelemetry) -> None:
    sent = [make_telemetry(setpoint_c=float(20 + number)) for number in range(4)]
    messages = [InboundMessage("dt/ac/dev-1/telemetry", write_telemetry([each])) for each in sent]

    assert ingest(messages, REGISTERED, NOW).readings == sent


def test_of_a_deleted_device_nothing_is_kept_but_that_it_speaks() -> None:
    known = MemoryRegistrations({"dev-2": REGISTERED.devices["dev-2"]}, {"dev-1", "dev-4"})
    good, bad = json.dumps(reading()).encode(), json.dumps(reading(mode="cosy", setpoint_c=21.5)).encode()
    batch = json.dumps([reading(device_id="dev-4"), reading(device_id="dev-4", mode="cosy")]).encode()
    messages = [
        *(InboundMessage("dt/ac/dev-1/telemetry", payload) for payload in (good, bad, b"21.5 {")),
        InboundMessage("dt/ac/dev-1/event", event()),
        InboundMessage("dt/ac/gw-1/batch", batch),
        InboundMessage("dt/ac/dev-9/telemetry", json.dumps(reading(device_id="dev-9")).encode()),
    ]

    commit = ingest(messages, known, NOW)

    assert list(commit.readings) == []
    assert commit.events == []
    of_deleted = [letter for letter in commit.dead_letters if letter.topic != "dt/ac/dev-9/telemetry"]
    assert len(of_deleted) == 6
    assert {(letter.element, letter.index) for letter in of_deleted} == {(b"", None)}
    assert len({letter.letter_id for letter in of_deleted}) == 3  # one a topic, and a count
    assert json.loads(commit.dead_letters[-1].element)["setpoint_c"] == 24  # may be registered late


def test_what_is_found_and_not_let_in_yet_is_refused_once_and_nothing_of_it_is_kept() -> None:
    """However much it says, and by whichever way; what came with it is taken."""
    batch = [reading(device_id=name) for name in ("found", "dev-4", "found")]
    messages = [
        InboundMessage("dt/ac/gw-1/batch", json.dumps(batch).encode()),
        InboundMessage("dt/ac/gw-1/batch", json.dumps([reading(device_id="found", seq=2)]).encode()),
        InboundMessage("dt/ac/found/event", event(device_id="found")),
    ]

    commit = ingest(messages, REGISTERED, NOW)

    assert [each.device_id for each in commit.readings] == ["dev-4"]
    assert commit.events == []
    letters = {letter.letter_id: letter for letter in commit.dead_letters}
    assert {letter.topic for letter in letters.values()} == {"dt/ac/gw-1/batch", "dt/ac/found/event"}
    assert len(letters) == 2
    assert {(letter.reason, letter.element) for letter in letters.values()} == {(NOT_LET_IN, b"")}
