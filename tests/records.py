"""Figures that slow suites measure, kept in `tests/results/`: those of the READMEs are taken from there."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "tests" / "results"


def record(
    name: str, arguments: tuple[str, ...], seed: int | None, figures: object, program: str = "ac-advisor"
) -> None:
    """Keep figures beside the command, the commit and the seed (None: a new one each time) of them."""
    git = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    command = " ".join((program, *arguments))
    document = {"command": command, "commit": commit, "seed": seed, "figures": figures}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
