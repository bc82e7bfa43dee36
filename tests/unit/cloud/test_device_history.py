from datetime import UTC, datetime, timedelta

from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.device_history import WholeHistory
from cloud.ports.telemetry import IngestCommit, LoggedReading
from edge.contract import Telemetry

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reading(at: datetime, setpoint_c: float = 24.0) -> Telemetry:
    return Telemetry(
        device_id="dev-1", sampled_at=at, mode="cool", setpoint_c=setpoint_c, indoor_dry_bulb_c=24.5
    )


def history(in_lake: list[Telemetry], in_log: list[Telemetry]) -> WholeHistory:
    log, lake = MemoryReadingLog(), MemoryLake()
    if in_lake:
        lake.write(1, [LoggedReading(place + 1, each) for place, each in enumerate(in_lake)])
    log.commit(IngestCommit(in_log))
    return WholeHistory(log, lake)


def test_a_log_that_was_cut_is_completed_from_the_lake() -> None:
    every = [reading(NOON + timedelta(minutes=5 * step)) for step in range(12)]

    found = history(every, every[8:]).readings("dev-1", NOON, NOON + HOUR, 100)

    assert found == every


def test_where_both_have_an_instant_the_log_came_last() -> None:
    old, corrected = reading(NOON, 24.0), reading(NOON, 26.0)
    before, newest = reading(NOON - timedelta(days=1)), reading(NOON + timedelta(days=6))

    told = history([before, old], [corrected, newest])

    span = (NOON - timedelta(days=2), NOON + HOUR)
    assert told.readings("dev-1", *span, 100) == [before, corrected]


def test_a_long_span_is_read_in_pieces_and_has_every_step_once() -> None:
    days = [reading(NOON + timedelta(days=day)) for day in range(-30, 1)]
    edges = [NOON + timedelta(days=day) for day in range(-31, 1)]

    found = history(days, days[-7:]).steps("dev-1", edges)

    assert [step.end for step in found] == edges[1:]
    assert history(days, days[-7:]).readings("dev-1", edges[0], NOON, 25) == days[:25]


def test_another_devices_readings_are_not_among_them() -> None:
    theirs = reading(NOON).model_copy(update={"device_id": "dev-2"})

    assert history([theirs], [theirs]).readings("dev-1", NOON - 30 * 24 * HOUR, NOON + HOUR, 100) == []
