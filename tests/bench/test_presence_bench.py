import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from cloud.champion import Champion
from cloud.home_clock import SLOT_S, SLOTS_PER_DAY, HomeClock
from cloud.presence import Presence
from cloud.presence_features import AWAY_FEATURES, Moment

START_S = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
HOMES, DAYS, ROUNDS = 1000, 40, 5


def _lived(seed: int) -> Presence:
    """Forty days of half-hours with somebody there or not."""
    random, presence, clock = np.random.default_rng(seed), Presence(), HomeClock("UTC")
    for number in range(DAYS * SLOTS_PER_DAY):
        at_s = START_S + (number + 1) * SLOT_S
        slot = clock.slot(at_s - 1.0)
        moved = bool(random.random() < (0.1 if 18 < slot.of_day < 34 else 0.9))
        presence.observe(at_s, slot, moved=moved)
        presence.learn(slot, moved=moved)
    return presence


@pytest.mark.bench
def test_asking_the_presence_model_against_its_bare_trees() -> None:
    model = Champion.from_package().presence
    assert model is not None
    lived = [_lived(seed) for seed in range(20)]
    at_s = START_S + DAYS * SLOTS_PER_DAY * SLOT_S + 900.0
    moments = [Moment(lived[home % len(lived)], at_s, HomeClock("UTC").slot(at_s)) for home in range(HOMES)]
    rows = np.random.default_rng(1).random((HOMES * 25, len(AWAY_FEATURES)))
    for presence in lived:
        presence.leave(at_s)

    asked = _seconds(lambda: model.away(moments))
    bare = _seconds(lambda: model.away_trees.predict(rows))
    returns = _seconds(lambda: model.return_times(moments))

    print(
        f"away: {1e6 * asked / HOMES:.0f} us a home, {asked / bare:.2f} times its bare trees; "
        f"return times: {1e6 * returns / HOMES:.0f} us an empty home"
    )
    assert asked > 0


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of the fastest of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)
