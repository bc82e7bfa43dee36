"""What makes and lints the templates, the image and the base for Kubernetes; wants Node, and makes the rest.

The environment of these tools is made when it is not there, as `make infra-check` does; that takes minutes.
"""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

ROOT = Path(__file__).parents[2]
(GATES,) = re.findall(r"^INFRA_GATES := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(which("node") is None, reason="CDK wants Node 20 or newer, which is not installed"),
    pytest.mark.skipif(which("make") is None, reason="make is not installed"),
]


@pytest.mark.parametrize("gate", GATES.split())
def test_the_gate_lets_what_is_committed_pass(gate: str) -> None:
    done = subprocess.run(
        ["make", "--silent", gate],  # noqa: S607 (found above)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"`make {gate}` says:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
