"""What only a service on the network can do wrong, and what it learns of us."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.adapters.background_weather import PAUSE_S, BackgroundForecast
from cloud.adapters.memory_weather import MemoryForecast
from cloud.adapters.open_meteo import ATTEMPTS, MAX_ANSWER_BYTES, SERVICE, OpenMeteoForecast
from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import WeatherForecast, WeatherHour

if TYPE_CHECKING:
    from tests.contract.cloud.conftest import StandIn

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
PHOENIX = (33.4483, -112.0741)

AS_DOCUMENTED = """{
  "latitude": 33.5, "longitude": -112.1, "generationtime_ms": 0.063, "utc_offset_seconds": 0,
  "timezone": "GMT", "timezone_abbreviation": "GMT", "elevation": 331.0,
  "hourly_units": {"time": "unixtime", "temperature_2m": "°C", "relative_humidity_2m": "%",
                   "shortwave_radiation": "W/m²"},
  "hourly": {
    "time": [1782907200, 1782910800, 1782914400, 1782918000, 1782921600],
    "temperature_2m": [31.0, 33.0, 34.0, null, 36.5],
    "relative_humidity_2m": [20, 18, null, 14, 12],
    "shortwave_radiation": [90.0, 280.0, 470.0, null, 800.0]
  }
}"""
"""An answer in the form of https://open-meteo.com/en/docs, from 2026-07-01 12:00 UTC on."""


def ask(
    stand_in: "StandIn", waited_s: list[float] | None = None, timeout_s: float = 5.0
) -> list[WeatherHour]:
    waits: list[float] = [] if waited_s is None else waited_s
    service = OpenMeteoForecast(stand_in.url, sleep=waits.append, now=lambda: NOON, timeout_s=timeout_s)
    return service.hours(*PHOENIX, NOON)


def answer(stand_in: "StandIn", *what: tuple[int, str]) -> None:
    stand_in.answer_in_turn(*(stand_in.make(status, body) for status, body in what))


def test_values_at_full_hours_and_of_the_hour_before_become_means_of_the_hour_that_begins(
    stand_in: "StandIn",
) -> None:
    answer(stand_in, (200, AS_DOCUMENTED))

    hours = ask(stand_in)

    assert hours == [
        WeatherHour(NOON, 32.0, 19.0, 280.0),
        WeatherHour(NOON + timedelta(hours=1), 33.5, None, 470.0),
    ]  # the next two have no temperature at one of their ends


def test_the_service_learns_the_cell_and_not_the_home(stand_in: "StandIn") -> None:
    answer(stand_in, (200, AS_DOCUMENTED))

    ask(stand_in)

    (question,) = stand_in.questions
    assert urlsplit(question).path == "/v1/forecast"
    assert parse_qs(urlsplit(question).query) == {
        "latitude": ["33.4"],
        "longitude": ["-112.1"],
        "hourly": ["temperature_2m,relative_humidity_2m,shortwave_radiation"],
        "timeformat": ["unixtime"],
        "timezone": ["GMT"],
        "forecast_days": ["4"],
    }
    assert SERVICE.startswith("https://")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_be_over_in_a_moment_is_asked_again_after_a_wait(stand_in: "StandIn", status: int) -> None:
    answer(stand_in, (status, "busy"), (status, ""), (200, AS_DOCUMENTED))
    waited_s: list[float] = []

    assert len(ask(stand_in, waited_s)) == 2

    assert len(stand_in.questions) == 3
    assert len(waited_s) == 2
    assert len(set(waited_s)) == 2  # jitter


def test_a_broken_answer_is_asked_for_again(stand_in: "StandIn") -> None:
    stand_in.answer_in_turn(
        stand_in.make(200, AS_DOCUMENTED[:200], claimed_length=400), stand_in.make(200, AS_DOCUMENTED)
    )

    assert len(ask(stand_in)) == 2


def test_it_is_given_up_after_some_attempts(stand_in: "StandIn") -> None:
    answer(stand_in, (503, ""))

    with pytest.raises(ForecastUnavailableError, match="status 503"):
        ask(stand_in)
    assert len(stand_in.questions) == ATTEMPTS


def test_a_refusal_is_passed_on_with_its_reason_and_not_repeated(stand_in: "StandIn") -> None:
    answer(stand_in, (400, '{"error": true, "reason": "Latitude must be in range of -90 to 90°."}'))

    with pytest.raises(ForecastUnavailableError, match="status 400 Latitude must be"):
        ask(stand_in)
    assert len(stand_in.questions) == 1


def test_nobody_waits_longer_than_the_timeout(stand_in: "StandIn") -> None:
    stand_in.answer_in_turn(stand_in.make(200, AS_DOCUMENTED, delay_s=1.0))

    with pytest.raises(ForecastUnavailableError, match="timed out"):
        ask(stand_in, timeout_s=0.05)


def test_a_service_that_is_not_there_is_said_in_one_line(stand_in: "StandIn") -> None:
    stand_in.close()

    with pytest.raises(ForecastUnavailableError, match="refused"):
        ask(stand_in)


def _changed(**changes: object) -> str:
    document = json.loads(AS_DOCUMENTED)
    document["hourly"] |= changes
    return json.dumps(document)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<html>", "JSON"),
        ("{}", "hourly"),
        (_changed(temperature_2m=[31.0]), "one length"),
        (_changed(temperature_2m=["31"] * 5), "number"),
        (_changed(time=["2026-07-01T12:00"] * 5), "integer"),
        (_changed(temperature_2m=[131.0] * 5), "cannot be"),
        (_changed(temperature_2m=[None] * 5), "nothing for now"),
        (_changed(time=[], temperature_2m=[], relative_humidity_2m=[], shortwave_radiation=[]), "nothing"),
    ],
)
def test_an_answer_that_is_not_as_documented_is_refused_clearly(
    stand_in: "StandIn", body: str, what: str
) -> None:
    answer(stand_in, (200, body))

    with pytest.raises(ForecastUnavailableError, match=what):
        ask(stand_in)
    assert len(stand_in.questions) == 1


def test_an_endless_answer_is_not_read_to_its_end(stand_in: "StandIn") -> None:
    answer(stand_in, (200, " " * (MAX_ANSWER_BYTES + 1) + AS_DOCUMENTED))

    with pytest.raises(ForecastUnavailableError, match="too long"):
        ask(stand_in)


class SlowService(WeatherForecast):
    """It answers when it is let; or fails."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.answered = threading.Semaphore(0)
        self.known = MemoryForecast()

    def hours(self, latitude_deg: float, longitude_deg: float, at: datetime) -> list[WeatherHour]:
        self.may_answer.wait(10.0)
        try:
            return self.known.hours(latitude_deg, longitude_deg, at)
        finally:
            self.answered.release()


@pytest.fixture
def slow() -> SlowService:
    slow = SlowService()
    said = [WeatherHour(NOON + timedelta(hours=n), 30.0) for n in range(48)]
    slow.known.issued = {((33.4, -112.1), NOON): said}
    return slow


def _wait_for(forecast: WeatherForecast, at: datetime) -> list[WeatherHour]:
    for _ in range(1000):
        try:
            return list(forecast.hours(*PHOENIX, at))
        except ForecastUnavailableError:
            threading.Event().wait(0.005)
    raise AssertionError("no answer came")


def test_nobody_waits_for_a_slow_service_and_it_is_asked_once(slow: SlowService) -> None:
    background = BackgroundForecast(slow, lambda: 0.0)

    for _ in range(3):  # would hang for seconds
        with pytest.raises(ForecastUnavailableError, match="not answered yet"):
            background.hours(*PHOENIX, NOON)
    slow.may_answer.set()

    assert _wait_for(background, NOON)[0].at == NOON
    assert slow.known.asked == [(33.4, -112.1, NOON)]
    background.close()


def test_a_cell_is_asked_about_again_after_an_hour(slow: SlowService) -> None:
    background = BackgroundForecast(slow, lambda: 0.0)
    slow.may_answer.set()
    _wait_for(background, NOON)

    background.hours(33.42, -112.08, NOON + timedelta(minutes=59))
    assert len(slow.known.asked) == 1
    assert _wait_for(background, NOON + timedelta(hours=1))[0].at == NOON + timedelta(hours=1)
    assert len(slow.known.asked) == 2
    background.close()


def test_after_a_failure_the_service_is_left_alone_for_a_while(slow: SlowService) -> None:
    now_s = [0.0]
    background = BackgroundForecast(slow, lambda: now_s[0])
    slow.may_answer.set()
    slow.known.available = False
    with pytest.raises(ForecastUnavailableError):
        background.hours(*PHOENIX, NOON)
    slow.answered.acquire(timeout=10.0)
    for _ in range(2000):
        with pytest.raises(ForecastUnavailableError) as refusal:
            background.hours(*PHOENIX, NOON)
        if "nobody has said" in str(refusal.value):
            break
        threading.Event().wait(0.005)

    slow.known.available = True
    with pytest.raises(ForecastUnavailableError, match="nobody has said"):
        background.hours(*PHOENIX, NOON)
    assert not slow.answered.acquire(timeout=0.1)  # it was not asked again
    now_s[0] = PAUSE_S
    assert _wait_for(background, NOON)
    background.close()
