"""The promises of a model registry, asked of every adapter; and what only files can break."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.file_registry import FileModelRegistry
from cloud.adapters.memory_registry import MemoryModelRegistry
from cloud.errors import ConflictError, NotFoundError, RejectedError
from cloud.ports.models import Lineage, ModelRegistry, StoredVersion

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)


def stored(version: str = "v1", *, hours: int = 0, content: bytes = b"tree\n") -> StoredVersion:
    lineage = Lineage(
        version=version,
        parent=None,
        kind="train",
        created_at=NOW + timedelta(hours=hours),
        data_start=NOW - timedelta(days=28),
        data_end=NOW,
        rows=26_880,
        homes=40,
        parameters={"energy": {"trees": 100}},
        metrics={"energy_cv_rmse": 0.28},
        seed=1,
    )
    return StoredVersion(lineage, {"energy.txt": content, "override.txt": b"tree\n"})


@pytest.fixture(params=["files", "memory"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> ModelRegistry:
    if request.param == "memory":
        return MemoryModelRegistry()
    return FileModelRegistry(tmp_path / "models", now=lambda: NOW)


@pytest.fixture
def files(tmp_path: Path) -> FileModelRegistry:
    return FileModelRegistry(tmp_path / "models", now=lambda: NOW)


def test_gives_back_what_was_added_with_its_digests(registry: ModelRegistry) -> None:
    registry.add(stored())

    loaded = registry.load("v1")

    assert dict(loaded.files) == dict(stored().files)
    # By `printf 'tree\n' | sha256sum`
    tree = "f27e01fe7624cca3e69811a0bf9a4efd9dca9fd39f7a3a8f939cae0cfe8cdfb8"
    assert loaded.lineage.files == {"energy.txt": tree, "override.txt": tree}
    assert loaded.lineage.model_copy(update={"files": {}}) == stored().lineage


def test_a_version_never_changes(registry: ModelRegistry) -> None:
    registry.add(stored())

    with pytest.raises(ConflictError):
        registry.add(stored(content=b"another\n"))

    assert registry.load("v1").files["energy.txt"] == b"tree\n"


def test_an_empty_registry_has_nothing(registry: ModelRegistry) -> None:
    assert registry.versions() == []
    assert registry.resolve("champion") is None
    with pytest.raises(NotFoundError):
        registry.load("v1")


def test_versions_come_oldest_first(registry: ModelRegistry) -> None:
    for version, hours in (("b", 1), ("a", 2), ("c", 0)):
        registry.add(stored(version, hours=hours))

    assert [lineage.version for lineage in registry.versions()] == ["c", "b", "a"]


def test_promoting_remembers_the_champion_of_before(registry: ModelRegistry) -> None:
    for version in ("v1", "v2"):
        registry.add(stored(version))
        registry.promote(version, "better")

    assert (registry.resolve("champion"), registry.resolve("previous")) == ("v2", "v1")


def test_promoting_the_champion_again_changes_nothing(registry: ModelRegistry) -> None:
    for version in ("v1", "v2"):
        registry.add(stored(version))
        registry.promote(version, "better")
    registry.promote("v2", "once more")

    assert (registry.resolve("champion"), registry.resolve("previous")) == ("v2", "v1")


def test_rolling_back_is_promoting_the_previous(registry: ModelRegistry) -> None:
    for version in ("v1", "v2"):
        registry.add(stored(version))
        registry.promote(version, "better")
    registry.promote("v1", "v2 raised the overrides")

    assert (registry.resolve("champion"), registry.resolve("previous")) == ("v1", "v2")


def test_an_alias_points_and_is_removed(registry: ModelRegistry) -> None:
    registry.add(stored())
    registry.point("challenger", "v1")
    assert registry.resolve("challenger") == "v1"

    registry.point("challenger", None)
    assert registry.resolve("challenger") is None


def test_no_alias_can_point_to_nothing(registry: ModelRegistry) -> None:
    with pytest.raises(NotFoundError):
        registry.promote("v9", "why")
    with pytest.raises(NotFoundError):
        registry.point("challenger", "v9")

    assert registry.resolve("champion") is None
    assert registry.resolve("challenger") is None


@pytest.mark.parametrize("name", ["../v1", "a/b", ".hidden", "", "x" * 129])
def test_a_name_cannot_leave_the_registry(registry: ModelRegistry, name: str) -> None:
    with pytest.raises(RejectedError):
        registry.add(stored(name))
    with pytest.raises((NotFoundError, RejectedError)):
        registry.load(name)


def test_a_file_name_cannot_leave_its_version(registry: ModelRegistry) -> None:
    with pytest.raises(RejectedError):
        registry.add(StoredVersion(stored().lineage, {"../energy.txt": b""}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "energy.txt").write_bytes(b"other\n"),
        lambda folder: (folder / "energy.txt").unlink(),
        lambda folder: (folder / "manifest.json").write_text("{"),
    ],
    ids=["altered", "missing", "manifest"],
)
def test_damage_is_found_on_load(
    files: FileModelRegistry, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    files.add(stored())
    damage(tmp_path / "models" / "v1")

    with pytest.raises(RejectedError):
        files.load("v1")


def test_a_half_written_version_is_no_version(files: FileModelRegistry, tmp_path: Path) -> None:
    files.add(stored())
    (tmp_path / "models" / ".v2.leftover").mkdir()
    (tmp_path / "models" / ".v2.leftover" / "energy.txt").write_bytes(b"half")

    assert [lineage.version for lineage in files.versions()] == ["v1"]
    files.add(stored("v2"))
    assert files.load("v2").files["energy.txt"] == b"tree\n"


def test_the_history_says_when_and_why(files: FileModelRegistry) -> None:
    for version in ("v1", "v2"):
        files.add(stored(version))
        files.promote(version, f"{version} is better")

    assert files.history() == [
        {"at": NOW.isoformat(), "alias": "champion", "version": version, "reason": f"{version} is better"}
        for version in ("v1", "v2")
    ]


def test_another_process_sees_the_same(files: FileModelRegistry, tmp_path: Path) -> None:
    files.add(stored())
    files.promote("v1", "first")
    again = FileModelRegistry(tmp_path / "models")

    assert again.resolve("champion") == "v1"
    assert again.load("v1").files == stored().files


def test_processes_that_promote_at_once_lose_no_history(files: FileModelRegistry, tmp_path: Path) -> None:
    files.add(stored())
    code = (
        "import sys; from pathlib import Path; from cloud.adapters.file_registry import FileModelRegistry\n"
        "registry = FileModelRegistry(Path(sys.argv[1]))\n"
        "for turn in range(20): registry.promote('v1', f'{sys.argv[2]} {turn}')"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "models"), name]) for name in ("a", "b")
    ]

    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert len(files.history()) == 40
    json.loads((tmp_path / "models" / "aliases.json").read_text())
