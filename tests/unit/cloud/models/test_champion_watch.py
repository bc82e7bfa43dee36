"""Seeing a new champion: the one that serves goes on until another one can."""

from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.champion import package_version
from cloud.ports.models import Note, StoredVersion
from cloud.wiring.registry import ChampionWatch, serving_champion

NOTE = Note("ada", "why")


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def registry(files: MemoryFiles) -> StoredModelRegistry:
    return StoredModelRegistry(files, Seal(), lambda: datetime(2025, 7, 1, tzinfo=UTC))


def promoted(registry: StoredModelRegistry, version: str, over: str) -> None:
    shipped = package_version()
    lineage = shipped.lineage.model_copy(update={"version": version})
    registry.add(StoredVersion(lineage, shipped.files), NOTE)
    registry.promote(version, NOTE, over=over)


def test_a_registry_without_a_champion_gets_the_one_that_is_shipped(registry: StoredModelRegistry) -> None:
    shipped = package_version().lineage.version

    assert serving_champion(registry).version == serving_champion(registry).version == shipped
    assert [move.action for move in registry.history()] == ["register", "promote"]


def test_a_new_champion_is_seen_once(registry: StoredModelRegistry) -> None:
    serving, watch = serving_champion(registry).version, ChampionWatch(registry)
    assert watch.newer(serving) is None

    promoted(registry, "v2", over=serving)

    found = watch.newer(serving)
    assert found is not None
    assert found.version == "v2"
    assert watch.newer("v2") is None


def test_a_damaged_champion_is_not_followed_and_said_once(
    registry: StoredModelRegistry, files: MemoryFiles
) -> None:
    serving, watch = serving_champion(registry).version, ChampionWatch(registry)
    promoted(registry, "v2", over=serving)
    (energy,) = [name for name in files.names("versions/v2/") if name.endswith("energy.txt")]
    whole = files.stored[energy]
    files.stored[energy] = whole[:1000]

    with capture_logs() as logs:
        assert [watch.newer(serving) for _ in range(3)] == [None, None, None]
    files.stored[energy] = whole

    found = watch.newer(serving)
    assert found is not None
    assert [(each["event"], each["serving"]) for each in logs] == [("champion_not_followed", serving)]
