import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from device_sim.recordings.errors import DeviceNameError, TimezoneNeededError, UnknownFormatError
from device_sim.recordings.reading import RecordedReading, stamp
from edge.contract import MAX_PAYLOAD_BYTES, read_telemetry
from infra.local.replay import Recording, ReplayCounts, load, replay

START = datetime(2025, 7, 1, tzinfo=UTC)


def reading(device_id: str, minute: int, **extra: object) -> RecordedReading:
    at = START + timedelta(minutes=minute)
    payload = {
        "device_id": device_id,
        "sampled_at": stamp(at),
        "mode": "off",
        "indoor_dry_bulb_c": 25.0,
        **extra,
    }
    return RecordedReading(device_id, at, payload)


def recording(*readings: RecordedReading) -> Recording:
    ordered = sorted(readings, key=lambda each: each.sampled_at)
    return Recording(tuple(ordered), tuple(sorted({each.device_id for each in ordered})))


def sent(source: Recording) -> tuple[list[tuple[str, bytes]], ReplayCounts]:
    messages: list[tuple[str, bytes]] = []
    counts = replay(source, lambda device_id, payload: messages.append((device_id, payload)))
    return messages, counts


def test_every_row_is_sent_once_under_its_device_and_in_time_order() -> None:
    source = recording(*(reading(name, minute) for minute in range(3 * 1440) for name in ("a", "b")))

    messages, counts = sent(source)

    assert counts == ReplayCounts(rows=2 * 3 * 1440, repeated_rows=0, messages=2 * 3 * 3, devices=2)
    for name in ("a", "b"):
        received = [
            r for device_id, payload in messages if device_id == name for r in read_telemetry(payload)[0]
        ]
        assert [r.sampled_at for r in received] == [
            r.sampled_at for r in source.readings if r.device_id == name
        ]
        assert {r.device_id for r in received} == {name}


def test_a_message_holds_at_most_500_readings() -> None:
    messages, counts = sent(recording(*(reading("a", minute) for minute in range(1001))))

    assert [len(json.loads(payload)) for _, payload in messages] == [500, 500, 1]
    assert counts.messages == 3


def test_a_message_holds_at_most_128_kb() -> None:
    long = [reading("a", minute, advice_id="x" * 10_000) for minute in range(40)]

    messages, _ = sent(recording(*long))

    assert max(len(payload) for _, payload in messages) <= MAX_PAYLOAD_BYTES
    assert sum(len(read_telemetry(payload)[0]) for _, payload in messages) == 40
    assert len(messages) == 4  # 12 of 10 kB fit, not 13


def test_the_last_byte_of_a_message_is_used() -> None:
    empty = len(json.dumps(reading("a", 0, advice_id="").payload, separators=(",", ":")))
    half = (MAX_PAYLOAD_BYTES - 3) // 2  # two brackets and a comma
    fits = [
        reading("a", 0, advice_id="x" * (half - empty)),
        reading("a", 1, advice_id="x" * (half - empty + 1)),
    ]
    too_long = [*fits[:1], reading("a", 1, advice_id="x" * (half - empty + 2))]

    assert [len(payload) for _, payload in sent(recording(*fits))[0]] == [MAX_PAYLOAD_BYTES]
    assert len(sent(recording(*too_long))[0]) == 2


def test_no_device_runs_more_than_a_day_ahead_of_another() -> None:
    slow = [reading("slow", minute) for minute in range(0, 5 * 1440, 360)]
    fast = [reading("fast", minute) for minute in range(5 * 1440)]

    latest = START
    for _, payload in sent(recording(*slow, *fast))[0]:
        received, _ = read_telemetry(payload)
        assert received[0].sampled_at > latest - timedelta(days=1)
        latest = max(latest, received[-1].sampled_at)


def test_progress_is_told_after_each_message() -> None:
    told: list[tuple[int, int]] = []

    replay(
        recording(*(reading("a", minute) for minute in range(700))),
        lambda *_: None,
        lambda *at: told.append(at),
    )

    assert told == [(500, 700), (700, 700)]


def test_rows_with_the_key_of_another_are_sent_and_counted() -> None:
    messages, counts = sent(recording(reading("a", 0), reading("a", 0), reading("b", 0)))

    assert counts.rows == 3
    assert counts.repeated_rows == 1
    assert sum(len(json.loads(payload)) for _, payload in messages) == 3


def test_a_bad_row_travels_and_is_refused_alone() -> None:
    messages, counts = sent(recording(reading("a", 0), reading("a", 1, mode="x"), reading("a", 2)))

    accepted, refused = read_telemetry(messages[0][1])
    assert counts.rows == 3
    assert len(accepted) == 2
    assert [refusal.index for refusal in refused] == [1]


def test_an_empty_recording_sends_nothing() -> None:
    assert sent(recording()) == ([], ReplayCounts(0, 0, 0, 0))


@pytest.fixture
def house(tmp_path: Path) -> Callable[[str], Path]:
    def write(device_id: str) -> Path:
        header = "device_id,ts,t_in_c,t_out_c,t_set_c,hvac_mode\n"
        (tmp_path / "a.csv").write_text(f"{header}{device_id},2025-11-16 00:13:00+00:00,20,10,,0\n")
        return tmp_path

    return write


def test_a_folder_is_loaded_with_the_names_of_its_devices(house: Callable[[str], Path]) -> None:
    loaded = load(house("house-1"), "home-assistant", None)

    assert loaded.devices == ("house-1",)
    assert len(loaded.readings) == 1


def test_a_timezone_that_is_not_needed_is_said_to_be_ignored(house: Callable[[str], Path]) -> None:
    with capture_logs() as logs:
        loaded = load(house("house-1"), "home-assistant", ZoneInfo("Asia/Tokyo"))

    assert loaded.readings[0].sampled_at == datetime(2025, 11, 16, 0, 13, tzinfo=UTC)
    assert [entry["event"] for entry in logs] == ["timezone_ignored"]


@pytest.mark.parametrize("device_id", ["", "house 1", "house/1"])
def test_a_device_that_no_broker_can_know_is_said_so(device_id: str, house: Callable[[str], Path]) -> None:
    with pytest.raises(DeviceNameError, match="is no device id"):
        load(house(device_id), "home-assistant", None)


def test_an_unknown_format_and_a_missing_timezone_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match="ecobee, hilft, home-assistant"):
        load(tmp_path, "nest", None)
    with pytest.raises(TimezoneNeededError):
        load(tmp_path, "ecobee", None)
