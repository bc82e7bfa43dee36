"""A registry whose files are damaged or forged, or whose writer is killed between two of them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from typing_extensions import override

from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import ORPHAN_AFTER_S, StoredModelRegistry
from cloud.champion import Champion, package_version
from cloud.errors import ConflictError, NotFoundError, RejectedError
from cloud.ports.models import Note, StoredVersion

NOW = datetime(2025, 9, 1, tzinfo=UTC)
NOTE = Note("ada", "it was time")
KEY = b"0123456789abcdef0123456789abcdef"
SHIPPED = package_version()


def version(name: str) -> StoredVersion:
    return StoredVersion(SHIPPED.lineage.model_copy(update={"version": name}), SHIPPED.files)


def registry(files: MemoryFiles, key: bytes = b"", *, at: datetime = NOW) -> StoredModelRegistry:
    return StoredModelRegistry(files, Seal(key), lambda: at)


def filled(key: bytes = b"") -> MemoryFiles:
    """v1 was champion, v2 is."""
    files = MemoryFiles()
    made, before = registry(files, key), None
    for name in ("v1", "v2"):
        made.add(version(name), NOTE)
        made.promote(name, NOTE, over=before)
        before = name
    return files


def path(files: MemoryFiles, end: str, start: str = "versions/v2/") -> str:
    (found,) = [name for name in files.stored if name.startswith(start) and name.endswith(end)]
    return found


def altered(files: MemoryFiles, name: str, old: bytes, new: bytes) -> None:
    assert old in files.stored[name]
    files.stored[name] = files.stored[name].replace(old, new)


DAMAGE: dict[str, Callable[[MemoryFiles], object]] = {
    "a number": lambda files: altered(files, path(files, "energy.txt"), b"leaf_value=0", b"leaf_value=1"),
    "a file": lambda files: files.remove([path(files, "override.txt")]),
    "the manifest": lambda files: altered(files, path(files, "manifest.json"), b"201360", b"201361"),
    "no manifest": lambda files: files.remove([path(files, "manifest.json")]),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_version_is_not_loaded_promoted_or_rolled_back_to(
    damage: Callable[[MemoryFiles], object],
) -> None:
    files = filled()
    registry(files).add(version("v3"), NOTE)
    registry(files).promote("v3", NOTE, over="v2")
    damage(files)

    with pytest.raises(RejectedError, match="altered"):
        registry(files).load("v2")
    with pytest.raises(RejectedError, match="altered"):
        registry(files).roll_back(NOTE, of="v3")
    with pytest.raises(RejectedError, match="altered"):
        registry(files).promote("v2", NOTE, over="v3")

    assert registry(files).resolve("champion") == "v3"
    registry(files).promote("v1", NOTE, over="v3")
    assert Champion.from_stored(registry(files).load("v1")).version == "v1"


@pytest.mark.parametrize("key", [b"", KEY], ids=["hashed", "signed"])
@pytest.mark.parametrize("number", [1, 2, 4], ids=["first", "second", "newest"])
def test_an_altered_move_is_seen_wherever_it_stands(key: bytes, number: int) -> None:
    files = filled(key)
    altered(files, f"moves/{number:012d}.json", b"it was time", b"it was tome")

    with pytest.raises(RejectedError, match="was altered"):
        registry(files, key).history()


def test_a_move_that_is_missing_is_seen() -> None:
    files = filled()
    files.remove([f"moves/{2:012d}.json"])

    with pytest.raises(RejectedError, match="was altered"):
        registry(files).history()


def reseal(body: bytes) -> bytes:
    """What anybody can do who knows how it is sealed, without the key."""
    line = sha256(b"ac-advisor model registry\n" + body).hexdigest()
    return body + b"\nsha256 " + line.encode()


def forge(files: MemoryFiles) -> None:
    """Let v1 serve, by a move that fits all that can be known without the key."""
    last = files.stored[f"moves/{4:012d}.json"]
    record = json.loads(last.rpartition(b"\n")[0])
    record["move"]["number"] = 5
    record["before_sha256"] = sha256(last).hexdigest()
    record["ledger"]["aliases"]["champion"] = "v1"
    files.create(f"moves/{5:012d}.json", reseal(json.dumps(record).encode()))


@pytest.mark.parametrize("key", [b"", KEY], ids=["hashed", "signed"])
def test_a_past_that_was_written_anew_is_seen_by_the_moves_behind_it(key: bytes) -> None:
    files = filled(key)
    body = files.stored[f"moves/{2:012d}.json"].rpartition(b"\n")[0]
    files.stored[f"moves/{2:012d}.json"] = reseal(body.replace(b"it was time", b"I was told"))

    with pytest.raises(RejectedError, match=r"moves/000000000002.json was altered"):
        registry(files, key).history()


def test_a_forged_move_is_taken_by_digest_and_refused_by_signature() -> None:
    hashed, signed = filled(), filled(KEY)
    known = registry(signed, KEY)
    assert known.resolve("champion") == "v2"
    forge(hashed)
    forge(signed)

    assert registry(hashed).resolve("champion") == "v1"  # what a digest cannot see
    for view in (known, registry(signed, KEY)):
        with pytest.raises(RejectedError, match="not signed"):
            view.resolve("champion")


def test_a_registry_is_signed_later_and_then_wants_the_key() -> None:
    files = filled()
    with pytest.raises(RejectedError, match="models sign"):
        registry(files, KEY).load("v2")
    with pytest.raises(RejectedError, match="no key"):
        registry(files).sign(NOTE)

    registry(files, KEY).sign(Note("ada", "checked by hand"))

    assert registry(files, KEY).load("v2").files == version("v2").files
    assert [move.action for move in registry(files, KEY).history()][-1] == "sign"
    with pytest.raises(RejectedError, match="set CLOUD_MODELS_KEY"):
        registry(files).resolve("champion")
    with pytest.raises(RejectedError, match="was altered"):
        registry(files, KEY[::-1]).resolve("champion")


def test_what_was_altered_is_not_signed() -> None:
    files = filled()
    DAMAGE["a number"](files)

    with pytest.raises(RejectedError, match="altered"):
        registry(files, KEY).sign(NOTE)


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(RejectedError, match="too short"):
        Seal(b"secret")


@dataclass
class Contested(MemoryFiles):
    """Files where somebody else makes a move just before ours."""

    rival: Callable[[], object] | None = None

    @override
    def create(self, name: str, data: bytes) -> bool:
        rival, is_move = self.rival, name.startswith("moves/")
        if is_move and rival is not None:
            self.rival = None
            rival()
        return MemoryFiles.create(self, name, data)


def contested() -> tuple[Contested, StoredModelRegistry]:
    """Files where v2 serves and v3 could, and a rival."""
    files = Contested(dict(filled().stored))
    registry(files).add(version("v3"), NOTE)
    return files, registry(files)


def test_a_move_that_came_between_is_decided_upon_anew() -> None:
    files, rival = contested()
    files.rival = lambda: rival.promote("v1", Note("bob", "quicker"), over="v2")

    with pytest.raises(ConflictError, match="the champion is v1 and not v2"):
        registry(files).promote("v3", NOTE, over="v2")

    assert registry(files).resolve("champion") == "v1"
    assert registry(files).history()[-1].by == "bob"


def test_a_move_of_something_else_that_came_between_is_kept() -> None:
    files, rival = contested()
    files.rival = lambda: rival.add(version("v4"), Note("bob", "quicker"))

    registry(files).promote("v3", NOTE, over="v2")

    assert registry(files).stages() == {
        "v1": "retired",
        "v2": "retired",
        "v3": "champion",
        "v4": "registered",
    }
    assert [move.by for move in registry(files).history()[-2:]] == ["bob", "ada"]


class Killed(BaseException):
    """What nobody catches, as nobody catches a kill."""


@dataclass
class Mortal(MemoryFiles):
    """Files whose user is killed before one of its writes: the rest never happens."""

    writes_left: int = 0

    @override
    def create(self, name: str, data: bytes) -> bool:
        self._live()
        return MemoryFiles.create(self, name, data)

    @override
    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self._live()
            MemoryFiles.remove(self, [name])

    def _live(self) -> None:
        if self.writes_left == 0:
            raise Killed
        self.writes_left -= 1


def live(files: MemoryFiles) -> None:
    """A life of a registry, from wherever the last one ended."""
    now = NOW + timedelta(seconds=2 * ORPHAN_AFTER_S)
    made = registry(files, at=now)
    for name in ("v3", "v4"):
        if name not in made.stages():
            made.add(version(name), NOTE)
    if made.stages()["v3"] == "registered":
        made.put("v3", "canary", NOTE)
    if made.stages()["v3"] == "canary":
        made.promote("v3", NOTE, over="v2")
    if made.resolve("champion") == "v3":
        made.roll_back(NOTE, of="v3")
    made.remove([name for name in ("v3", "v4") if name in made.stages()], NOTE)


def test_killed_before_any_write_the_registry_is_whole_and_goes_on() -> None:
    survived = 0
    for writes in range(100):
        files = Mortal(dict(filled().stored), writes_left=writes)
        try:
            live(files)
            break
        except Killed:
            survived += 1
        files.writes_left = 10_000

        again = registry(files)
        champion = again.resolve("champion")
        assert champion in {"v2", "v3"}
        for name in again.stages():
            assert Champion.from_stored(again.load(name)).version == name
        numbers = [move.number for move in again.history()]
        assert numbers == list(range(1, len(numbers) + 1))
        assert again.history()[-1].aliases["champion"] == champion

        if not {"v3", "v4"} & {
            name for move in again.history() for name, to in move.stages.items() if not to
        }:
            live(files)
            assert registry(files).resolve("champion") == "v2"
        registry(files, at=NOW + timedelta(days=1)).remove([], NOTE)
        held = {name.split("/")[1] for name in files.names("versions/")}
        assert held == set(registry(files).stages())
    # 2 adds of 4 files, a manifest and a move; 3 moves; a removal's move and the 10 files of the two
    assert survived == 2 * 6 + 3 + 1 + 10


def test_what_somebody_is_about_to_add_is_not_swept() -> None:
    files = filled()
    files.create("versions/v9/1756684800000-00000000/energy.txt", b"half")  # made at NOW
    files.create("moves/.000000000002.json.abcd.new", b"half")
    files.create("moves/.000000000005.json.abcd.new", b"half")

    assert registry(files, at=NOW + timedelta(seconds=60)).remove([], NOTE) == 1
    assert registry(files, at=NOW + timedelta(seconds=ORPHAN_AFTER_S + 1)).remove([], NOTE) == 1

    assert not files.names("versions/v9")
    assert files.names("moves/.") == ["moves/.000000000005.json.abcd.new"]
    with pytest.raises(NotFoundError):
        registry(files).load("v9")
