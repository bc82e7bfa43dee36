"""The promises of a model registry, asked of every place that its files can be: memory, a disk, S3."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.errors import ConflictError, NotFoundError, RejectedError
from cloud.ports.models import Lineage, ModelRegistry, Note, StoredVersion

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
NOTE = Note("ada", "it was time")

Make: TypeAlias = Callable[[], ModelRegistry]


def text_model(value: str = "1") -> bytes:
    """LightGBM's text of one tree with one leaf, as far as the registry looks."""
    tree = f"Tree=0\nnum_leaves=1\nleaf_value={value}\n\n\n".encode()
    return b"tree\nversion=v4\ntree_sizes=%d\n\n%send of trees\n\n" % (len(tree), tree)


def stored(version: str = "v1", *, value: str = "1") -> StoredVersion:
    lineage = Lineage(
        version=version,
        parent=None,
        kind="train",
        created_at=NOW,
        data_start=NOW - timedelta(days=28),
        data_end=NOW,
        rows=26_880,
        homes=40,
        parameters={"energy": {"trees": 100}},
        metrics={"energy_cv_rmse": 0.28},
        seed=1,
    )
    return StoredVersion(lineage, {"energy.txt": text_model(value), "override.txt": text_model()})


@pytest.fixture(params=["memory", "local", "s3"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """One more view of the same registry, as another process has it."""
    memory = MemoryFiles()

    def files() -> LakeFiles:
        if request.param == "memory":
            return memory
        if request.param == "local":
            return LocalFiles(tmp_path / "models")
        made: LakeFiles = request.getfixturevalue("make_s3_files")()
        return made

    return lambda: StoredModelRegistry(files(), Seal(b"k" * 32), lambda: NOW)


def filled(make: Make, *versions: str) -> ModelRegistry:
    """A registry in which each of the versions was champion once, the last one is."""
    registry = make()
    before = None
    for version in versions:
        registry.add(stored(version), NOTE)
        registry.promote(version, NOTE, over=before)
        before = version
    return registry


def test_gives_back_what_was_added_with_its_digests(make: Make) -> None:
    make().add(stored(), NOTE)

    loaded = make().load("v1")

    assert dict(loaded.files) == dict(stored().files)
    # By `printf 'tree\\nversion=v4\\ntree_sizes=35\\n\\nTree=0\\n…' | sha256sum`
    tree = "6b08518758aa9b12f56ceedc165b7f14d3adf766ac5ce964b3da0a6083d6abf1"
    assert loaded.lineage.files == {"energy.txt": tree, "override.txt": tree}
    assert loaded.lineage.model_copy(update={"files": {}}) == stored().lineage
    assert make().lineage("v1") == loaded.lineage
    assert make().stages() == {"v1": "registered"}


def test_a_version_never_changes_and_its_name_is_never_used_again(make: Make) -> None:
    registry = make()
    registry.add(stored(), NOTE)
    with pytest.raises(ConflictError, match="'v1' already"):
        make().add(stored(value="2"), NOTE)
    assert make().load("v1").files["energy.txt"] == text_model("1")

    registry.remove(["v1"], NOTE)

    with pytest.raises(ConflictError, match="there was one"):
        make().add(stored(), NOTE)


def test_an_empty_registry_has_nothing(make: Make) -> None:
    assert make().stages() == {}
    assert make().history() == []
    assert make().resolve("champion") is None
    with pytest.raises(NotFoundError):
        make().load("v1")


def test_promoting_remembers_the_champion_of_before(make: Make) -> None:
    seen = filled(make, "v1")
    filled_view = make()
    filled_view.add(stored("v2"), NOTE)
    filled_view.put("v2", "canary", NOTE)
    assert seen.resolve("challenger") == "v2"

    filled_view.promote("v2", NOTE, over="v1")

    assert (seen.resolve("champion"), seen.resolve("previous"), seen.resolve("challenger")) == (
        "v2",
        "v1",
        None,
    )
    assert seen.stages() == {"v1": "retired", "v2": "champion"}


def test_promoting_the_champion_again_changes_nothing(make: Make) -> None:
    registry = filled(make, "v1", "v2")
    before = registry.history()

    registry.promote("v2", Note("bob", "once more"), over="v1")

    assert (make().resolve("champion"), make().resolve("previous")) == ("v2", "v1")
    assert make().history() == before


def test_rolls_back_one_champion_at_a_step(make: Make) -> None:
    registry = filled(make, "v1", "v2", "v3")

    assert registry.roll_back(NOTE, of="v3") == "v2"
    assert (make().resolve("champion"), make().resolve("previous")) == ("v2", "v1")
    assert make().roll_back(NOTE, of="v2") == "v1"

    assert make().stages() == {"v1": "champion", "v2": "rejected", "v3": "rejected"}
    with pytest.raises(RejectedError, match="nothing served before v1"):
        make().roll_back(NOTE, of="v1")
    with pytest.raises(RejectedError, match="v3 is rejected"):
        make().promote("v3", NOTE, over="v1")


def test_of_two_who_roll_back_one_does(make: Make) -> None:
    registry = filled(make, "v1", "v2", "v3")
    make().roll_back(NOTE, of="v3")

    with pytest.raises(ConflictError, match="the champion is v2 and not v3"):
        registry.roll_back(NOTE, of="v3")

    assert make().resolve("champion") == "v2"


def test_of_many_promoters_exactly_one_wins(make: Make) -> None:
    filled(make, "v0")
    names = [f"c{number}" for number in range(6)]
    for name in names:
        make().add(stored(name), NOTE)
    views = [make() for _ in names]

    def promote(name: str, registry: ModelRegistry) -> bool:
        try:
            registry.promote(name, NOTE, over="v0")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(promote, names, views))

    assert won.count(True) == 1
    assert (make().resolve("champion"), make().resolve("previous")) == (names[won.index(True)], "v0")
    assert list(make().stages().values()).count("champion") == 1


def test_of_many_adders_of_a_name_one_wins_whole(make: Make) -> None:
    views = [make() for _ in range(6)]

    def add(number: int) -> bool:
        try:
            views[number].add(stored(value=str(number)), NOTE)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(add, range(6)))

    assert won.count(True) == 1
    assert make().load("v1").files["energy.txt"] == text_model(str(won.index(True)))


def test_moves_at_once_are_all_in_the_history(make: Make) -> None:
    views = [make() for _ in range(4)]

    def live(number: int) -> None:
        for turn in range(5):
            views[number].add(stored(f"v{number}-{turn}"), Note(f"job {number}", "why"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(live, range(4)))

    history = make().history()
    assert [move.number for move in history] == list(range(1, 21))
    assert [move.by for move in history if "v2-3" in move.stages] == ["job 2"]
    assert len(make().stages()) == 20


def test_one_challenger_at_a_time(make: Make) -> None:
    registry = make()
    for version in ("v1", "v2"):
        registry.add(stored(version), NOTE)
    registry.put("v1", "shadow", NOTE)
    with pytest.raises(RejectedError, match="v1 is on trial"):
        registry.put("v2", "canary", NOTE)

    registry.put("v1", "rejected", NOTE)
    assert make().resolve("challenger") is None
    registry.put("v2", "canary", NOTE)

    assert make().resolve("challenger") == "v2"


def test_no_alias_can_point_to_nothing(make: Make) -> None:
    for ask in (
        lambda: make().promote("v9", NOTE, over=None),
        lambda: make().put("v9", "shadow", NOTE),
        lambda: make().remove(["v9"], NOTE),
    ):
        with pytest.raises(NotFoundError):
            ask()

    assert make().history() == []


def test_the_history_says_when_by_whom_and_why(make: Make) -> None:
    registry = make()
    registry.add(stored(), Note("training job", "28 days of 40 homes"))
    registry.put("v1", "shadow", Note("ada", "looks good"))
    registry.promote("v1", Note("bob", "no harm in shadow"), over=None)

    told = [(move.at, move.by, move.action, move.reason, move.stages) for move in make().history()]

    assert told == [
        (NOW, "training job", "register", "28 days of 40 homes", {"v1": "registered"}),
        (NOW, "ada", "stage", "looks good", {"v1": "shadow"}),
        (NOW, "bob", "promote", "no harm in shadow", {"v1": "champion"}),
    ]


def test_what_stands_behind_a_reason_is_kept_with_it(make: Make) -> None:
    make().add(stored(), NOTE)
    make().put("v1", "rejected", Note("gate", "kept v0", {"numbers": "refused: 3 are none"}))

    assert [move.document for move in make().history()] == [{}, {"numbers": "refused: 3 are none"}]


@pytest.mark.parametrize("name", ["../v1", "a/b", ".hidden", "", "x" * 129])
def test_a_name_cannot_leave_the_registry(make: Make, name: str) -> None:
    with pytest.raises(RejectedError):
        make().add(stored(name), NOTE)
    with pytest.raises(NotFoundError):
        make().load(name)


@pytest.mark.parametrize(
    "files",
    [
        {"../energy.txt": text_model()},
        {"energy.txt": pickle.dumps({"a": 1})},
        {"energy.pkl": text_model()},
        {"energy.txt": b"energy"},
        {"energy.txt": text_model()[:-20]},
        {"energy.txt": text_model().replace(b"leaf_value=1", b"leaf_value=")},
    ],
    ids=["path", "pickle", "suffix", "text", "cut off", "a digit short"],
)
def test_only_whole_text_models_are_taken(make: Make, files: dict[str, bytes]) -> None:
    with pytest.raises(RejectedError):
        make().add(StoredVersion(stored().lineage, files), NOTE)

    assert make().stages() == {}


def test_removes_what_nobody_points_to_with_its_files(make: Make) -> None:
    registry = filled(make, "v1", "v2", "v3")
    for version, alias in (("v2", "previous"), ("v3", "champion")):
        with pytest.raises(RejectedError, match=alias):
            make().remove(["v1", version], NOTE)
    assert list(make().stages()) == ["v1", "v2", "v3"]

    assert registry.remove(["v1"], NOTE) == 3  # two models and the manifest

    assert list(make().stages()) == ["v2", "v3"]
    assert make().history()[-1].stages == {"v1": None}
    with pytest.raises(NotFoundError):
        make().load("v1")
    assert make().load("v2").files
