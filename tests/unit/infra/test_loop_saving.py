"""What homes knew on a day: an advisor that learns no more goes by it; and who regains a saving."""

from datetime import UTC, datetime, timedelta

import numpy as np

from cloud.advice import Installation
from cloud.advisor import HomeAdvisor
from cloud.champion import Champion
from cloud.home_state import HomeState
from edge.contract import Telemetry
from infra.local.loop_saving import Arm, Saved, Unlearning

AT = datetime(2025, 7, 1, 12, tzinfo=UTC)
HOME = Installation(24.0, 35.0, 0.0, "UTC")


def reading(at: datetime) -> Telemetry:
    return Telemetry(
        device_id="d1",
        sampled_at=at,
        interval_s=900,
        mode="cool",
        setpoint_c=24.0,
        indoor_dry_bulb_c=24.0,
        outdoor_dry_bulb_c=33.0,
        electric_power_w=600.0,
    )


def beliefs(home: HomeState) -> list[float]:
    """How likely an override is within an hour, at some degrees above the habit [ratio]."""
    chances: list[float] = home.tolerance.comfort.override_ratio(np.arange(0.0, 4.0, 0.5), 1.0).tolist()
    return chances


def lived(advisor: HomeAdvisor) -> tuple[list[float], HomeState]:
    """What was known at the first advice, and a home whose people were too warm after it."""
    for step in range(16):
        advisor.observe(reading(AT + timedelta(minutes=15 * step)))
    after = AT + timedelta(hours=4)
    advisor.advise(after)
    known = beliefs(advisor._home)
    advisor._home.tolerance.comfort.override(1.0)
    advisor.advise(after + timedelta(hours=1))
    return known, advisor._home


def test_who_learns_no_more_goes_by_what_was_known() -> None:
    champion = Champion.from_package()

    known, learnt = lived(HomeAdvisor(champion, HOME))
    known_too, kept = lived(Unlearning(champion, HOME))

    assert beliefs(learnt) != known
    assert beliefs(kept) == known_too == known


def test_who_regains_what_was_lost() -> None:
    saved = Saved(0.1, *(Arm([], whole) for whole in (0.10, 0.02, 0.07, 0.08)))

    told = (saved.lost, saved.regained_nightly, saved.regained_by_loop)
    assert [round(each, 4) for each in told] == [0.08, 0.05, 0.01]
