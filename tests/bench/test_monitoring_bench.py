"""What a round of monitoring costs, beside the look at all homes that the advisor has once a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.monitoring.gather import Sources
from cloud.monitoring.round import take_round
from cloud.ports.records import AdviceRecord, Counterfactual, DayRecord, Said, device_pk
from cloud.ports.state import MAX_WRITES, Put
from cloud.serving import Serving
from cloud.wiring.registry import open_registry, serving_champion
from device_sim.fleet import Fleet, FleetSpec
from infra.local.sim_homes import record_homes

HOMES, DAYS, ROUNDS = 1000, 60, 5
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)


def _kept(device_id: str) -> Iterator[Put]:
    """Two months of days and the advice of a device."""
    until = NOW + timedelta(hours=2)
    advice = AdviceRecord(
        advice_id="a-1", device_id=device_id, setpoint_c=25.0, mode="cool", fan=None, made_at=NOW,
        valid_until=until, expected_saving_kwh=1.0, saving_interval_kwh=(0.0, 2.0), expected_saving_money=0.3,
        saving_interval_money=(0.0, 0.6), currency="EUR", notice_probability=0.1, reason="it is warm",
        counterfactual=Counterfactual(habit_setpoint_c=24.0, habit_kwh=9.0, advised_kwh=8.0, until=until),
        status="applied", champion="base-2",
    )  # fmt: skip
    yield Put(device_pk(device_id), "advice", advice.model_dump(mode="json"))
    for age_days in range(1, DAYS + 1):
        day = DayRecord(
            device_id=device_id, day=NOW.date() - timedelta(days=age_days), arm="advised", version="base-2",
            measured_h=24.0, electric_energy_kwh=8.4, overrides=0, warm_words=0, warm_minutes=0.0,
            decisions=48, said={"base-2": Said(advised_kwh=8.0, expected_saving_kwh=1.0)},
        )  # fmt: skip
        yield Put(device_pk(device_id), f"day#{day.day.isoformat()}", day.model_dump(mode="json"))


@pytest.mark.bench
def test_a_round_of_monitoring_against_a_look_at_all_homes(tmp_path: Path) -> None:
    spec = FleetSpec(HOMES, seed=5, start=NOW, split="validate")
    sites = Fleet(spec, 1).sites
    record_homes(tmp_path, sites)
    registry = open_registry(CloudSettings(data_dir=tmp_path))
    serving_champion(registry)
    newest = dict.fromkeys([site.device_id for site in sites], NOW)
    with closing(SqliteStateStore(tmp_path / "state.sqlite")) as state:
        puts = (put for site in sites for put in _kept(site.device_id))
        while batch := list(islice(puts, MAX_WRITES)):
            state.transact(batch)
        sources = Sources(state, registry, lambda: newest, lambda: NOW)

        taken = [(_seconds(lambda: take_round(sources)), _seconds(Serving(state, 900).profiles))
                 for _ in range(ROUNDS)]  # fmt: skip

    round_s, look_s = (min(column) for column in zip(*taken, strict=True))
    print(
        f"a round over {HOMES} homes: {1e3 * round_s:.0f} ms of a core, {round_s / look_s:.1f} times the "
        f"advisor's look at all homes; of a core every five minutes: {100 * round_s / 300:.2f} %"
    )
    assert round_s > 0


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of `work`."""
    started = time.process_time()
    work()
    return time.process_time() - started
