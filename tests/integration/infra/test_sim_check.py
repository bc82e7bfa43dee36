"""`ac-advisor sim --check`: facts for people and for scripts."""

import json
import subprocess
import sys


def checked(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra.local", "sim", "--check", "--homes", "4", "--days", "2", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


def test_facts_are_printed_as_json_and_strictness_is_in_the_exit_code() -> None:
    done = checked("--json", "--strict")

    facts = json.loads(done.stdout)
    outside = [fact["name"] for fact in facts if not fact["inside"]]
    assert done.returncode == (1 if outside else 0)
    assert {"name", "unit", "value", "low", "high", "standard_error", "homes", "reference"} <= set(facts[0])
    assert {fact["reference"]["kind"] for fact in facts} <= {"published", "derived", "assumed"}


def test_the_table_is_for_people_and_reports_without_judging() -> None:
    done = checked()

    assert done.returncode == 0, done.stderr
    assert "facts are inside" in done.stdout
