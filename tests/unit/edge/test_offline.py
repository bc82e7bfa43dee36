"""Without the cloud the gateway goes on as the cloud advised last, for a declared time."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edge.adapters.memory import SetClock
from edge.offline import MAX_ENTRIES
from edge.registry import Registration

if TYPE_CHECKING:
    from tests.unit.edge.conftest import Cloud, Site

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
def learnt(site: "Site", cloud: "Cloud", clock: SetClock) -> "Site":
    """Advised to 27 °C at noon and to 25 °C at one, on a hot day with nobody seen; then the cloud is cut."""
    site.registry["dev-1"] = Registration(device_id="dev-1", offline_advice=True)
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")
    for hour, setpoint_c in ((12, 27.0), (13, 25.0)):
        clock.at = NOON.replace(hour=hour)
        cloud.ask(f"c{hour}", setpoint_c, expires_at=clock.at.replace(minute=50).isoformat())
        site.obeyed(f"c{hour}", setpoint_c)
        _reads(site, clock, motion=False)
    clock.at = TOMORROW - timedelta(hours=1)
    site.report(mode="cool", setpoint_c=24, changed_by="schedule")
    _reads(site, clock, motion=False)
    site.devices.told.clear()
    site.is_cloud_there = False
    return site


def _reads(site: "Site", clock: SetClock, **fields: object) -> None:
    weather: dict[str, object] = {"outdoor_dry_bulb_c": 34.0, "sampled_at": clock.at.isoformat()}
    site.feels(25.5, "dev-1", **(weather | fields))


def test_it_advises_as_the_cloud_did_in_the_same_situation(learnt: "Site", clock: SetClock) -> None:
    for minutes in (0, 30, 60):
        clock.at = TOMORROW + timedelta(minutes=minutes)
        _reads(learnt, clock, motion=False)
        if learnt.told():
            learnt.obeyed(learnt.told()[-1]["command_id"], learnt.setpoints()[-1])

    assert learnt.setpoints() == [27.0, 25.0]
    assert {told["requested_by"] for told in learnt.told()} == {"advisor"}
    assert all(told["command_id"].startswith("offline-") for told in learnt.told())


@pytest.mark.parametrize(
    "other",
    [
        {"motion": True},
        {"outdoor_dry_bulb_c": 24.0},
        {"sampled_at": (TOMORROW - timedelta(hours=2)).isoformat()},
    ],
)
def test_it_advises_nothing_where_nothing_was_learnt(
    learnt: "Site", clock: SetClock, other: dict[str, object]
) -> None:
    clock.at = TOMORROW
    _reads(learnt, clock, **({"motion": False} | other))

    assert learnt.told() == []


def test_a_short_silence_of_the_cloud_changes_nothing(learnt: "Site", clock: SetClock) -> None:
    clock.at = TOMORROW
    learnt.is_cloud_there = True
    _reads(learnt, clock, motion=False)
    learnt.is_cloud_there = False

    clock.at = TOMORROW + timedelta(minutes=14)
    _reads(learnt, clock, motion=False)

    assert learnt.told() == []


def test_it_ages_out(learnt: "Site", clock: SetClock) -> None:
    """The last word of the cloud was at eleven; its table holds for 24 h and not a minute longer."""
    seen = TOMORROW - timedelta(hours=1)
    clock.at = TOMORROW + timedelta(minutes=10)
    _reads(learnt, clock, motion=False)
    assert learnt.offline.ages(lambda _: clock.at) == {"dev-1": timedelta(hours=1, minutes=10)}

    clock.at = seen + timedelta(hours=25, minutes=5)  # 12:05 of the next day
    learnt.devices.told.clear()
    _reads(learnt, clock, motion=False)

    assert [told["setpoint_c"] for told in learnt.told() if told["requested_by"] == "advisor"] == []


def test_a_command_of_the_table_ends_with_the_table(learnt: "Site", clock: SetClock) -> None:
    table = learnt.offline.tables()["dev-1"]
    learnt.restart({"dev-1": table.model_copy(update={"seen_at": TOMORROW - timedelta(hours=23.5)})})
    clock.at = TOMORROW
    _reads(learnt, clock, motion=False)

    (told,) = learnt.told()
    assert told["expires_at"] == (TOMORROW + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")


def test_a_persons_change_wins(learnt: "Site", clock: SetClock) -> None:
    clock.at = TOMORROW
    _reads(learnt, clock, motion=False)
    learnt.obeyed(learnt.told()[-1]["command_id"], 27.0)
    learnt.report(mode="cool", setpoint_c=22, changed_by="remote")
    learnt.devices.told.clear()

    for minutes in (10, 40, 70, 100):
        clock.at = TOMORROW + timedelta(minutes=minutes)
        _reads(learnt, clock, motion=False, setpoint_c=22.0)

    assert learnt.told() == []


def test_etiquette_holds_for_it_too(learnt: "Site", clock: SetClock) -> None:
    quiet = Registration(device_id="dev-1", offline_advice=True, quiet_hours=(11 * 60, 14 * 60))
    learnt.registry["dev-1"] = quiet
    clock.at = TOMORROW
    _reads(learnt, clock, motion=False)

    assert learnt.told() == []


def test_who_has_not_agreed_is_left_alone_and_nothing_is_learnt_of_them(
    site: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    cloud.ask("c1", 27)
    _reads(site, clock)

    assert site.offline.tables() == {}


def test_on_return_the_cloud_has_the_last_word_and_all_that_was_measured(
    learnt: "Site", cloud: "Cloud", clock: SetClock
) -> None:
    clock.at = TOMORROW
    _reads(learnt, clock, motion=False)
    learnt.obeyed(learnt.told()[-1]["command_id"], 27.0)

    learnt.is_cloud_there = True
    cloud.ask("c-new", 26)

    assert learnt.setpoints() == [27.0, 26.0]
    reported = [entry.body for entry in learnt.entries("report")]
    assert b'"offline-' in reported[-1]
    assert len(learnt.entries("readings")) == 4


def test_a_restart_forgets_nothing(learnt: "Site", clock: SetClock) -> None:
    learnt.restart()
    clock.at = TOMORROW
    _reads(learnt, clock, motion=False)

    assert learnt.setpoints() == [27.0]


def test_the_table_stays_small(site: "Site", cloud: "Cloud", clock: SetClock) -> None:
    site.registry["dev-1"] = Registration(device_id="dev-1", offline_advice=True)
    cloud.ask("c1", 27)
    for hour in range(24 * 30):
        clock.at = NOON + timedelta(hours=hour)
        _reads(site, clock, outdoor_dry_bulb_c=float(hour % 50))

    assert len(site.offline.tables()["dev-1"].entries) == MAX_ENTRIES
