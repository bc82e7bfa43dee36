"""What becomes of bad models: `python -m infra.local.trial_study`.

The gate is asked of each; then it is forced into the canary past the gate, among simulated homes of the
split `validate` whose advisor is the real worker: once with the examination of a trial as in service, once
without it, so that only what it says and does in homes can end its trial. Two whose advice is too warm are
played beside them: always, which is seen beside the champion's advice, and from the morning to the evening,
which is not, since homes are compared at the first decision. Honest versions show false alarms: the same
models, and a retrain and a hot-fix on another fleet, which may be further off here, but do no harm.
"""

import json
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import shorten
from typing import Final, cast
from zoneinfo import ZoneInfo

import click
import structlog
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from cloud.advice import Advice
from cloud.advisor import HomeAdvisor
from cloud.advisor_panel import Trial
from cloud.advisor_seat import Advisors, HomeAdvisorLike
from cloud.champion import ENERGY_FILE, Champion, package_reservoir, package_version
from cloud.errors import RejectedError
from cloud.finetuning import fine_tune
from cloud.gate.judge import Evidence, judge
from cloud.ports.models import Note, Stage, StoredVersion
from cloud.training import Split, TrainingParams, split
from cloud.wiring.advisor import ChampionAdvisors
from cloud.wiring.trial import examined
from device_sim.fleet import Fleet, FleetSpec
from infra.local.loop_fleets import Plan, play
from infra.local.planted_models import FAULTS, TIMES
from infra.local.training_data import QUICK_WINDOW_DAYS, WINDOW_DAYS
from infra.local.trial_homes import Rules, TrialHomes
from infra.local.whole_table import print_whole

START: Final = datetime(2026, 6, 1, 7, tzinfo=UTC)
STEP_S: Final = 900
STEPS_PER_DAY: Final = 86_400 // STEP_S
LEARNING_DAYS: Final = 4
"""Days under the champion before a version is forced in [days]."""

GATE_DAYS: Final = 16
"""Of the hours on which the gate judges [days]."""

WIDEST: Final = 100
"""More of a reason the table does not print [characters]."""

BAD: Final = "bad"
TOO_WARM_K: Final = 4.0
MORNING_H, EVENING_H = 9, 21
NOTE: Final = Note("the study", "forced in past the gate")


@dataclass(frozen=True, slots=True)
class Planted:
    """A version to be tried.

    Attributes:
        name: Of its fault.
        energy: Its energy model; None: the shipped one.
        make: Its advisors.
        days: How long it may be tried [days].
        first: The stage that it is put to.
    """

    name: str
    energy: bytes | None = None
    make: Callable[[Champion], Advisors] = ChampionAdvisors
    days: int = 2
    first: Stage = "canary"


@dataclass(frozen=True, slots=True)
class Course:
    """What became of a version.

    Attributes:
        fault: Its name.
        examined: Whether it was examined before it was tried, as in service.
        gate: Why the gate refuses it; empty if it does not, None if there is nothing that it could see.
        homes: Homes in its cohort.
        decisions: So many of the decisions of homes were by it.
        days: On so many of their local days.
        hours: From the first of them to the last [h].
        stage: Its stage at the end.
        reason: Of its last move.
        champion: Who serves at the end.
        moves: Its stages, in their order.
        warmer_k: What it wanted homes warmer than the champion at the furthest, mean of all compared [K].
        times_kwh: The furthest multiple of the champion's electricity that it expected [ratio].
    """

    fault: str
    examined: bool
    gate: str | None
    homes: int
    decisions: int
    days: int
    hours: float
    stage: str
    reason: str
    champion: str
    moves: tuple[str, ...]
    warmer_k: float
    times_kwh: float


@dataclass(frozen=True, slots=True)
class SlowAdvisors(ChampionAdvisors):
    """Advisors that take ten times as long to decide."""

    @override
    def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice]:
        began_s = time.perf_counter()
        said = ChampionAdvisors.advise_all(self, cases)
        time.sleep((TIMES - 1) * (time.perf_counter() - began_s))
        return said


@dataclass(frozen=True, slots=True)
class WarmAdvisors(ChampionAdvisors):
    """Advisors that ask for more than people bear."""

    @override
    def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice]:
        return [_warmer(each) for each in ChampionAdvisors.advise_all(self, cases)]


@dataclass(frozen=True, slots=True)
class WarmByDayAdvisors(ChampionAdvisors):
    """The same from the morning to the evening: each day's first advice is sound."""

    @override
    def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> list[Advice]:
        said = ChampionAdvisors.advise_all(self, cases)
        return [
            _warmer(each) if _is_day(advisor, at) else each
            for (advisor, at), each in zip(cases, said, strict=True)
        ]


def _is_day(advisor: HomeAdvisorLike, at: datetime) -> bool:
    assert isinstance(advisor, HomeAdvisor)  # noqa: S101 (`ChampionAdvisors` makes no other)
    return MORNING_H <= at.astimezone(ZoneInfo(advisor.installation.timezone)).hour < EVENING_H


def _warmer(advice: Advice) -> Advice:
    if advice.setpoint_c is None:
        return advice
    return replace(advice, setpoint_c=min(advice.setpoint_c + TOO_WARM_K, 32.0))


def only_the_bad(make: Callable[[Champion], Advisors]) -> Callable[[Champion], Advisors]:
    """The champion's advisors are its own, whatever the planted version's are."""
    return lambda models: make(models) if models.version == BAD else ChampionAdvisors(models)


def planted(days: int, updates: Mapping[str, bytes]) -> list[Planted]:
    """All versions; those whose models are good may be tried for `days`, `updates` among them."""
    faulty = [Planted(name, energy()) for name, energy in FAULTS.items()]
    honest = [Planted(name, energy, days=days, first="shadow") for name, energy in updates.items()]
    return [
        *faulty,
        Planted("ten times slower to decide", make=SlowAdvisors),
        Planted(f"{TOO_WARM_K:.0f} K warmer", make=WarmAdvisors, days=days),
        Planted(f"{TOO_WARM_K:.0f} K warmer by day", make=WarmByDayAdvisors, days=days),
        Planted("none", days=days, first="shadow"),
        *honest,
    ]


def updated(plan: Plan) -> dict[str, bytes]:
    """Energy models of honest updates: of another fleet, a retrain and a hot-fix."""
    other = play("nothing", replace(plan, seed=plan.seed + 1, days=WINDOW_DAYS, change_day=WINDOW_DAYS))
    hours, end = other.hours, other.hours["hour_end_at"].max()
    newest = hours[hours["hour_end_at"] > end - timedelta(days=QUICK_WINDOW_DAYS)]
    begin, base, params = Champion.from_package(), package_reservoir(), TrainingParams()
    made = {
        "retrain on other homes": fine_tune(begin, hours, base, params, BAD),
        "hot-fix on other homes": fine_tune(begin, newest, base, params, BAD, quick=True),
    }
    return {name: each.challenger.to_files()[ENERGY_FILE] for name, each in made.items()}


@dataclass(slots=True)
class Furthest:
    """How far a version was from the champion at most; see `Course`."""

    warmer_k: float = 0.0
    times_kwh: float = 1.0

    def see(self, trial: Trial | None) -> None:
        """Look at what was compared so far."""
        if trial is None or not trial.beside.pairs:
            return
        beside = trial.beside
        self.warmer_k = max(self.warmer_k, beside.warmer_k, key=abs)
        self.times_kwh = max(self.times_kwh, beside.times_kwh, key=lambda times: abs(math.log(times)))


def try_one(of: Planted, fleet: FleetSpec, *, is_examined: bool) -> Course:
    """Force a version in, and let homes live until its trial is over."""
    admit = examined if is_examined else lambda stored, _: Champion.from_stored(stored)
    rules = Rules(admit=admit, make=only_the_bad(of.make))
    homes = TrialHomes(Fleet(fleet, LEARNING_DAYS + of.days + 1), rules, time.perf_counter)
    homes.live(LEARNING_DAYS * STEPS_PER_DAY)
    stored = version(of)
    homes.registry.add(stored, NOTE)
    homes.registry.put(BAD, of.first, NOTE)
    seen, tried, beside = set[tuple[str, datetime]](), 0, Furthest()
    for _ in range(of.days * STEPS_PER_DAY):
        homes.live(1)
        beside.see(homes.worker.trial)
        found = homes.advised_by(BAD)
        seen.update(found)
        tried = max(tried, len(found))
        if homes.registry.stages()[BAD] in ("rejected", "champion"):
            break
    homes.follow()
    course = _course(of, homes, seen, tried, is_examined=is_examined)
    return replace(course, warmer_k=beside.warmer_k, times_kwh=beside.times_kwh)


def version(of: Planted) -> StoredVersion:
    """The version as it is stored."""
    shipped = package_version()
    lineage = shipped.lineage.model_copy(update={"version": BAD, "parent": shipped.lineage.version})
    changed = {} if of.energy is None else {ENERGY_FILE: of.energy}
    return StoredVersion(lineage, {**shipped.files, **changed})


def ask_gate(of: Planted, parts: Split) -> str | None:
    """Why the gate refuses it; None: only its advisors are bad, which the gate does not see."""
    if of.energy is None:
        return None
    try:
        challenger = Champion.from_stored(version(of))
    except RejectedError as error:
        return str(error)
    verdict, _ = judge(Champion.from_package(), challenger, parts, Evidence(parts.fit, time.perf_counter))
    return "" if verdict.promote else verdict.reason


def _course(
    of: Planted, homes: TrialHomes, seen: set[tuple[str, datetime]], tried: int, *, is_examined: bool
) -> Course:
    zones = {site.device_id: ZoneInfo(site.timezone) for site in homes.plant.sites}
    times = [at for _, at in seen]
    moves = [move for move in homes.registry.history() if BAD in move.stages]
    return Course(
        fault=of.name,
        examined=is_examined,
        gate=None,
        homes=tried,
        decisions=len(seen),
        days=len({at.astimezone(zones[device_id]).date() for device_id, at in seen}),
        hours=(max(times) - min(times)).total_seconds() / 3600 if times else 0.0,
        stage=homes.registry.stages()[BAD],
        reason=moves[-1].reason,
        champion=cast("str", homes.registry.resolve("champion")),
        moves=tuple(str(move.stages[BAD]) for move in moves),
        warmer_k=0.0,
        times_kwh=1.0,
    )


def _show(courses: Sequence[Course]) -> None:
    table = Table(title="Forced into the canary: split validate")
    for name in ("fault", "examined", "gate", "homes", "decisions", "days", "furthest", "end", "why"):
        table.add_column(name)
    for each in courses:
        gate = {None: "-", "": "passes"}.get(each.gate, "refuses")
        table.add_row(
            each.fault,
            "yes" if each.examined else "no",
            gate,
            str(each.homes),
            str(each.decisions),
            str(each.days),
            f"{each.warmer_k:+.2f} K, x {each.times_kwh:.2f}",
            each.stage,
            shorten(each.reason, WIDEST),
        )
    print_whole(Console(), table)


@click.command()
@click.option("--homes", default=24, show_default=True, type=click.IntRange(10, 500))
@click.option(
    "--days", default=19, show_default=True, help="The longest trial, of models that are good [days]."
)
@click.option("--climate", default="hot_dry", show_default=True)
@click.option("--seed", default=611, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
def main(homes: int, days: int, climate: str, seed: int, json_path: Path | None) -> None:
    """Force bad models into the canary, and print what becomes of them."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    fleet = FleetSpec(homes, seed, START, step_s=STEP_S, climate=climate, split="validate")
    plan = Plan(homes, seed, climate, "validate", GATE_DAYS, GATE_DAYS)
    parts, courses = split(play("nothing", plan).hours), list[Course]()
    for of in planted(days, updated(plan)):
        gate = ask_gate(of, parts)
        for is_examined in (True, False) if of.energy else (True,):
            began_s = time.perf_counter()
            courses.append(replace(try_one(of, fleet, is_examined=is_examined), gate=gate))
            click.echo(f"{courses[-1]}: {time.perf_counter() - began_s:.0f} s", err=True)
            if json_path is not None:  # what is done is done, whoever stops us
                json_path.write_text(json.dumps([asdict(each) for each in courses], indent=1) + "\n")
    _show(courses)


if __name__ == "__main__":
    main()
