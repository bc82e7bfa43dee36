import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from cloud.ports.telemetry import LoggedReading
from mobile_api.history import equal_steps, local_days

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)


@pytest.fixture
def person(world: "World") -> "Person":
    person = world.sign_up()
    world.device_of(person)
    return person


def _times(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [point["at"][11:16] for point in answer["readings"]]


def test_readings_come_as_they_are_in_order_with_an_open_end(world: "World", person: "Person") -> None:
    for minutes in (10, 0, 5, 15):
        world.report("dev-1", NOON + timedelta(minutes=minutes), electric_power_w=float(minutes))

    query = "from=2026-07-14T12:00:00Z&to=2026-07-14T14:15:00%2B02:00"
    answer = person.get(f"/v1/devices/dev-1/telemetry?{query}").json

    assert _times(answer) == ["12:00", "12:05", "12:10"]
    assert [point["electric_power_w"] for point in answer["readings"]] == [0, 5, 10]
    assert answer["resolution_s"] is None
    assert answer["from"] == "2026-07-14T12:00:00Z"
    assert answer["to"] == "2026-07-14T12:15:00Z"


def test_without_from_and_to_it_is_the_48_hours_that_end_with_the_newest_reading(
    world: "World", person: "Person"
) -> None:
    newest = NOON - timedelta(days=30)
    for age_h in (0, 47, 49):
        world.report("dev-1", newest - timedelta(hours=age_h))

    assert len(person.get("/v1/devices/dev-1/telemetry").json["readings"]) == 2


def test_a_device_that_never_reported_has_an_empty_history(person: "Person") -> None:
    assert person.get("/v1/devices/dev-1/telemetry?resolution=1h").json["readings"] == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("300", 300), ("300s", 300), ("5min", 300), ("1h", 3600), ("1d", 86400)]
)
def test_a_resolution_can_be_said_in_several_ways(person: "Person", text: str, seconds: int) -> None:
    assert person.get(f"/v1/devices/dev-1/telemetry?resolution={text}").json["resolution_s"] == seconds


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("resolution=59", "resolution"),
        ("resolution=25h", "resolution"),
        ("resolution=2d", "resolution"),
        ("from=2026-07-01T00:00:00Z&to=2026-07-10T00:00:00Z&resolution=60", "resolution"),
        ("resolution=5m", "resolution"),
        ("resolution=%D9%A1%D9%A2%D9%A3", "resolution"),  # Arabic digits
        ("from=2026-07-14T12:00:00", "from"),
        ("from=1784030400", "from"),
        ("from=2026-07-14T12:00:00Z&to=2026-07-14T12:00:00Z", "from"),
        ("from=2026-07-01T00:00:00Z&to=2026-07-08T00:00:01Z", "from"),
        ("from=2026-06-01T00:00:00Z&to=2026-07-02T00:00:01Z&resolution=1h", "from"),
    ],
)
def test_what_cannot_be_answered_is_refused(person: "Person", query: str, where: str) -> None:
    answer = person.get(f"/v1/devices/dev-1/telemetry?{query}")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["where"] == where


def test_the_longest_spans_are_answered(person: "Person") -> None:
    for query in (
        "from=2026-07-01T00:00:00Z&to=2026-07-08T00:00:00Z",
        "from=2026-06-01T00:00:00Z&to=2026-07-02T00:00:00Z&resolution=1h",
    ):
        assert person.get(f"/v1/devices/dev-1/telemetry?{query}").status_code == 200


def test_the_beginning_of_time_is_no_fault_of_ours(person: "Person") -> None:
    for query in ("to=0001-01-01T12:00:00Z", "to=9999-12-31T23:59:59Z&resolution=1h"):
        assert person.get(f"/v1/devices/dev-1/telemetry?{query}").status_code == 200


def test_of_a_month_ago_the_lake_tells(world: "World", person: "Person") -> None:
    world.report("dev-1", NOON)
    old = [world.report("dev-1", NOON - timedelta(days=20, minutes=minutes)) for minutes in (5, 0)]
    world.lake.write(1, [LoggedReading(place + 1, reading) for place, reading in enumerate(old)])
    world.readings.record_sealed(world.readings.head())
    world.readings.prune(world.readings.head(), timedelta(days=7))

    span = "from=2026-06-24T00:00:00Z&to=2026-06-25T00:00:00Z"
    single = person.get(f"/v1/devices/dev-1/telemetry?{span}").json
    month = person.get("/v1/devices/dev-1/telemetry?from=2026-06-14T13:00:00Z&resolution=1h").json

    assert _times(single) == ["11:55", "12:00"]
    assert [point["at"] for point in month["readings"]] == ["2026-06-24T12:00:00Z", "2026-07-14T12:00:00Z"]


@pytest.mark.parametrize("resolution", ["", "&resolution=60"])
def test_what_does_not_fit_into_one_answer_comes_in_the_next_and_none_is_left_out(
    person: "Person", world: "World", resolution: str
) -> None:
    for minutes in range(5):
        world.report("dev-1", NOON + timedelta(minutes=minutes))

    path: str | None = f"/v1/devices/dev-1/telemetry?limit=2{resolution}"
    seen: list[list[dict[str, Any]]] = []
    whole = person.get(f"/v1/devices/dev-1/telemetry?limit=99{resolution}").json["readings"]
    while path:
        answer = person.get(path)
        seen.append(answer.json["readings"])
        link = answer.headers.get("Link")
        path = None if link is None else link.split(">")[0].lstrip("<")

    assert max(len(part) for part in seen) == 2
    assert [point for part in seen for point in part] == whole


def test_the_steps_of_a_span_are_whole() -> None:
    edges = equal_steps(NOON + timedelta(minutes=7), NOON + timedelta(minutes=31), 900)

    assert edges == [NOON + timedelta(minutes=minutes) for minutes in (0, 15, 30, 45)]


def test_days_are_the_homes_own_also_when_clocks_change() -> None:
    # Europe/Rome: summer time ended on 25 October 2026 at 01:00 UTC, so that day has 25 hours.
    start, end = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)

    edges = local_days(start, end, ZoneInfo("Europe/Rome"))

    hours = [(later - earlier) / timedelta(hours=1) for earlier, later in itertools.pairwise(edges)]
    assert edges[0] == datetime(2026, 10, 23, 22, tzinfo=UTC)
    assert hours == [24, 25]
