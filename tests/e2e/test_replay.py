import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.broker import free_ports


@pytest.mark.parametrize(
    ("folder", "format_name", "rows"),
    [("ecobee_home", "ecobee", 6039), ("hilft_ashp", "hilft", 66_240)],  # rows: README of each data set
)
def test_a_recording_lands_whole(
    folder: str, format_name: str, rows: int, tmp_path: Path, data_directory: Path
) -> None:
    (mqtt_port,) = free_ports(1)
    command = [sys.executable, "-m", "infra.local", "replay", str(data_directory / folder)]
    options = ["--format", format_name, "--timezone", "America/New_York", "--json"]
    places = ["--data-dir", str(tmp_path / "replay"), "--mqtt-port", str(mqtt_port)]

    done = subprocess.run(
        [*command, *options, *places], capture_output=True, text=True, check=False, timeout=280
    )

    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["rows_in_files"] == rows
    assert counts["readings_in_lake"] + counts["readings_dead_lettered"] == rows
