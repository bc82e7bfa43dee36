"""Which versions may go."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.model_retention import Fate, Retention, Shelf, fates
from cloud.ports.models import Alias, Lineage, Stage

NOW = datetime(2025, 9, 1, tzinfo=UTC)


def lineage(version: str, *, age_days: int, parent: str | None = None) -> Lineage:
    return Lineage(
        version=version,
        parent=parent,
        kind="train",
        created_at=NOW - timedelta(days=age_days),
        data_start=NOW,
        data_end=NOW,
        rows=1,
        homes=1,
        parameters={},
        metrics={},
        seed=1,
    )


AGES = {
    "base": 400,
    "old": 200,
    "made-from": 190,
    "champion": 120,
    "used": 110,
    "trial": 100,
    "new": 95,
    "fresh": 3,
}
STAGE: dict[str, Stage] = {"champion": "champion", "trial": "canary"}
STAGES: dict[str, Stage] = {name: STAGE.get(name, "retired") for name in AGES}
ALIASES: dict[str, Alias] = {"champion": "champion", "base": "previous", "trial": "challenger"}


def decided(retention: Retention) -> dict[str, Fate]:
    lineages = [
        lineage(name, age_days=age, parent="made-from" if name == "champion" else None)
        for name, age in AGES.items()
    ]
    shelf = Shelf(lineages, STAGES, ALIASES, {"used": 7})
    return {fate.version: fate for fate in fates(shelf, retention, NOW)}


def test_only_old_ones_that_nobody_needs_go_and_each_says_why() -> None:
    found = decided(Retention(newest=2, days=90))

    assert [version for version, fate in found.items() if fate.removed] == ["old"]
    assert {version: fate.reason for version, fate in found.items()} == {
        "base": "the previous",
        "old": "retired, made 200 days ago, used by nobody",
        "made-from": "champion was made from it, which is the champion",
        "champion": "the champion",
        "used": "the newest advice of 7 devices is by it",
        "trial": "the challenger",
        "new": "among the newest 2",
        "fresh": "among the newest 2",
    }


@pytest.mark.parametrize(
    ("retention", "gone"),
    [
        (Retention(newest=0, days=0), ["old", "new", "fresh"]),
        (Retention(newest=0, days=3), ["old", "new"]),
        (Retention(newest=0, days=199), ["old"]),
        (Retention(newest=0, days=200), []),
        (Retention(newest=7, days=0), []),
        (Retention(newest=6, days=0), ["old"]),
    ],
)
def test_days_and_numbers_are_counted(retention: Retention, gone: list[str]) -> None:
    assert [version for version, fate in decided(retention).items() if fate.removed] == gone
