"""Half a year of updates: models stay as large as they were, and within physics."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cloud import trees
from cloud.energy import wrong_slopes
from cloud.finetuning import QUICK_TREES, Round, fine_tune
from cloud.training import TrainingParams, train
from cloud.trees import TreeParams
from cloud.triggers import Memory, Signal, decide

ROUNDS = 26

MOST = 60
"""Trees in all, so that the test takes seconds: there is room for one hot-fix, as in service."""

PARAMS = TrainingParams(
    energy=TreeParams(trees=30, leaves=4, min_rows_leaf=40),
    override=TreeParams(trees=5, leaves=4, min_rows_leaf=40),
)

SUDDEN = Signal(trigger="level", cohort="fleet", subject="", value=1.0, words="sudden")
OLD = Signal(trigger="age", cohort="fleet", subject="", value=7.0, words="old")


def test_twenty_six_weeks_of_changes_leave_trees_bytes_and_slopes_bounded(
    make_rooms: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third week something sudden happens, and more often than there is room for trees."""
    monkeypatch.setattr(trees, "MAX_TREES", MOST)
    room_hours = make_rooms(homes=8, days=14).hours()
    reservoir = make_rooms(homes=6, seed=9).hours()
    reservoir["device_id"] = "base-" + reservoir["device_id"].astype(str)
    champion = train(room_hours, PARAMS, "v0")
    rounds: list[tuple[str, Round]] = []

    for week in range(ROUNDS):
        room = MOST - champion.energy.trees.count
        signals = [SUDDEN] if week % 3 else [OLD]
        update = decide(signals, Memory(), room_hours["hour_end_at"].max(), room=room).update
        hours = room_hours.assign(hour_end_at=room_hours["hour_end_at"] + timedelta(weeks=week))
        made = fine_tune(champion, hours, reservoir, PARAMS, f"v{week + 1}", quick=update == "hot_fix")
        rounds.append((str(update), made))
        champion = made.challenger  # the worst case: each is promoted

    counts = [made.challenger.energy.trees.count for _, made in rounds]
    sizes = [sum(map(len, made.challenger.to_files().values())) for _, made in rounds]
    assert {update for update, _ in rounds} == {"hot_fix", "fine_tune"}
    assert set(counts) == {30, 30 + QUICK_TREES}
    assert max(counts) <= MOST
    assert max(sizes[ROUNDS // 2 :]) <= 1.1 * max(sizes[: ROUNDS // 2])
    assert [wrong_slopes(made.challenger.energy, room_hours) for _, made in rounds[:3]] == [0, 0, 0]
