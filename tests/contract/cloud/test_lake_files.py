"""What `LakeFiles` promises, asked of every adapter."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import pytest

from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.adapters.memory_files import MemoryFiles
from cloud.errors import NotFoundError

Make: TypeAlias = Callable[[], LakeFiles]


@pytest.fixture(params=["local", "memory", "s3"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """One more view of the same files, as another process has it."""
    if request.param == "local":
        return lambda: LocalFiles(tmp_path / "lake")
    if request.param == "memory":
        memory = MemoryFiles()
        return lambda: memory
    return request.getfixturevalue("make_s3_files")  # type: ignore[no-any-return]


def test_a_file_is_made_once_and_never_replaced(make: Make) -> None:
    assert make().create("a/b.json", b"first")
    assert not make().create("a/b.json", b"second")
    assert make().read("a/b.json") == b"first"


def test_of_many_makers_one_wins(make: Make) -> None:
    makers = [make() for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: makers[number].create("v/1", bytes([number])), range(8)))

    assert won.count(True) == 1
    assert makers[0].read("v/1") == bytes([won.index(True)])


def test_lists_names_by_prefix_and_behind_another(make: Make) -> None:
    files = make()
    for name in ("day=2/bucket=1/x", "day=1/bucket=1/y", "day=1/bucket=0/z", "_m/2", "_m/1", "_n/1"):
        files.create(name, b"")

    assert files.names() == sorted(
        ["_m/1", "_m/2", "_n/1", "day=1/bucket=0/z", "day=1/bucket=1/y", "day=2/bucket=1/x"]
    )
    assert files.names("day=1") == ["day=1/bucket=0/z", "day=1/bucket=1/y"]
    assert files.names("_m/", "_m/1") == ["_m/2"]
    assert files.names("_m/", "_m/2") == []
    assert files.names("nothing/") == []


def test_lists_more_names_than_a_page_has(make: Make) -> None:
    files = make()
    names = [f"v/{number:05d}" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: files.create(name, b""), names))

    assert files.names("v/") == names

    files.remove(names)
    assert files.names() == []


def test_what_is_removed_is_gone_and_can_be_removed_again(make: Make) -> None:
    files = make()
    files.create("a/1", b"1")
    files.create("a/2", b"2")

    files.remove(["a/1", "a/never"])
    files.remove(["a/1"])
    files.remove([])

    assert files.names() == ["a/2"]
    with pytest.raises(NotFoundError):
        files.read("a/1")
    assert files.create("a/1", b"again")


def test_gives_paths_to_read(make: Make) -> None:
    files = make()
    files.create("a/1", b"one")
    files.create("b/1", b"other")

    with files.local(["b/1", "a/1"]) as paths:
        assert [Path(path).read_bytes() for path in paths] == [b"other", b"one"]
