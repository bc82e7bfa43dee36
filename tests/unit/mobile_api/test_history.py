from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mobile_api.history import average

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


def test_a_step_holds_the_readings_whose_interval_ends_in_it(world: "World") -> None:
    # By hand: with 15 min steps, 12:05 to 12:15 belong to the step that ends at 12:15; 12:00 does not.
    readings = [
        world.report("dev-1", NOON + timedelta(minutes=minutes), indoor_dry_bulb_c=24.0 + minutes)
        for minutes in (0, 5, 10, 15, 20)
    ]

    points = average(readings, 900)

    assert [point.at for point in points] == [NOON + timedelta(minutes=m) for m in (0, 15, 30)]
    assert [point.indoor_dry_bulb_c for point in points] == [24.0, 34.0, 44.0]


def test_power_is_weighted_by_the_length_of_the_intervals(world: "World") -> None:
    # By hand: 900 W over 60 s and 300 W over 300 s is (900*60 + 300*300) / 360 = 400 W.
    readings = [
        world.report("dev-1", NOON + timedelta(minutes=1), electric_power_w=900.0, interval_s=60.0),
        world.report("dev-1", NOON + timedelta(minutes=6), electric_power_w=300.0, interval_s=300.0),
    ]

    assert [point.electric_power_w for point in average(readings, 3600)] == [400.0]


def test_a_missing_value_is_left_out_of_the_mean_and_none_is_null(world: "World") -> None:
    readings = [
        world.report("dev-1", NOON + timedelta(minutes=1), indoor_dry_bulb_c=None, electric_power_w=None),
        world.report("dev-1", NOON + timedelta(minutes=2), indoor_dry_bulb_c=25.0, electric_power_w=None),
    ]

    (point,) = average(readings, 3600)

    assert (point.indoor_dry_bulb_c, point.electric_power_w) == (25.0, None)


def test_setpoint_and_mode_are_those_at_the_end_of_the_step(world: "World") -> None:
    readings = [
        world.report("dev-1", NOON + timedelta(minutes=1), setpoint_c=22.0),
        world.report("dev-1", NOON + timedelta(minutes=2), setpoint_c=26.0),
        world.report("dev-1", NOON + timedelta(minutes=61), mode="off", setpoint_c=None),
    ]

    points = average(readings, 3600)

    assert [(point.mode, point.setpoint_c) for point in points] == [("cool", 26.0), ("off", None)]


@pytest.mark.parametrize(("text", "seconds"), [("300", 300), ("300s", 300), ("5min", 300), ("1h", 3600)])
def test_a_resolution_can_be_said_in_several_ways(person: "Person", text: str, seconds: int) -> None:
    assert person.get(f"/v1/devices/dev-1/telemetry?resolution={text}").json["resolution_s"] == seconds


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("resolution=59", "resolution"),
        ("resolution=25h", "resolution"),
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
