"""Models are exchanged while devices report and phones ask: nobody's request fails, no decision is missed."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from cloud.adapters.memory_shadows import MemoryShadows
from cloud.advisor_panel import Trial
from cloud.advisor_worker import AdvisorWorker, Clocks, Ports, WorkerSettings
from cloud.champion import Champion
from cloud.ports.records import AdviceRecord, TrialRecord, device_pk
from cloud.ports.telemetry import IngestCommit
from cloud.wiring.advisor import ChampionAdvisors
from edge.contract import Telemetry

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

STEP = timedelta(minutes=15)
PHONES = 3


def reading(at: datetime) -> Telemetry:
    return Telemetry(
        device_id="dev-1",
        sampled_at=at,
        interval_s=900,
        mode="cool",
        setpoint_c=24.0,
        indoor_dry_bulb_c=24.4,
        outdoor_dry_bulb_c=31.0,
        electric_power_w=640.0,
    )


class Phones:
    """Some phones that ask for advice as fast as they are answered."""

    def __init__(self, api: "ApiProcess") -> None:
        self.answers: list[int] = []
        self._api, self._stop = api, threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(PHONES)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            self.answers.append(self._api.exchange("GET", "/v1/devices/dev-1/recommendation")[0])


def made_by(api: "ApiProcess") -> str:
    item = api.state.get(device_pk("dev-1"), "advice")
    assert item is not None
    return AdviceRecord.model_validate(item.body).champion


def test_no_request_fails_while_models_are_exchanged_a_hundred_times_under_load(api: "ApiProcess") -> None:
    swaps = 100
    api.sign_up()
    api.pair()
    shipped = Champion.from_package()
    versions = [ChampionAdvisors(replace(shipped, version=f"v{number}")) for number in range(2)]
    clocks = Clocks(lambda: datetime.now(UTC), time.monotonic)
    ports = Ports(api.log, api.state, MemoryShadows())
    worker = AdvisorWorker(ports, versions[0], WorkerSettings("telemetry", STEP), clocks)
    worker.restore()
    start, makers = datetime.now(UTC) - (swaps + 1) * STEP, list[str]()
    api.log.commit(IngestCommit(readings=[reading(start)]))
    worker.step()

    with Phones(api) as phones:
        for swap in range(1, swaps + 1):
            champion, other = versions[swap % 2], versions[1 - swap % 2]
            worker.use(champion)
            if swap % 5 == 0:
                worker.try_out(Trial(_trial(other.version, champion.version), other))
            api.log.commit(IngestCommit(readings=[reading(start + swap * STEP)]))
            worker.step()
            makers.append(made_by(api))

    failed = sum(answer != HTTPStatus.OK for answer in phones.answers)
    print(f"{swaps} swaps, {len(phones.answers)} requests, {failed} failed")
    assert (failed, worker.progress.decisions) == (0, swaps + 1)
    assert len(phones.answers) >= swaps
    assert makers == [f"v{(swap + (swap % 5 == 0)) % 2}" for swap in range(1, swaps + 1)]


def _trial(version: str, champion: str) -> TrialRecord:
    now = datetime.now(UTC)
    fields = {"version": version, "champion": champion, "stage": "canary", "seed": version}
    return TrialRecord.model_validate({**fields, "share_ratio": 1.0, "since": now})
