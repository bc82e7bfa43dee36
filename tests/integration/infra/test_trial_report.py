"""`ac-advisor models list` and `show` tell of the running trial: homes, days, harm and budget."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.champion import package_version
from cloud.config import CloudSettings
from cloud.day_count import day_writes
from cloud.ports.models import Note, StoredVersion
from cloud.ports.records import (
    DEVICES_PK,
    DayRecord,
    DeviceRecord,
    HomeRecord,
    TrialRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Put
from cloud.rollout.cohort import was_drawn
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.serving import Serving
from cloud.wiring.registry import open_registry, serving_champion
from infra.local.cli import commands

BEGAN = datetime(2025, 7, 1, 9, tzinfo=UTC)
HOMES = 40


def day(device_id: str, number: int, trial: TrialRecord) -> DayRecord:
    tried = was_drawn(trial, f"h-{device_id}") and number > 0
    return DayRecord(
        device_id=device_id,
        day=(BEGAN + timedelta(days=number)).date(),
        arm="advised",
        version="",
        measured_h=24.0,
        electric_energy_kwh=8.0,
        overrides=2 * tried,
        warm_words=0,
        warm_minutes=0.0,
        decisions=48,
        said={},
    )


def register(store: SqliteStateStore, device_id: str, latitude_deg: float) -> None:
    home_id = f"h-{device_id}"
    home = HomeRecord(
        home_id=home_id,
        owner_id="o",
        name="Home",
        latitude_deg=latitude_deg,
        longitude_deg=9.0,
        timezone="UTC",
    )
    device = DeviceRecord(device_id=device_id, home_id=home_id, inverter=True)
    store.transact(
        [
            Put(home_pk(home_id), "home", home.model_dump(mode="json")),
            Put(device_pk(device_id), "device", device.model_dump(mode="json")),
            Put(DEVICES_PK, device_id, {"home_id": home_id}),
        ]
    )


def ask(*arguments: str) -> str:
    result = CliRunner().invoke(commands, ["models", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_running_trial_is_told(tmp_path: Path) -> None:
    registry = open_registry(CloudSettings(data_dir=tmp_path))
    champion = serving_champion(registry).version
    lineage = package_version().lineage.model_copy(update={"version": "v2", "parent": champion})
    registry.add(StoredVersion(lineage, package_version().files), Note("ada", "made"))
    registry.put("v2", "canary", Note("ada", "because it is warm"))
    store = SqliteStateStore(tmp_path / "state.sqlite")
    for number in range(HOMES):
        register(store, f"d{number}", 45.0)
    desk = RolloutDesk(store, RolloutSettings(share_ratio=0.3))
    trial = desk.begin("v2", champion, "canary", BEGAN)
    for number in range(HOMES):
        for each in range(-5, 2):
            store.transact(day_writes(day(f"d{number}", each, trial)))
    drawn = sum(was_drawn(trial, f"h-d{number}") for number in range(HOMES))
    folder = ("--data-dir", str(tmp_path))

    before = json.loads(ask("show", "v2", "--json", *folder))["trial"]
    desk.judge(trial, [*Serving(store, 0).profiles().values()], BEGAN + timedelta(days=2, hours=4))
    store.close()
    trial_now = json.loads(ask("show", "v2", "--json", *folder))["trial"]
    listed = json.loads(ask("list", "--json", *folder))

    assert (before["homes"], before["homes_drawn"], before["homes_trying"]) == (HOMES, drawn, drawn)
    assert (before["stage"], before["beside"], before["days"]) == ("canary", champion, "0 of 14")
    assert before["budget"] == "5 % false alarms in 14 daily looks"
    assert (trial_now["days"], trial_now["homes_trying"]) == ("1 of 14", 0)  # it has ended
    assert trial_now["harm_seen"]["overrides"].startswith("+2.000 a home and day after look 1 of 14: harm")
    assert trial_now["ended"] == "+2.00 overrides a home and day after 1 days"
    assert [row["why"] for row in listed] == ["shipped with the program", "because it is warm"]
    assert listed[1]["trial"].startswith(f"canary beside {champion}, day 1 of 14, 0 of {HOMES} homes: +2.00")
    assert "trial" not in listed[0]
    assert "false alarms" in ask("show", "v2", *folder)
    assert json.loads(ask("show", champion, "--json", *folder))["trial"] is None
