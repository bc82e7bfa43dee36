import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cloud.hours import HourlyHistory
from edge.contract import Telemetry, read_telemetry, write_telemetry

START = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.bench
def test_observing_a_reading_against_parsing_it(make_telemetry: Callable[..., Telemetry]) -> None:
    readings = [make_telemetry(sampled_at=START + timedelta(minutes=5 * n), seq=n) for n in range(10 * 288)]
    payloads = [write_telemetry([reading]) for reading in readings]

    def parse() -> None:
        for payload in payloads:
            read_telemetry(payload)

    def observe() -> None:
        history = HourlyHistory(0.0)
        for reading in readings:
            history.observe(reading)

    ratio = _seconds(observe) / _seconds(parse)
    print(f"observing a reading costs {ratio:.2f} times what parsing it costs")
    assert ratio > 0


def _seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
