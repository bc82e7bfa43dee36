"""The folder of a demo is emptied by the next one, but not while somebody runs there."""

import os
from pathlib import Path

import pytest

from infra.local import demo
from infra.local.errors import AlreadyRunningError, DataDirectoryError
from infra.local.run_folder import RunFolder


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """What a demo has left."""
    (tmp_path / demo.MARKER).touch()
    (tmp_path / "lake").mkdir()
    return tmp_path


def test_the_next_demo_begins_with_nothing(played: Path) -> None:
    demo._empty(played)

    assert [path.name for path in played.iterdir()] == [demo.MARKER]


def test_a_demo_that_runs_keeps_its_folder(played: Path) -> None:
    running = RunFolder(played)
    running.claim()

    with pytest.raises(AlreadyRunningError, match=f"pid {os.getpid()}"):
        demo._empty(played)

    assert (played / "lake").exists()
    running.release()


def test_a_folder_that_is_no_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(DataDirectoryError, match="something else"):
        demo._empty(tmp_path)

    assert (tmp_path / "thesis.tex").exists()
