"""What `ReadingLog`, `Readings` and `SealableLog` promise, asked of every adapter."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.ports.telemetry import DeadLetter, IngestCommit, LoggedReading
from edge.contract import Event
from tests.contract.cloud.any_log import MINUTE, NOON, AnyLog, MakeTelemetry, catch_up, commit, letter, logged


def test_an_empty_log_has_nothing(log: AnyLog) -> None:
    assert log.head() == 0
    assert log.sealed() == 0
    assert log.read_after(0) == []
    assert log.latest("dev-1") is None
    assert log.letters() == []
    assert log.count() == 0


def test_keeps_the_order_of_arrival(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    late, early = make_telemetry(sampled_at=NOON), make_telemetry(sampled_at=NOON - MINUTE)

    position = commit(log, late, early)

    assert logged(log) == [late, early]
    assert position == log.head() == log.read_after(0)[-1].position


def test_gives_back_every_field_as_it_came(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    whole = make_telemetry(
        sampled_at=NOON + timedelta(milliseconds=123),
        interval_s=60.5,
        seq=2**63 - 1,
        fan="low",
        indoor_rh_pct=0.1 + 0.2,
        outdoor_dry_bulb_c=-60.0,
        electric_power_w=812.25,
        energy_total_kwh=1e15 + 0.5,
        compressor_ratio=1 / 3,
        motion=False,
        changed_by="advisor",
        advice_id="a\u0000ü'",
    )
    bare = make_telemetry(device_id="dev-2", mode="off", setpoint_c=None, indoor_dry_bulb_c=None)

    commit(log, whole, bare)

    assert logged(log) == [whole, bare]
    assert log.latest("dev-1") == whole
    assert log.latest("dev-2") == bare


@pytest.mark.parametrize("year", [1, 1969, 9999])
def test_keeps_any_instant_of_the_calendar(log: AnyLog, make_telemetry: MakeTelemetry, year: int) -> None:
    odd = make_telemetry(sampled_at=datetime(year, 6, 1, 0, 0, 0, 999_000, tzinfo=UTC))

    commit(log, odd)

    assert logged(log) == [odd]


def test_skips_a_repeat_with_the_same_content(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    first, second = make_telemetry(), make_telemetry(sampled_at=NOON + MINUTE)
    head = commit(log, first, second, second)

    again = commit(log, first, second)

    assert again == head
    assert logged(log) == [first, second]


def test_logs_another_content_of_the_same_key_and_the_last_arrival_wins(
    log: AnyLog, make_telemetry: MakeTelemetry
) -> None:
    first, corrected = make_telemetry(setpoint_c=24.0), make_telemetry(setpoint_c=25.0)
    commit(log, first)

    commit(log, corrected)
    commit(log, first)  # a delayed repeat is no arrival

    assert logged(log) == [first, corrected]
    assert log.latest("dev-1") == corrected
    assert log.between("dev-1", NOON, NOON + MINUTE) == [corrected]


def test_null_and_a_value_are_different_contents(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    commit(log, make_telemetry(motion=None))
    commit(log, make_telemetry(motion=False))

    assert len(logged(log)) == 2


def test_reads_on_from_any_position(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    sent = [make_telemetry(sampled_at=NOON + number * MINUTE) for number in range(7)]
    commit(log, *sent)

    first = log.read_after(0, 3)
    rest = log.read_after(first[-1].position, 100)

    assert [each.reading for each in first + rest] == sent
    positions = [each.position for each in first + rest]
    assert positions == sorted(set(positions))


def test_latest_is_the_newest_by_time_not_by_arrival(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    newest = make_telemetry(sampled_at=NOON)
    commit(log, newest)
    commit(log, make_telemetry(sampled_at=NOON - MINUTE))

    assert log.latest("dev-1") == newest


def test_between_is_half_open_ascending_and_of_one_device(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    at = [make_telemetry(sampled_at=NOON + number * MINUTE) for number in range(4)]
    commit(log, *reversed(at), make_telemetry(device_id="dev-2"))

    assert log.between("dev-1", NOON + MINUTE, NOON + 3 * MINUTE) == at[1:3]
    just_after = NOON + MINUTE + timedelta(microseconds=1)
    assert log.between("dev-1", just_after, NOON + 3 * MINUTE) == at[2:3]
    assert log.between("dev-1", NOON, just_after) == at[:2]


def test_a_commit_of_events_alone_moves_no_position(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    head = commit(log, make_telemetry())
    event = Event(device_id="dev-1", event_id="e1", occurred_at=NOON, kind="boot")

    assert log.commit(IngestCommit(events=[event, event], received_at=NOON)) == head
    assert log.commit(IngestCommit(events=[event], received_at=NOON)) == head


def test_sealed_never_goes_back(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    commit(log, make_telemetry(), make_telemetry(sampled_at=NOON + MINUTE))

    log.record_sealed(2)
    log.record_sealed(1)

    assert log.sealed() == 2


@pytest.mark.parametrize("is_quiet", [True, False])
def test_prunes_what_is_sealed_and_old_for_its_device(
    log: AnyLog, make_telemetry: MakeTelemetry, *, is_quiet: bool
) -> None:
    days = [make_telemetry(sampled_at=NOON + timedelta(days=number)) for number in range(10)]
    old_device = make_telemetry(device_id="dev-2", sampled_at=NOON)
    commit(log, old_device, *days)
    log.record_sealed(11)
    if is_quiet:
        catch_up(log)

    assert log.prune(11, timedelta(days=7)) == 2

    assert logged(log) == [old_device, *days[2:]]
    assert log.latest("dev-2") == old_device


@pytest.mark.parametrize(("sealed", "up_to"), [(1, 10), (10, 1)])
def test_prunes_nothing_beyond_sealed_or_asked(
    log: AnyLog, make_telemetry: MakeTelemetry, sealed: int, up_to: int
) -> None:
    commit(log, *(make_telemetry(sampled_at=NOON + timedelta(days=number)) for number in range(10)))
    log.record_sealed(sealed)
    catch_up(log)

    assert log.prune(up_to, timedelta(days=1)) == 1


def test_positions_are_never_given_twice(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    commit(log, make_telemetry(sampled_at=NOON + timedelta(days=9)))
    head = commit(log, make_telemetry(sampled_at=NOON))
    log.record_sealed(head)
    catch_up(log)
    assert log.prune(head, timedelta(days=1)) == 1

    assert log.head() == head
    assert commit(log, make_telemetry(sampled_at=NOON + MINUTE)) == head + 1


def test_continues_after_a_position_that_was_used_elsewhere(
    log: AnyLog, make_telemetry: MakeTelemetry
) -> None:
    log.continue_after(500)

    assert log.head() == log.sealed() == 500
    assert commit(log, make_telemetry()) == 501


def test_forgets_what_a_device_said_and_what_was_said_about_it(
    log: AnyLog, make_telemetry: MakeTelemetry
) -> None:
    events = [
        Event(device_id=name, event_id="e", occurred_at=NOON, kind="boot", detail={})
        for name in ("dev-1", "dev-10")
    ]
    about = DeadLetter("about", NOON, "dt/ac/gw/batch", "gw", "unknown", 0, b'{"device_id":"dev-1"}')
    other = DeadLetter("other", NOON, "dt/ac/gw/batch", "gw", "unknown", 0, b'{"device_id":"dev-10"}')
    log.commit(
        IngestCommit(
            [make_telemetry(), make_telemetry(device_id="dev-10")], events, [letter("own"), about, other]
        )
    )
    later = make_telemetry(sampled_at=NOON + MINUTE)
    commit(log, later)

    assert log.forget(["dev-1"], up_to=2) == 1
    assert logged(log) == [make_telemetry(device_id="dev-10"), later]
    assert log.letters() == [other]
    assert log.latest("dev-1") == later

    assert log.forget(["dev-1"], up_to=3) == 1
    assert log.forget(["dev-1"], up_to=3) == 0
    assert log.latest("dev-1") is None
    assert log.latest("dev-10") is not None
    assert log.head() == 3
    assert [each.position for each in log.read_run(0, 3, 5)] == [2]  # what is left keeps its place


def test_a_run_has_motion_as_it_was_sent(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    seen: list[bool | None] = [True, False, None]
    commit(log, *(make_telemetry(sampled_at=NOON + n * MINUTE, motion=m) for n, m in enumerate(seen)))

    run = log.read_run(0, 3, 5)

    assert [each.reading.motion for each in run] == seen


def test_a_run_goes_on_after_a_gap_that_is_longer_than_itself(
    log: AnyLog, make_telemetry: MakeTelemetry
) -> None:
    """An empty run means to the sealer that all is sealed: what follows would never reach the lake."""
    forgotten = [make_telemetry(device_id="gone", sampled_at=NOON + n * MINUTE) for n in range(5)]
    commit(log, *forgotten, make_telemetry())
    log.forget(["gone"], up_to=5)

    assert [each.position for each in log.read_run(0, 6, 2)] == [6]


def test_reads_any_run_of_what_is_logged(log: AnyLog, make_telemetry: MakeTelemetry) -> None:
    sent = [make_telemetry(sampled_at=NOON + number * MINUTE) for number in range(10)]
    commit(log, *sent)

    run = log.read_run(2, 9, 5)

    assert [(each.position, each.reading) for each in run] == list(zip(range(3, 8), sent[2:7], strict=True))
    assert list(log.read_run(8, 9, 5)) == [LoggedReading(9, sent[8])]
    assert list(log.read_run(10, 10, 5)) == []


def test_events_of_a_device_and_kind_come_ascending_from_a_moment_on(log: AnyLog) -> None:
    def event(name: str, minutes: int, **fields: Any) -> Event:  # noqa: ANN401 (fields of any type)
        good = {
            "device_id": "dev-1",
            "event_id": name,
            "occurred_at": NOON + minutes * MINUTE,
            "kind": "fault",
        }
        return Event.model_validate(good | fields)

    late, early = event("late", 2, detail={"code": "E4"}), event("early", 0)
    others = [event("before", -1), event("boot", 1, kind="boot"), event("theirs", 1, device_id="dev-2")]
    log.commit(IngestCommit(events=[late, *others, early], received_at=NOON))

    assert log.events_of("dev-1", "fault", NOON) == [early, late]
