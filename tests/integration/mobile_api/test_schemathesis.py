"""Schemathesis asks the running API what its description promises: every check, links included."""

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.mobile_api.conftest import ApiProcess, running

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SEED = "7"
MAX_EXAMPLES = "20"
"""Of each operation and phase: some 3,000 cases in all, in a quarter of an hour on a busy machine."""

STREAM_LIFETIME_S = "0.2"
"""Each case of `/v1/events` is read to its end: of the default's minute each, they alone take hours [s]."""


@pytest.fixture
def api(tmp_path: Path) -> "Iterator[ApiProcess]":
    with running(tmp_path, {"API_STREAM_LIFETIME_S": STREAM_LIFETIME_S}) as api:
        yield api


def _ask(api: ApiProcess, *options: str) -> str:
    """What schemathesis reports; it fails when anything was found."""
    url = f"http://127.0.0.1:{api.port}"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{url}/openapi.json", "--checks", "all", "--continue-on-failure", "--seed", SEED, *options),
    ]
    environment = {
        "PYTHONPATH": f"{ROOT}:{HERE}",
        "PYTHONIOENCODING": "utf-8",
        "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        "AC_ADVISOR_URL": url,
        "AC_ADVISOR_STATE": str(api.data_dir / "state.sqlite"),
    }
    folder = api.data_dir / "schemathesis"
    folder.mkdir()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    return done.stdout


def _cases(report: str) -> int:
    (count,) = re.findall(r"(\d+) generated", report)
    return int(count)


def test_a_few_cases_of_every_operation_hold(api: ApiProcess) -> None:
    report = _ask(api, "--phases", "examples,fuzzing,stateful", "--max-examples", "1", "--mode", "positive")

    assert _cases(report) >= 40


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_more_than_two_thousand_cases_hold(api: ApiProcess) -> None:
    report = _ask(api, "--max-examples", MAX_EXAMPLES)
    print(report[report.index("Test Phases") :])

    assert _cases(report) >= 2000
