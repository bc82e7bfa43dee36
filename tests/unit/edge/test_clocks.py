from datetime import UTC, datetime, timedelta

from edge.clocks import EPOCH, MAX_LAG, TelemetryClock, WallClock

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_the_wall_clock_is_utc_and_knows_no_device() -> None:
    clock = WallClock()
    clock.observe("dev-1", NOON)

    assert abs(clock.now("dev-1") - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_devices_time_is_its_newest_reading() -> None:
    clock = TelemetryClock()
    clock.observe("dev-1", NOON)
    clock.observe("dev-1", NOON - timedelta(hours=1))
    clock.observe("dev-2", NOON + timedelta(hours=1))

    assert clock.now("dev-1") == NOON
    assert clock.now("dev-2") == NOON + timedelta(hours=1)


def test_a_silent_device_has_the_time_of_the_others() -> None:
    clock = TelemetryClock()
    assert clock.now("dev-1") == EPOCH

    clock.observe("dev-2", NOON)

    assert clock.now("dev-1") == NOON


def test_the_lag_is_the_time_between_two_readings_but_no_outage() -> None:
    clock = TelemetryClock()
    clock.observe("dev-1", NOON)
    assert clock.lag("dev-1") == MAX_LAG

    clock.observe("dev-1", NOON + timedelta(minutes=5))
    assert clock.lag("dev-1") == timedelta(minutes=5)

    clock.observe("dev-1", NOON + timedelta(days=5))
    assert clock.lag("dev-1") == MAX_LAG
