import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edge.adapters.memory import MemorySpool
from edge.clocks import TelemetryClock
from edge.contract import MAX_PAYLOAD_BYTES, Telemetry, read_telemetry, write_telemetry
from edge.errors import SpoolFullError
from edge.ports import Message
from edge.registry import Registration

if TYPE_CHECKING:
    from tests.unit.edge.conftest import Site

MakeTelemetry = Callable[..., Telemetry]

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def _telemetry(*readings: Telemetry, owner: str = "dev-1") -> Message:
    return Message(f"dt/ac/{owner}/telemetry", write_telemetry(readings))


def _event(owner: str = "dev-1", **changes: object) -> Message:
    fields = {"device_id": "dev-1", "event_id": "e1", "occurred_at": "2026-07-01T12:00:00Z", "kind": "boot"}
    return Message(f"dt/ac/{owner}/event", json.dumps(fields | changes).encode())


def _spooled(site: "Site") -> list[Telemetry]:
    readings, refusals = read_telemetry(
        b"[" + b",".join(entry.body for entry in site.entries("readings")) + b"]"
    )
    assert refusals == []
    return readings


def test_a_reading_is_spooled_as_it_was_sent(site: "Site", make_telemetry: MakeTelemetry) -> None:
    reading = make_telemetry(
        seq=7,
        fan="low",
        indoor_rh_pct=51.5,
        outdoor_dry_bulb_c=33.1,
        electric_power_w=812.25,
        energy_total_kwh=1234.5,
        compressor_ratio=0.5,
        changed_by="remote",
        advice_id="a-1",
        interval_s=900,
    )

    site.gateway.receive([_telemetry(reading)])

    assert _spooled(site) == [reading]


def test_a_sensor_without_a_value_stays_without_one(site: "Site", make_telemetry: MakeTelemetry) -> None:
    reading = make_telemetry(indoor_dry_bulb_c=None)

    site.gateway.receive([_telemetry(reading)])

    assert _spooled(site) == [reading]


def test_a_device_that_speaks_for_another_is_a_dead_letter(
    site: "Site", make_telemetry: MakeTelemetry
) -> None:
    own, foreign = make_telemetry(), make_telemetry(device_id="dev-2")

    site.gateway.receive([_telemetry(own, foreign)])

    assert _spooled(site) == [own]
    (letter,) = site.spool.letters()
    assert (letter.principal, letter.index) == ("dev-1", 1)
    assert letter.topic == "dt/ac/dev-1/telemetry"
    assert letter.reason == "device_id: dev-2 in a message of dev-1"
    assert read_telemetry(letter.element)[0] == [foreign]


def test_indices_of_dead_letters_count_every_element(site: "Site", make_telemetry: MakeTelemetry) -> None:
    good = json.loads(make_telemetry().model_dump_json())
    elements = [good | {"setpoint_c": 99}, good, good | {"device_id": "dev-2"}]

    site.gateway.receive([Message("dt/ac/dev-1/telemetry", json.dumps(elements).encode())])

    assert sorted(letter.index or 0 for letter in site.spool.letters()) == [0, 2]
    assert len(_spooled(site)) == 1


def test_an_unregistered_device_is_a_dead_letter(site: "Site", make_telemetry: MakeTelemetry) -> None:
    stranger = _telemetry(make_telemetry(device_id="dev-9"), owner="dev-9")

    site.gateway.receive([stranger])

    (letter,) = site.spool.letters()
    assert letter.reason == "dev-9 is not registered behind this gateway"
    assert letter.element == stranger.payload
    assert site.spool.standing().readings == 0


@pytest.mark.parametrize("purpose", ["telemetry", "event"])
@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"not JSON", b"{}", b"null", b"[1]", b"NaN"])
def test_what_is_no_message_is_a_dead_letter_with_a_reason(
    site: "Site", purpose: str, payload: bytes
) -> None:
    site.gateway.receive([Message(f"dt/ac/dev-1/{purpose}", payload)])

    (letter,) = site.spool.letters()
    assert letter.reason
    assert site.spool.peek(2**20) == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"state": 1}',
        b'{"state": {}}',
        b'{"state": {"reported": [1]}}',
        b'{"state": {"reported": {"setpoint_c": "24"}}}',
        b'{"state": {"desired": {"setpoint_c": 24}}}',
        b'{"state": {"reported": {"x": "' + b"a" * 9000 + b'"}}}',
    ],
)
def test_a_bad_shadow_update_is_a_dead_letter(site: "Site", payload: bytes) -> None:
    site.gateway.receive([Message("$aws/things/dev-1/shadow/update", payload)])

    assert len(site.spool.letters()) == 1
    assert site.spool.peek(2**20) == []


def test_the_same_fault_again_is_one_dead_letter(site: "Site") -> None:
    bad = Message("dt/ac/dev-1/telemetry", b"not JSON")

    site.gateway.receive([bad, bad])
    site.gateway.receive([bad])

    assert site.spool.standing().dead_letters == 1


def test_a_repeat_with_the_same_content_is_dropped(site: "Site", make_telemetry: MakeTelemetry) -> None:
    reading, next_one = make_telemetry(), make_telemetry(sampled_at=NOON + timedelta(minutes=5))

    site.gateway.receive([_telemetry(reading), _telemetry(reading)])
    site.gateway.receive([_telemetry(reading, next_one)])

    assert _spooled(site) == [reading, next_one]
    assert site.gateway.repeats_dropped == 2


def test_the_last_arrival_wins_even_if_it_was_there_before(
    site: "Site", make_telemetry: MakeTelemetry
) -> None:
    first, corrected = make_telemetry(), make_telemetry(indoor_dry_bulb_c=26)

    for reading in (first, corrected, first):
        site.gateway.receive([_telemetry(reading)])

    assert _spooled(site) == [first, corrected, first]


def test_a_refused_round_is_no_repeat_when_it_comes_again(
    site: "Site", make_telemetry: MakeTelemetry
) -> None:
    site.spool = MemorySpool(limit_bytes=10)
    site.restart()
    message = _telemetry(make_telemetry())
    with pytest.raises(SpoolFullError):
        site.gateway.receive([message])

    site.spool._limit_bytes = 10_000
    site.gateway.receive([message])

    assert len(_spooled(site)) == 1
    assert site.gateway.repeats_dropped == 0


def test_presence_stays_on_the_site_without_consent(site: "Site", make_telemetry: MakeTelemetry) -> None:
    site.registry["dev-2"] = Registration(device_id="dev-2", share_presence=True)

    for device_id in ("dev-1", "dev-2"):
        reading = make_telemetry(device_id=device_id, motion=True)
        site.gateway.receive([_telemetry(reading, owner=device_id)])

    assert [reading.motion for reading in _spooled(site)] == [None, True]
    assert b"motion" not in site.entries("readings")[0].body


def test_events_go_to_the_cloud_under_their_device(site: "Site") -> None:
    site.gateway.receive([_event(kind="fault", detail={"code": "E4"}), _event(owner="dev-2")])

    (entry,) = site.entries("event")
    assert json.loads(entry.body) == {
        "device_id": "dev-1",
        "event_id": "e1",
        "occurred_at": "2026-07-01T12:00:00Z",
        "kind": "fault",
        "detail": {"code": "E4"},
    }
    (letter,) = site.spool.letters()
    assert letter.reason == "device_id: dev-1 in a message of dev-2"


def test_an_event_is_forwarded_as_valid_json_or_not_at_all(site: "Site") -> None:
    payload = _event(detail={"x": 1}).payload.replace(b'{"x": 1}', b'{"x": NaN}')

    site.gateway.receive([Message("dt/ac/dev-1/event", payload)])

    for entry in site.entries("event"):
        json.loads(entry.body, parse_constant=pytest.fail)


def test_a_reading_too_long_to_be_packed_is_a_dead_letter(
    site: "Site", make_telemetry: MakeTelemetry
) -> None:
    bare = len(make_telemetry(advice_id="").model_dump_json(exclude_defaults=True))
    largest = make_telemetry(advice_id="a" * (MAX_PAYLOAD_BYTES - bare - 2))
    too_large = make_telemetry(advice_id="a" * (MAX_PAYLOAD_BYTES - bare - 1))

    for reading in (largest, too_large):
        site.gateway.receive(
            [Message("dt/ac/dev-1/telemetry", reading.model_dump_json(exclude_defaults=True).encode())]
        )

    assert _spooled(site) == [largest]
    assert len(site.spool.letters()) == 1


def test_readings_move_the_clock_of_their_device(site: "Site", make_telemetry: MakeTelemetry) -> None:
    site.clock = TelemetryClock()
    site.restart()

    late, early = NOON + timedelta(minutes=10), NOON
    site.gateway.receive([_telemetry(make_telemetry(sampled_at=late), make_telemetry(sampled_at=early))])

    assert site.clock.now("dev-1") == late


def test_what_a_device_says_after_it_was_taken_off_the_list_is_not_kept(
    site: "Site", make_telemetry: MakeTelemetry
) -> None:
    message = _telemetry(make_telemetry())
    registration = site.registry.pop("dev-1")
    site.gateway.follow_registry()

    site.gateway.receive([message])
    site.gateway.receive([_telemetry(make_telemetry(device_id="dev-9"), owner="dev-9")])

    stranger, deleted = site.spool.letters()
    assert (deleted.principal, deleted.element) == ("dev-1", b"")
    assert b"dev-9" in stranger.element
    site.registry["dev-1"] = registration
    site.gateway.follow_registry()
    assert site.gateway.receive([message]) == 1
