"""What becomes of a challenger when its job has ended: it serves, is tried, waits, or is rejected."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.model_seal import Seal
from cloud.adapters.stored_registry import StoredModelRegistry
from cloud.champion import Champion, package_version
from cloud.finetuning import Round
from cloud.gate.verdict import Finding, verdict
from cloud.wiring.registry import serving_champion
from infra.local.training_job import keep

SHIPPED = package_version().lineage.version

End = Callable[..., str]


@pytest.fixture
def registry() -> StoredModelRegistry:
    made = StoredModelRegistry(MemoryFiles(), Seal(), lambda: datetime(2025, 7, 1, tzinfo=UTC))
    serving_champion(made)
    return made


@pytest.fixture
def end(registry: StoredModelRegistry) -> End:
    """Let a job end with a challenger of this name, that the gate lets pass or not."""

    def ended(version: str, *, passes: bool = True) -> str:
        findings = [Finding("error", passed=passes, says="that is over 2 %")]
        judged = verdict(SHIPPED, "daily error 5 %", findings)
        made = Round(Champion.from_package(), judged, {}, 0, refitted=False)
        lineage = package_version().lineage.model_copy(
            update={"version": version, "parent": SHIPPED, "kind": "fine_tune"}
        )
        return keep(registry, lineage, made)

    return ended


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_ROLLOUT", "staged")


def test_by_itself_who_passes_serves_at_once(registry: StoredModelRegistry, end: End) -> None:
    assert end("v2") == f"no worse than {SHIPPED}: daily error 5 %"

    assert registry.resolve("champion") == "v2"


@pytest.mark.usefixtures("staged")
def test_staged_it_is_tried_first_and_the_gates_findings_are_kept(
    registry: StoredModelRegistry, end: End
) -> None:
    assert end("v2") == f"into the shadow: no worse than {SHIPPED}: daily error 5 %"

    assert (registry.resolve("champion"), registry.resolve("challenger")) == (SHIPPED, "v2")
    move = registry.history()[-1]
    assert (move.stages, move.document) == ({"v2": "shadow"}, {"error": "passed: that is over 2 %"})


@pytest.mark.usefixtures("staged")
def test_during_a_trial_the_newest_waits_and_no_job_fails(registry: StoredModelRegistry, end: End) -> None:
    end("v2")

    assert end("v3") == f"waits, v2 is on trial: no worse than {SHIPPED}: daily error 5 %"
    assert end("v4").startswith("waits, v2 is on trial")

    stages = registry.stages()
    assert (stages["v2"], stages["v3"], stages["v4"]) == ("shadow", "retired", "waiting")
    assert registry.history()[-1].stages == {"v3": "retired", "v4": "waiting"}  # at once


@pytest.mark.usefixtures("staged")
def test_who_does_not_pass_is_rejected_whoever_is_on_trial(registry: StoredModelRegistry, end: End) -> None:
    end("v2")

    assert "that is over 2 %" in end("v3", passes=False)

    assert registry.stages()["v3"] == "rejected"
