"""`ac-advisor sim --check`: facts for people and for scripts."""

import json
import subprocess
import sys
from typing import Any

import pytest


def checked(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.local", "sim", "--check", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


@pytest.fixture(scope="module")
def strict() -> subprocess.CompletedProcess[str]:
    """What is printed of twelve homes for scripts."""
    return checked("--homes", "12", "--days", "2", "--seed", "2", "--json", "--strict")


def test_facts_are_printed_as_json_and_strictness_is_in_the_exit_code(
    strict: subprocess.CompletedProcess[str],
) -> None:
    facts = json.loads(strict.stdout)

    outside = [fact["name"] for fact in facts if not fact["inside"]]
    assert strict.returncode == (1 if outside else 0)
    assert {"name", "unit", "value", "low", "high", "standard_error", "homes", "reference"} <= set(facts[0])
    assert {fact["reference"]["kind"] for fact in facts} <= {"published", "derived", "assumed"}


def test_every_fact_is_measured(strict: subprocess.CompletedProcess[str]) -> None:
    facts: dict[str, Any] = {fact["name"]: fact for fact in json.loads(strict.stdout)}

    assert len(facts) >= 25
    unknown = {name for name, fact in facts.items() if not fact["homes"]}
    # of twelve homes, nobody may have touched the remote, and none of a rare kind may have been left alone
    assert all(name.startswith(("of them not", "recovery, ")) for name in unknown)
    assert facts["recovery from +3 K for 4 h"]["homes"]
    for fact in facts.values():
        assert fact["reference"]["source"]
    for climate in ("hot_dry", "hot_humid", "mild_summer"):
        assert facts[f"saved by +1 °C, {climate}"]["value"] > 3.0
    hot, mild = (facts[f"electricity a day, {climate}"]["value"] for climate in ("hot_dry", "mild_summer"))
    assert hot > mild


def test_the_table_is_for_people_and_reports_without_judging() -> None:
    """Of one day, which is shorter than some facts take."""
    done = checked("--homes", "2", "--days", "1")

    assert done.returncode == 0, done.stderr
    assert "facts are inside" in done.stdout
