"""An export is one archive that has everything, explains itself, and is never in memory as a whole."""

import csv
import io
import json
import random
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import pytest

from cloud.ports.records import home_pk
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit, LoggedReading
from edge.contract import Event
from mobile_api.archive import Entry, zipped
from mobile_api.export import COLUMNS

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World


@pytest.fixture
def person(world: "World") -> "Person":
    person = world.sign_up()
    world.device_of(person, "dev:1")
    return person


def _exported(person: "Person") -> ZipFile:
    home_id = person.get("/v1/homes").json["items"][0]["home_id"]
    answer = person.get(f"/v1/homes/{home_id}/export")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{home_id}.zip"'
    return ZipFile(io.BytesIO(answer.data))


def _rows(archive: ZipFile) -> list[dict[str, str]]:
    text = archive.read("devices/dev_1/readings.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_it_has_all_that_is_kept(world: "World", person: "Person") -> None:
    world.advise("dev:1")
    entry = {"days": ["mon"], "at": "07:00", "setpoint_c": 24.0}
    person.put("/v1/devices/dev:1/schedule", json={"entries": [entry]})
    person.put("/v1/devices/dev:1/preferences", json={"autonomy": "auto"})
    person.post("/v1/devices/dev:1/commands", json={"setpoint_c": 25.0})

    archive = _exported(person)

    assert archive.testzip() is None
    assert set(archive.namelist()) == {
        *("README.md", "home.json", "kept.json", "members.json", "devices/dev_1/device.json"),
        *("devices/dev_1/kept.json", "devices/dev_1/days.json", "devices/dev_1/readings.csv"),
        "devices/dev_1/events.json",
    }
    assert json.loads(archive.read("home.json"))["timezone"] == "Europe/Rome"
    assert json.loads(archive.read("members.json"))[0]["email"] == "person1@example.org"
    kept = json.loads(archive.read("devices/dev_1/kept.json"))
    assert {"advice", "schedule", "preferences", "commands"} <= set(kept)
    readme = archive.read("README.md").decode()
    for name in archive.namelist():
        assert f"`{name}`".replace("dev_1", "<device_id>") in readme or name == "README.md"


def test_it_has_what_is_kept_of_the_home_and_what_happened_at_its_devices(
    world: "World", person: "Person"
) -> None:
    home = person.get("/v1/homes").json["items"][0]
    fields = {name: home[name] for name in ("name", "latitude_deg", "longitude_deg", "timezone")}
    path = f"/v1/homes/{home['home_id']}"
    person.put(path, json={**fields, "share_phone_presence": True})
    person.put(f"{path}/presence", json={"at_home": False})
    code = person.post(f"{path}/invitations", json={"role": "guest"}).json["code"]
    world.gateway_of(person, home["home_id"], "gw-1")
    world.state.transact([Put(home_pk(home["home_id"]), "savings", {"days": 28})])
    for number, (device_id, kind) in enumerate([("dev:1", "fault"), ("dev:1", "boot"), ("dev-2", "fault")]):
        at = world.clock.at - timedelta(hours=number)
        event = {"device_id": device_id, "event_id": f"e{number}", "occurred_at": at, "kind": kind}
        world.readings.commit(IngestCommit(events=[Event.model_validate(event)]))

    archive = _exported(person)

    kept = json.loads(archive.read("kept.json"))
    account_id = person.get("/v1/accounts/me").json["account_id"]
    assert kept["presence"]["at_home"] == {account_id: False}
    assert (kept["savings"], kept["gateway_ids"]) == ({"days": 28}, ["gw-1"])
    assert [each["role"] for each in kept["invitations"]] == ["guest"]
    assert code not in archive.read("kept.json").decode()
    events = json.loads(archive.read("devices/dev_1/events.json"))
    assert [each["kind"] for each in events] == ["boot", "fault"]


def test_readings_of_lake_and_log_come_once_each(world: "World", person: "Person") -> None:
    """The lake has three days, the log the last of them again, corrected, one that came late, and today."""
    start = world.clock.at - timedelta(days=40)
    days = [world.reading("dev:1", start + timedelta(days=back)) for back in range(3)]
    other = world.reading("dev-2", start + timedelta(hours=1))
    world.lake.write(1, [LoggedReading(place, each) for place, each in enumerate([*days, other], 1)])
    world.report("dev:1", days[2].sampled_at, setpoint_c=26.0)
    world.report("dev:1", start + timedelta(days=10))
    world.report("dev:1", world.clock.at, motion=True, changed_by="remote")

    rows = _rows(_exported(person))

    assert [row["sampled_at"] for row in rows] == [
        *("2026-06-04T12:00:00Z", "2026-06-05T12:00:00Z", "2026-06-06T12:00:00Z"),
        *("2026-06-14T12:00:00Z", "2026-07-14T12:00:00Z"),
    ]
    assert tuple(rows[0]) == COLUMNS
    assert [row["setpoint_c"] for row in rows] == ["24.0", "24.0", "26.0", "24.0", "24.0"]
    assert (rows[0]["motion"], rows[4]["motion"], rows[4]["changed_by"]) == ("", "true", "remote")


def test_an_archive_is_made_piece_by_piece() -> None:
    """16 MB that hardly compress pass through a few of memory."""
    noise = random.Random(7)  # noqa: S311 (hides nothing)

    def pieces() -> Iterator[str]:
        for _ in range(16):
            yield noise.randbytes(512 * 1024).hex()

    tracemalloc.start()
    sent = sum(len(piece) for piece in zipped([Entry("readings.csv", pieces())]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent > 7 * 2**20
    assert peak < 5 * 2**20


def test_an_archive_that_is_cut_short_cannot_be_opened() -> None:
    whole = list(zipped([Entry("a.csv", ["1\n", "2\n"]), Entry("b.csv", ["3\n"])]))

    assert ZipFile(io.BytesIO(b"".join(whole))).read("a.csv") == b"1\n2\n"
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(b"".join(whole[:-1])))
