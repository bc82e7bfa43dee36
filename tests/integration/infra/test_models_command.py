"""`ac-advisor models` as a person runs it, on a registry of three versions."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.champion import package_version
from cloud.config import CloudSettings
from cloud.errors import CloudError, RejectedError
from cloud.ports.models import ModelRegistry, Note, StoredVersion
from cloud.ports.records import AdviceRecord, Counterfactual, DeviceRecord, HomeRecord, device_pk, home_pk
from cloud.ports.state import Put
from cloud.wiring.registry import open_registry
from infra.local.cli import commands
from infra.local.listings import NothingThereError

NOTE = Note("ada", "it was time")
LONG_AGO = datetime(2024, 7, 1, tzinfo=UTC)
KEY = "a key that nobody would ever guess, of a test"

Run = Callable[..., Result]


def version(name: str, *, parent: str | None, wape: float) -> StoredVersion:
    shipped = package_version()
    lineage = shipped.lineage.model_copy(
        update={
            "version": name,
            "parent": parent,
            "created_at": LONG_AGO,
            "metrics": {"energy_cv_rmse": wape},
            "parameters": {"energy": {"trees": 100 if parent is None else 50}},
        }
    )
    return StoredVersion(lineage, shipped.files)


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    """v3 serves, v2 did before, and v1 before it."""
    registry = open_registry(CloudSettings(data_dir=tmp_path))
    before = None
    for number, wape in ((1, 0.3), (2, 0.28), (3, 0.25)):
        registry.add(version(f"v{number}", parent=before, wape=wape), NOTE)
        registry.promote(f"v{number}", NOTE, over=before)
        before = f"v{number}"
    return registry


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(commands, ["models", *arguments, "--data-dir", str(tmp_path)])

    return invoke


def answer(result: Result) -> Any:  # noqa: ANN401 (whatever the command says)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_lists_and_shows(registry: ModelRegistry, run: Run) -> None:
    listed = answer(run("list", "--json"))
    shown = answer(run("show", "v3", "--json"))

    assert [(row["version"], row["stage"], row["alias"]) for row in listed] == [
        ("v1", "retired", ""),
        ("v2", "retired", "previous"),
        ("v3", "champion", "champion"),
    ]
    assert (shown["parent"], shown["rows"], shown["stage"]) == ("v2", 201_360, "champion")
    assert [(move["action"], move["by"]) for move in shown["moves"]] == [
        ("register", "ada"),
        ("promote", "ada"),
    ]
    assert "digest only" in shown["checked"]
    assert "energy_cv_rmse  0.25" in run("list").stdout


def test_compares_figures_and_lineage(registry: ModelRegistry, run: Run) -> None:
    found = answer(run("compare", "v1", "v3", "--json"))

    assert found["figures"] == {"energy_cv_rmse": [0.3, 0.25]}
    assert found["lineage"] == {"parent": [None, "v2"], "parameters.energy.trees": [100, 50]}
    assert set(found["files"].values()) == {"the same"}
    assert "-0.05" in run("compare", "v1", "v3").stdout


def test_shows_and_compares_what_the_gate_found(registry: ModelRegistry, run: Run) -> None:
    registry.put("v1", "rejected", Note("gate", "kept v3", {"numbers": "refused: 3 are none"}))

    assert answer(run("show", "v1", "--json"))["judged"] == {"numbers": "refused: 3 are none"}
    assert answer(run("compare", "v1", "v3", "--json"))["judged"] == {
        "numbers": ["refused: 3 are none", None]
    }
    assert "v1: refused: 3 are none" in run("compare", "v1", "v3").stdout


def test_promotes_and_rolls_back_with_the_reason_in_the_history(registry: ModelRegistry, run: Run) -> None:
    assert "v1 is the champion" in run("promote", "v1", "--reason", "v3 was slow").stdout
    assert answer(run("roll-back", "--reason", "v1 was worse", "--json")) == {
        "champion": "v3",
        "rejected": "v1",
    }

    told = run("history").stdout.splitlines()
    assert "promote" in told[-2]
    assert told[-2].endswith(": v3 was slow")
    assert "v1 rejected" in told[-1]
    assert told[-1].endswith(": v1 was worse")
    assert run("promote", "v3").exit_code == 2  # without a reason


def test_what_cannot_be_is_one_clear_line(registry: ModelRegistry, run: Run) -> None:
    run("roll-back", "--reason", "test")
    run("roll-back", "--reason", "test")
    for arguments, line in (
        (("roll-back", "--reason", "no"), "nothing served before v1"),
        (("promote", "v3", "--reason", "no"), "v3 is rejected"),
        (("promote", "v9", "--reason", "no"), "no model version 'v9'"),
        (("show", "v9"), "no model version 'v9'"),
        (("stage", "v1", "canary", "--reason", "no"), "v1 is champion, not to be canary"),
    ):
        error = run(*arguments).exception
        assert isinstance(error, CloudError)
        assert line in str(error)


def test_an_empty_data_directory_is_said(run: Run) -> None:
    for arguments in (("list",), ("verify",), ("roll-back", "--reason", "x"), ("prune", "--reason", "x")):
        assert isinstance(run(*arguments).exception, NothingThereError)


def test_prunes_what_nobody_uses_and_says_why(registry: ModelRegistry, run: Run, tmp_path: Path) -> None:
    registry.add(version("v4", parent="v3", wape=0.4), NOTE)
    registry.put("v4", "rejected", NOTE)
    rules = ("--keep-newest", "0", "--keep-days", "30", "--reason", "disk")
    assert run("prune", *rules, "--dry-run").stdout.splitlines() == [
        "v1: stays (v2 was made from it, which is the previous)",
        "v2: stays (the previous)",
        "v3: stays (the champion)",
        f"v4: would go (rejected, made {(datetime.now(UTC) - LONG_AGO).days} days ago, used by nobody)",
    ]
    assert list(registry.stages()) == ["v1", "v2", "v3", "v4"]

    advise(tmp_path, "v4")
    assert "v4: stays (the newest advice of 1 devices is by it)" in run("prune", *rules).stdout
    advise(tmp_path, "v3")
    pruned = answer(run("prune", *rules, "--json"))

    assert [row["version"] for row in pruned if row["removed"]] == ["v4"]
    assert list(registry.stages()) == ["v1", "v2", "v3"]
    assert not (tmp_path / "models" / "versions" / "v4").exists()


def advise(data_dir: Path, champion: str) -> None:
    """Give a device advice by a champion."""
    advice = AdviceRecord(
        advice_id="a1",
        device_id="dev-1",
        setpoint_c=25.0,
        mode="cool",
        fan=None,
        made_at=LONG_AGO,
        valid_until=LONG_AGO + timedelta(hours=1),
        expected_saving_kwh=0.1,
        saving_interval_kwh=(0.0, 0.2),
        expected_saving_money=0.0,
        saving_interval_money=(0.0, 0.0),
        currency="EUR",
        notice_probability=0.0,
        reason="",
        counterfactual=Counterfactual(
            habit_setpoint_c=24.0, habit_kwh=1.0, advised_kwh=0.9, until=LONG_AGO + timedelta(hours=1)
        ),
        status="offered",
        champion=champion,
    )
    home = HomeRecord(
        home_id="h1",
        owner_id="o1",
        name="Home",
        latitude_deg=40.0,
        longitude_deg=3.0,
        timezone="UTC",
        currency="EUR",
    )
    store = SqliteStateStore(data_dir / "state.sqlite")
    store.transact(
        [
            Put(home_pk("h1"), "home", home.model_dump(mode="json")),
            Put(device_pk("dev-1"), "device", DeviceRecord(device_id="dev-1", home_id="h1").model_dump()),
            Put("devices", "dev-1", {"home_id": "h1"}),
            Put(device_pk("dev-1"), "advice", advice.model_dump(mode="json")),
        ]
    )
    store.close()


def test_verify_finds_the_altered_one(registry: ModelRegistry, run: Run, tmp_path: Path) -> None:
    assert set(answer(run("verify", "--json")).values()) == {"ok"}
    (energy,) = (tmp_path / "models" / "versions" / "v2").glob("*/energy.txt")
    energy.write_text(energy.read_text().replace("leaf_value=0", "leaf_value=9"))

    result = run("verify", "--json")

    assert result.exit_code == 1
    assert {name for name, what in json.loads(result.stdout).items() if what != "ok"} == {"v2"}
    assert isinstance(run("roll-back", "--reason", "to the altered one").exception, RejectedError)
    assert registry.resolve("champion") == "v3"


def test_a_registry_is_signed_by_a_key_from_the_settings(
    registry: ModelRegistry, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_MODELS_KEY", KEY)
    assert "models sign" in str(run("list").exception)

    assert run("sign", "--reason", "checked").exit_code == 0
    assert answer(run("show", "v3", "--json"))["checked"] == "by signature and digest"

    monkeypatch.delenv("CLOUD_MODELS_KEY")
    assert "CLOUD_MODELS_KEY" in str(run("list").exception)


def test_the_registry_can_be_on_s3(
    run: Run, make_s3_files: Callable[[], Any], s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_MODELS", f"s3://{make_s3_files().bucket}/models")
    monkeypatch.setenv("CLOUD_S3_ENDPOINT_URL", s3_endpoint)
    registry = open_registry(CloudSettings())
    registry.add(version("v1", parent=None, wape=0.3), NOTE)

    assert "v1 is the champion" in run("promote", "v1", "--reason", "the first").stdout
    assert [row["alias"] for row in answer(run("list", "--json"))] == ["champion"]
