"""Expected absences: what is likely to be set back later in the day, so that plan and saving can say it."""

from cloud.planner import Plan, Planner

EXPECTED_AWAY_RATIO = 0.8
"""A half-hour with this share of days away is expected to be away in the plan [ratio]."""

EXPECTED_START_SLOTS = 2
"""An expected set-back begins so much later than the absence: stillness must be seen first [slots]."""

EXPECTED_DEPTH_K = 2.0
EXPECTED_RECOVERY_SLOTS = 4
"""What an expected set-back is taken for: so deep [K], and ended so long before people return [slots]."""

MIN_EXPECTED_SLOTS = 8
"""An expected absence must last so long to be worth showing [slots]."""


def expect_set_backs(planner: Planner, plan: Plan) -> None:
    """Put in what is likely to come in the absences ahead, so that plan and saving can say it."""
    depth_k = min(planner.deepest_k(), EXPECTED_DEPTH_K)
    place = 1
    while place < len(plan.away):
        end = place
        while end < len(plan.away) and plan.away[end] >= EXPECTED_AWAY_RATIO:
            end += 1
        if end - place >= MIN_EXPECTED_SLOTS:
            for at in range(place + EXPECTED_START_SLOTS, end - EXPECTED_RECOVERY_SLOTS):
                warmer_c = planner.limits.within(plan.occupied_c[at] + depth_k, plan.habit_c[at])
                plan.setpoint_c[at] = max(warmer_c, plan.setpoint_c[at])
                plan.likely[at] = plan.away[at]
        place = end + 1
