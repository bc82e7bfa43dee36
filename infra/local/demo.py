"""The demo: a simulated fleet on real MQTT, from the first reading to a measured saving, on one machine.

People live at their habit for a fortnight and the models learn from it. Then the same homes live twice
through four weeks: once advised, over the whole way (broker, edge, ingest, advisor, shadow, device), and once
at their habit. In the first of the advised fortnights each home's tolerance is searched, which has its price;
the second is what is claimed, with the price beside it. Half-way through it the models are fine-tuned. What
was saved is the simulation's own truth, not what a model believes.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cloud.config import CloudSettings
from cloud.wiring.registry import open_registry
from device_sim.fleet import Fleet
from infra.local.api_client import ApiClient
from infra.local.errors import DataDirectoryError
from infra.local.lake_count import rows_in_lake, seal
from infra.local.onboarding import Login, move_in, register, say_a_bit_warm, set_autonomy, take_back
from infra.local.pairs import PairedComparison, compare
from infra.local.run_folder import RunFolder
from infra.local.story import Story
from infra.local.summary import DemoSummary, print_summary
from infra.local.town import STEPS_PER_ROUND, Town, TownPlan
from infra.local.training_job import Outcome, in_own_process

EMAIL = "demo@ac-advisor.example"
"""Who lives in all the homes of the demo."""

SERVING_DAYS = 28
"""Simulated days that the homes may go on living while the page is served [days]."""

SERVING_ROUND_S = 5.0
"""Wall time of half a simulated hour while the page is served [s]."""

CHAMPION_RELOAD_S = 2.0
"""The advisor looks once a second whether there is a new champion [s]."""

MARKER = ".ac-advisor-demo"
"""Says that a directory is a demo's, and may be emptied by the next one."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How large the demo is, and where it runs."""

    data_dir: Path
    web_port: int
    mqtt_port: int
    homes: int = 40
    learning_days: int = 14
    search_days: int = 14
    advised_days: int = 14
    seed: int = 20260601


class Demo:
    """One demo on one data directory.

    Attributes:
        summary: The figures, once `run` has returned.
    """

    def __init__(self, options: DemoOptions, environment: Mapping[str, str], story: Story) -> None:
        self._options = options
        self._environment = environment
        self._story = story
        _empty(options.data_dir)
        days = options.learning_days + options.search_days + options.advised_days + SERVING_DAYS
        self._town = Town(
            TownPlan(
                options.data_dir, options.web_port, options.mqtt_port, options.homes, days, options.seed
            ),
            environment,
        )
        self._api = ApiClient(options.web_port)
        self._device_ids = [site.device_id for site in self._town.fleet.sites]

    def run(self) -> DemoSummary:
        """Play the whole story.

        Raises:
            LocalError: Something is in the way, or a promise was broken.
        """
        began = time.monotonic()
        self._open()
        first_advice_s = self._learn(began)
        learnt = self._train()
        habit = self._town.fleet.fork()
        search = self._search(habit)
        tuned, pair = self._advise(habit)
        summary = self._sum_up((search, pair), (learnt, tuned), first_advice_s, began)
        print_summary(self._story.console, summary, search, pair)
        summary.require_nothing_lost()
        return summary

    def serve(self) -> None:
        """Go on living, slowly, so that the page shows something; returns when the season ends."""
        while self._town.fleet.steps_left >= STEPS_PER_ROUND:
            self._town.live_round()
            self._town.idle(SERVING_ROUND_S)

    def close(self) -> None:
        """Stop everything that was started."""
        self._town.close()

    def _open(self) -> None:
        options = self._options
        with self._story.busy("Starting broker, ingest, shadow service, advisor, edge gateway and API"):
            self._town.open()
        login = register(self._api, EMAIL)
        self._town.say_warm = partial(say_a_bit_warm, self._api, login)
        self._town.take_back = partial(take_back, self._api, login)
        move_in(self._api, self._town.fleet.sites, self._town.claim_codes)
        self._story.tell(_where(options, login))

    def _learn(self, began: float) -> float:
        """The habit weeks; returns when the first advice was there, after the start [s]."""
        days, town = self._options.learning_days, self._town
        town.live_round()
        while town.lockstep.progress().decisions == 0:
            town.live_round()
        first_advice_s = time.monotonic() - began
        self._story.tell(f"First advice after {first_advice_s:.1f} s.")
        town.finish_day()
        self._story.follow("Living at habit, models watching", town.live(days - 1), days - 1)
        with self._story.busy("Waiting until everything has arrived"):
            town.catch_up()
        return first_advice_s

    def _train(self) -> Outcome:
        with self._story.busy("Training on what the homes have told"):
            self._seal()
            outcome = in_own_process(self._options.data_dir, "train", self._environment)
        self._introduce(outcome)
        return outcome

    def _search(self, habit: Fleet) -> PairedComparison:
        """The fortnight in which each home's tolerance is searched, beside the same homes at their habit."""
        days = self._options.search_days
        set_autonomy(self._api, self._device_ids, "auto")
        time.sleep(CHAMPION_RELOAD_S)
        self._begin_comparison(habit)
        self._story.follow("Advised, tolerance searched", self._town.live_advised(days), days)
        return self._compare(habit, days)

    def _advise(self, habit: Fleet) -> tuple[Outcome, PairedComparison]:
        """The fortnight that is claimed, with a fine-tuning in the middle."""
        days, town = self._options.advised_days, self._town
        self._begin_comparison(habit)
        first = (days + 1) // 2
        self._story.follow("Advised, first half", town.live_advised(first), first)
        with self._story.busy("Fine-tuning on the newest days"):
            self._seal()
            outcome = in_own_process(self._options.data_dir, "fine_tune", self._environment)
        self._introduce(outcome)
        self._story.follow("Advised, second half", town.live_advised(days - first), days - first)
        return outcome, self._compare(habit, days)

    def _introduce(self, outcome: Outcome) -> None:
        """Say what training made; if it serves, wait until the advisor has it."""
        self._story.tell(f"{outcome.version}: {outcome.reason}")
        if outcome.promoted:
            time.sleep(CHAMPION_RELOAD_S)

    def _begin_comparison(self, habit: Fleet) -> None:
        """Both arms count the same days, and live them side by side."""
        habit.reset_truth()
        self._town.fleet.reset_truth()
        self._town.beside = partial(self._live_at_habit, habit)

    def _live_at_habit(self, habit: Fleet) -> bool:
        """Let the homes at their habit live a step, unless they are where the advised ones are."""
        if habit.steps_left <= self._town.fleet.steps_left:
            return False
        habit.step()
        return True

    def _compare(self, habit: Fleet, days: int) -> PairedComparison:
        with self._story.busy("The same homes, the same days, at their habit"):
            while self._live_at_habit(habit):
                pass
        return compare(habit.truth(), self._town.fleet.truth(), days)

    def _seal(self) -> None:
        seal(self._options.data_dir, self._town.stack.supervisor.worker("ingest"))

    def _sum_up(
        self,
        pairs: tuple[PairedComparison, PairedComparison],
        outcomes: tuple[Outcome, Outcome],
        first_advice_s: float,
        began: float,
    ) -> DemoSummary:
        town, options, (search, pair) = self._town, self._options, pairs
        town.catch_up()
        self._seal()
        progress = town.lockstep.progress()
        registry = open_registry(CloudSettings(data_dir=options.data_dir))
        return DemoSummary(
            homes=options.homes,
            simulated_days=options.learning_days + options.search_days + options.advised_days,
            readings_published=town.published,
            readings_in_lake=rows_in_lake(options.data_dir),
            readings_dead_lettered=town.lockstep.refused(),
            champion=registry.resolve("champion") or "",
            model_versions=tuple(registry.stages()),
            fine_tuning=outcomes[1].reason,
            advice_served=progress.advice_served,
            advice_applied=progress.advice_applied,
            cooling_kwh_habit=round(pair.habit_kwh, 3),
            cooling_kwh_advised=round(pair.advised_kwh, 3),
            saved_pct=round(pair.saved_pct.mean, 3),
            saved_pct_standard_error=round(pair.saved_pct.standard_error, 3),
            warm_degree_hours_day_habit=round(pair.warm_habit_k_h_day.mean, 4),
            warm_degree_hours_day_advised=round(pair.warm_advised_k_h_day.mean, 4),
            warm_degree_hours_day_extra_standard_error=round(pair.warm_extra_k_h_day.standard_error, 4),
            overrides_habit=pair.overrides_habit,
            overrides_advised=pair.overrides_advised,
            overrides_day_extra_standard_error=round(pair.overrides_extra_day.standard_error, 4),
            comfort_kept_homes=pair.comfort_kept,
            search_saved_pct=round(search.saved_pct.mean, 3),
            search_warm_degree_hours_day_extra=round(search.warm_extra_k_h_day.mean, 4),
            said_a_bit_warm=search.taps + pair.taps,
            search_overrides_habit=search.overrides_habit,
            search_overrides_advised=search.overrides_advised,
            worst_home_saved_pct=round(pair.worst_home_saved_pct, 2),
            late_rounds=town.lockstep.late_rounds,
            seconds_to_first_advice=round(first_advice_s, 2),
            peak_memory_mb=round(town.peak_memory_bytes / 1e6),
            wall_s=round(time.monotonic() - began, 1),
        )


def _empty(directory: Path) -> None:
    """Empty a demo's directory, once nothing runs there any more; anybody else's is left alone.

    Raises:
        DataDirectoryError: It holds something that is not a demo's.
        AlreadyRunningError: A demo is running there.
    """
    if directory.exists() and any(directory.iterdir()):
        if not (directory / MARKER).exists():
            raise DataDirectoryError(str(directory), "it holds something else than a demo")
        run = RunFolder(directory)
        run.claim()
        run.release()
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARKER).touch()


def _where(options: DemoOptions, login: Login) -> str:
    return (
        f"Page: http://127.0.0.1:{options.web_port}  MQTT: 127.0.0.1:{options.mqtt_port}\n"
        f"Sign in as {login.email} with password {login.password}"
    )
