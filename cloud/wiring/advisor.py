"""The advisor process: the reading log and the serving state in, commands to the shadows out."""

import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import structlog

from cloud.adapters.sqlite_watch import SqliteWatch
from cloud.advice import Advice, Installation
from cloud.advisor import HomeAdvisor, advise_all
from cloud.advisor_seat import HomeAdvisorLike
from cloud.advisor_worker import AdvisorWorker, Clocks, Ports, WorkerSettings
from cloud.champion import Champion
from cloud.config import CloudSettings
from cloud.errors import CloudError, ConflictError
from cloud.measuring_day import keep_assignment
from cloud.ports.models import ModelRegistry
from cloud.rollout.desk import RolloutDesk, RolloutSettings
from cloud.wiring.process import ready_file, stop_on_signals
from cloud.wiring.readings import open_readings
from cloud.wiring.registry import ChampionWatch, open_registry, serving_champion
from cloud.wiring.shadows import open_shadows
from cloud.wiring.state import open_state
from cloud.wiring.trial import ChallengerWatch, Trials
from cloud.wiring.weather import weather_forecast

REFRESH_S = 1.0
"""How often the worker looks for new devices, wishes and champions [s]."""

BUSY_S, IDLE_S = 0.001, 0.02
"""How soon a change in the log or the state is seen: soon after something came, and when all is quiet [s]."""

QUIET_AFTER_S = 1.0
LOOK_AGAIN_S = 0.1
"""Without any change the worker looks so often whether something is left to do, as sending again [s]."""

GATHER_S, GATHER_TIMES = 0.006, 4
"""News is waited for until it pauses for the former [s], at most so often: homes that are decided upon
together cost less than each alone."""

POLL_S = 5.0
"""How often the lake is looked at for what came [s]."""

RETRY_S = 0.5
"""Wait before a new worker takes over from one that failed [s]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ChampionAdvisors:
    """Makes `HomeAdvisor`s that use one champion."""

    champion: Champion

    @property
    def version(self) -> str:
        """The champion's version."""
        return self.champion.version

    def make(self, installation: Installation) -> HomeAdvisor:
        """An advisor that knows nothing of the home yet."""
        return HomeAdvisor(self.champion, installation)

    def restore(self, installation: Installation, state: bytes) -> HomeAdvisor:
        """An advisor that has learnt what another had learnt."""
        return HomeAdvisor.restore(self.champion, installation, state)

    def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice]:
        """What to do in some homes, with one question to the models."""
        return advise_all(self.champion, [(cast("HomeAdvisor", advisor), at) for advisor, at in cases])


def run(settings: CloudSettings) -> int:
    """Advise until SIGTERM; returns the exit status."""
    stop = stop_on_signals()
    (settings.data_dir / "run" / "advisor.ready").unlink(missing_ok=True)  # of a process that was killed
    try:
        readings = open_readings(settings)
        state = open_state(settings)
        registry = open_registry(settings)
    except CloudError as error:
        log.error("advisor_not_started", reason=str(error))  # noqa: TRY400 (one clear line)
        return 1
    with (
        closing(readings),
        closing(state),
        weather_forecast(settings.weather) as weather,
        open_shadows(settings) as shadows,
    ):
        _serve(Ports(readings, state, shadows, weather), registry, settings, stop)
    return 0


def _serve(ports: Ports, registry: ModelRegistry, settings: CloudSettings, stop: threading.Event) -> None:
    """One worker after the other: a worker that met an error is forgotten, and a new one restored."""
    while not stop.is_set():
        try:
            _work(ports, registry, settings, stop)
        except ConflictError:
            log.exception("another_advisor_is_at_work")
            stop.wait(RETRY_S)
        except CloudError as error:
            log.warning("advisor_restored_after_error", reason=str(error))
            stop.wait(RETRY_S)


def _work(ports: Ports, registry: ModelRegistry, settings: CloudSettings, stop: threading.Event) -> None:
    interval = timedelta(seconds=settings.decision_interval_s)
    clocks = Clocks(lambda: datetime.now(UTC), time.monotonic)
    advisors = ChampionAdvisors(serving_champion(registry))
    keep_assignment(ports.store, settings.measuring_pairs, clocks.now())
    worker = AdvisorWorker(ports, advisors, WorkerSettings(settings.clock, interval), clocks)
    worker.restore()
    with ready_file(settings.data_dir, "advisor"), closing(_changes(settings)) as changes:
        desk = RolloutDesk(ports.store, RolloutSettings(settings.canary_share_ratio))
        trials = Trials(ChallengerWatch(registry), desk, ChampionAdvisors)
        following = _Following(worker, advisors.champion, ChampionWatch(registry), trials)
        following.follow()  # homes that try a challenger have it from the first decision on
        _decide_until(worker, following, changes, stop)


class _Clockwork:
    """Where nobody tells of commits: there may have been one every few seconds."""

    def __init__(self) -> None:
        self._looked_at = 0.0

    def any(self) -> bool:
        """Whether it is time to look."""
        if time.monotonic() - self._looked_at < POLL_S:
            return False
        self._looked_at = time.monotonic()
        return True

    def close(self) -> None:
        """Nothing is held."""


class _Changes:
    """What the worker waits for: a commit by ingest, or by whoever writes serving state."""

    def __init__(self, data_dir: Path) -> None:
        self._watches = [SqliteWatch(data_dir / name) for name in ("ingest.sqlite", "state.sqlite")]

    def any(self) -> bool:
        """Whether there was one since the last call."""
        changed = [watch.has_changed() for watch in self._watches]
        return any(changed)

    def close(self) -> None:
        for watch in self._watches:
            watch.close()


def _changes(settings: CloudSettings) -> "_Changes | _Clockwork":
    return _Clockwork() if settings.readings == "lake" else _Changes(settings.data_dir)


@dataclass(slots=True)
class _Following:
    """Who serves and who is tried, as the registry has it."""

    worker: AdvisorWorker
    champion: Champion
    champions: ChampionWatch
    trials: Trials

    def follow(self) -> None:
        """Let the worker use the champion, if that is another one now, and go on with the trial."""
        champion = self.champions.newer(self.worker.champion)
        if champion is not None:
            self.champion = champion
            self.worker.use(ChampionAdvisors(champion))
        self.trials.follow(self.worker, self.champion)


def _decide_until(
    worker: AdvisorWorker, following: _Following, changes: _Changes | _Clockwork, stop: threading.Event
) -> None:
    busy_at = looked_at = refreshed_at = time.monotonic()
    is_busy = True
    while not stop.is_set():
        now = time.monotonic()
        if now - refreshed_at >= REFRESH_S:
            refreshed_at, is_busy = now, True
            worker.refresh()
            worker.forget_deleted()
            following.follow()
        if is_busy or _is_news(changes, stop) or now - looked_at >= LOOK_AGAIN_S:
            looked_at, is_busy = now, worker.step()
        else:
            stop.wait(BUSY_S if now - busy_at < QUIET_AFTER_S else IDLE_S)
        if is_busy:
            busy_at = now


def _is_news(changes: _Changes | _Clockwork, stop: threading.Event) -> bool:
    """Whether something was committed; then what comes just behind it has been committed too."""
    if not changes.any():
        return False
    for _ in range(GATHER_TIMES):
        if stop.wait(GATHER_S) or not changes.any():
            break
    return True
