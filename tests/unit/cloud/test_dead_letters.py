import json
from datetime import UTC, datetime, timedelta

import pytest

from cloud.adapters.memory_telemetry import MemoryReadingLog, MemoryRegistrations
from cloud.dead_letters import judge, replay
from cloud.errors import AlreadyReplayedError, UnavailableError
from cloud.ingest import ingest
from cloud.letter_fixes import meaning_of
from cloud.ports.ingest import InboundMessage, Registration
from cloud.ports.telemetry import DeadLetter, IngestCommit
from edge.contract import Telemetry

NOW = datetime(2025, 7, 1, 12, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
KNOWN = MemoryRegistrations({"dev-1": Registration(gateway_id="gw-1", share_presence=True)}, {"dev-8"})
NOBODY = MemoryRegistrations()


def reading(**changes: object) -> dict[str, object]:
    good = {
        "device_id": "dev-1",
        "sampled_at": "2025-07-01T12:00:00Z",
        "mode": "off",
        "indoor_dry_bulb_c": 25.5,
    }
    return good | changes  # fmt: skip


def refused(topic: str, payload: object, registrations: MemoryRegistrations = NOBODY) -> MemoryReadingLog:
    """A log into which one message went, which was refused."""
    log = MemoryReadingLog()
    message = InboundMessage(topic, payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    log.commit(ingest([message], registrations, NOW))
    assert log.head() == 0
    return log


@pytest.mark.parametrize("topic", ["dt/ac/dev-1/telemetry", "dt/ac/gw-1/batch"])
def test_a_letter_of_a_device_that_is_registered_meanwhile_is_accepted_once(topic: str) -> None:
    log = refused(topic, [reading(motion=True)])
    (letter,) = log.letters()

    assert judge(letter, log, KNOWN, LATER).accepted
    assert log.head() == 0
    verdict = replay(letter, log, KNOWN, LATER)

    assert (verdict.accepted, verdict.readings) == (True, 1)
    (logged,) = log.readings
    assert logged.reading == Telemetry.model_validate_json(json.dumps(reading()))  # without motion
    assert log.letters()[0].replayed_at == LATER
    with pytest.raises(AlreadyReplayedError):
        replay(letter, log, KNOWN, LATER)
    assert len(log.readings) == 1


def test_a_letter_that_is_still_refused_stays_with_its_new_reason() -> None:
    log = refused("dt/ac/gw-2/batch", [reading()])
    (letter,) = log.letters()

    verdict = replay(letter, log, KNOWN, LATER)

    assert not verdict.accepted
    (stays,) = log.letters()
    assert (letter.reason, stays.reason) == ("unknown device", "not registered behind gateway 'gw-2'")
    assert (stays.replayed_at, stays.times) == (None, 1)


def test_a_reading_that_was_sent_again_meanwhile_is_not_overwritten_by_its_letter() -> None:
    log = refused("dt/ac/dev-1/telemetry", reading(indoor_dry_bulb_c=20.0))
    newer = Telemetry.model_validate_json(json.dumps(reading(indoor_dry_bulb_c=21.0)))
    log.commit(IngestCommit([newer], received_at=NOW))

    verdict = replay(log.letters()[0], log, KNOWN, LATER)

    assert (verdict.readings, verdict.superseded) == (0, 1)
    assert [logged.reading for logged in log.readings] == [newer]
    assert log.letters()[0].replayed_at == LATER


def test_of_a_whole_message_the_parts_that_are_refused_are_letters_of_their_own() -> None:
    whole = json.dumps([reading(), reading(mode="cosy")]).encode()
    log = MemoryReadingLog()
    letter = DeadLetter("whole", NOW, "dt/ac/dev-1/telemetry", "dev-1", "2 readings, at most 1", None, whole)
    log.commit(IngestCommit(dead_letters=[letter]))

    verdict = replay(letter, log, KNOWN, LATER)

    assert (verdict.readings, verdict.parts_refused) == (1, 1)
    assert {each.index: each.replayed_at for each in log.letters()} == {None: LATER, 1: None}


def test_an_event_comes_back_too() -> None:
    event = {"device_id": "dev-1", "event_id": "e", "occurred_at": "2025-07-01T12:00:00Z", "kind": "boot"}
    log = refused("dt/ac/dev-1/event", event)

    assert replay(log.letters()[0], log, KNOWN, LATER).events == 1
    assert set(log.events) == {("dev-1", "e")}


def test_while_registrations_cannot_be_read_nothing_changes() -> None:
    class Away(MemoryRegistrations):
        def find(self, device_id: str) -> Registration | None:
            raise UnavailableError(device_id)

    log = refused("dt/ac/dev-1/telemetry", reading())
    before = log.letters()

    with pytest.raises(UnavailableError):
        replay(before[0], log, Away(), LATER)

    assert log.letters() == before


@pytest.mark.parametrize(("topic", "payload", "contract", "fix"), [
    ("dt/ac/dev-1/telemetry", reading(mode="cosy"), "'dry'", "repair the sender"),
    ("dt/ac/dev-1/telemetry", reading(outdoor_dry_bulb_c=95), "maximum 60, unit Cel", "repair the sender"),
    ("dt/ac/dev-1/telemetry", reading(mode="cool"), "`setpoint_c` is required", "repair the sender"),
    ("dt/ac/dev-1/telemetry", reading(seq=2**63), "64 bits", "count from 0"),
    ("dt/ac/dev-1/telemetry", b"{", "JSON", "repair the sender"),
    ("dt/ac/dev-1/telemetry", [reading()] * 501, "at most 500", "fewer readings"),
    ("dt/ac/dev-1/telemetry", b"x" * 131_073, "at most 131072", "fewer readings"),
    ("dt/ac/dev-2/telemetry", reading(), "own topics only", "a replay will not help"),
    ("dt/ac/gw-2/batch", [reading()], "behind it", "PUT /v1/gateways/gw-2/devices/dev-1"),
    ("dt/ac/dev-9/telemetry", reading(device_id="dev-9"), "registered", "devices add dev-9"),
    ("dt/ac/dev-8/telemetry", reading(device_id="dev-8"), "nothing to replay", "heard again from then on"),
    ("dt/ac/dev-1/event", b'{"kind":"party","device_id":"dev-1"}', "required", "repair the sender"),
    ("dt/ac/dev-1/telemetry", [7], "schema", "repair the sender"),
])  # fmt: skip
def test_each_reason_that_ingest_gives_is_explained(
    topic: str, payload: object, contract: str, fix: str
) -> None:
    (letter,) = refused(topic, payload, KNOWN).letters()

    device_id = payload[0]["device_id"] if isinstance(payload, list) and payload != [7] else ""
    meaning = meaning_of(letter, device_id)

    assert contract in meaning.contract
    assert fix in meaning.fix
