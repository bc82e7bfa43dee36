"""`python -m edge` says what it can do, and starts nothing that it was not asked for."""

import subprocess
import sys
from pathlib import Path


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge", *arguments],
        env={"EDGE_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_is_shown_and_no_gateway_starts(tmp_path: Path) -> None:
    for asked in ("--help", "-h"):
        shown = _run(tmp_path, asked)

        assert (shown.returncode, shown.stderr) == (0, "")
        assert all(f"python -m edge{words}" in shown.stdout for words in ("`", " claim", " home-assistant"))

    assert list(tmp_path.iterdir()) == []


def test_a_command_that_there_is_not_is_one_clear_line(tmp_path: Path) -> None:
    refused = _run(tmp_path, "clam")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines() == ["no such command: clam; see --help"]
    assert list(tmp_path.iterdir()) == []
