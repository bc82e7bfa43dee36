"""Half a year of weekly rounds on simulated homes: `python -m infra.local.rounds_study`.

A fleet of the split `validate` lives at its habit from spring to autumn; half-way filters clog in every fifth
home. Each week a challenger is made and judged as in service, with the fleet's own earlier hours and, beside
it, without; and from the same champion a hot-fix, for what it costs, the making of features included. Errors
are of daily energy in the week that follows, which nobody has learnt from. At the end one round is made again
and compared byte for byte.

The rule by which a hot-fix is compared with a retrain, written down before the seed that decides was played:
both begin from the champion of the week, both pass the gate as in service, and what serves after the verdict
(the update, or the champion where it was refused) is scored by the week that follows. Over all weeks, by
their energy, the hot-fix is no worse if its error is no larger than the retrain's. The interval printed
beside it is of weeks drawn with replacement. How hot-fixes are made was chosen on other seeds
(`cloud.finetuning`).
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

import click
import numpy as np
import pandas as pd
import structlog
from rich.console import Console
from rich.table import Table

from cloud.adapters.duckdb_hours import hours_frame
from cloud.baselines import Ridge
from cloud.champion import Champion, package_reservoir
from cloud.earlier_hours import drawn_hours, spans
from cloud.energy import usable_energy_hours
from cloud.evaluation import home_errors
from cloud.faulty_days import flagged_days
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.finetuning import Known, fine_tune
from cloud.finetuning import Round as Tuned
from cloud.training import TrainingParams, split
from cloud.trees import matrix
from infra.local.loop_fleets import Changed, Plan, play
from infra.local.training_data import LEAD_DAYS, QUICK_WINDOW_DAYS, WINDOW_DAYS
from infra.local.whole_table import print_whole

START: Final = datetime(2025, 4, 15, 7, tzinfo=UTC)
"""From spring on, so that half a year has seasons that come and go."""

FIRST_DAY: Final = WINDOW_DAYS + 2
"""The first round [days]."""

WEEK_DAYS: Final = 7
TIMED: Final = 9
"""So often predictions are timed; the quickest counts: others use the machine."""

DRAWS: Final = 2000
"""Of weeks, for the interval of the comparison."""

PARAMS: Final = TrainingParams()


@dataclass(frozen=True, slots=True)
class Week:
    """One round.

    Attributes:
        week: Counted from 0.
        energy_kwh: Of the week that follows, all homes [kWh].
        promoted, hot_fix_promoted: Whether the gate let the challenger, or the hot-fix, pass.
        trees, size_bytes: Of the model that serves after it.
        latency_ratio: Its time for a prediction over that of the shipped model [ratio].
        retrain_s, hot_fix_s: Processor time that either update takes, features and judgement included [s].
        shipped, serving, hot_fix_serving, retrained, windowed, hot_fixed, ridge: Error of daily energy in the
            week that follows, of the shipped model, of the one that serves, of the one that would after a
            hot-fix, of the challenger, of one without earlier hours, of the hot-fix, and of ridge on what the
            challenger learns from [ratio].
    """

    week: int
    energy_kwh: float
    promoted: bool
    hot_fix_promoted: bool
    trees: int
    size_bytes: int
    latency_ratio: float
    retrain_s: float
    hot_fix_s: float
    shipped: float
    serving: float
    hot_fix_serving: float
    retrained: float
    windowed: float
    hot_fixed: float
    ridge: float


@dataclass(frozen=True, slots=True)
class HalfYear:
    """All rounds.

    Attributes:
        climate, homes, seed: Of the fleet.
        weeks: The rounds.
        rebuilt: Whether the middle one, made again, is the same byte for byte.
    """

    climate: str
    homes: int
    seed: int
    weeks: Sequence[Week]
    rebuilt: bool

    def mean_error(self, name: str, weeks: slice = slice(None)) -> float:
        """Error over weeks, by their energy [ratio]."""
        some = self.weeks[weeks]
        return float(np.average([getattr(each, name) for each in some], weights=[w.energy_kwh for w in some]))

    def hot_fix_worse(self) -> tuple[float, float, float]:
        """How much larger the error is after hot-fixes than after retrains, and 95 % bounds of it [ratio]."""
        kwh = np.array(
            [[each.serving * each.energy_kwh, each.hot_fix_serving * each.energy_kwh] for each in self.weeks]
        )
        draws = np.random.default_rng(self.seed).integers(0, len(kwh), (DRAWS, len(kwh)))
        retrained, fixed = np.concatenate([kwh[np.newaxis], kwh[draws]]).sum(axis=1).T
        worse = fixed / retrained - 1.0
        low, high = np.quantile(worse[1:], [0.025, 0.975])
        return float(worse[0]), float(low), float(high)

    def cost_ratio(self) -> float:
        """Median processor time of a hot-fix over that of a retrain in the same week [ratio]."""
        return float(np.median([each.hot_fix_s / each.retrain_s for each in self.weeks]))


class _Rounds:
    """The rounds of one fleet."""

    def __init__(self, fleet: Changed) -> None:
        self.fleet, self.base = fleet, package_reservoir()
        self.longitudes_deg = {site.device_id: site.longitude_deg for site in fleet.sites}
        self.shipped = self.champion = Champion.from_package()
        self.before = dict[int, tuple[Champion, datetime | None]]()
        self.learnt_until: datetime | None = None
        self.made = dict[int, Tuned]()

    def week(self, week: int) -> Week:
        """Do all updates of one week, and judge them by the next."""
        self.before[week] = self.champion, self.learnt_until
        began_s = time.process_time()  # others use the machine
        self._read(week, WINDOW_DAYS, self._weeks_before(week))
        made = self.made[week] = self.retrain(week)
        retrained_s = time.process_time()
        self._read(week, QUICK_WINDOW_DAYS)
        quick = self._tune(week, QUICK_WINDOW_DAYS, self.base, quick=True)
        ended_s = time.process_time()
        windowed = self._tune(week, WINDOW_DAYS, self.base)
        hot_fix_serves = quick.challenger if quick.verdict.promote else self.champion
        if made.verdict.promote:
            self.champion, self.learnt_until = made.challenger, self._at(week)
        files = self.champion.to_files()
        models = {
            "shipped": self.shipped,
            "serving": self.champion,
            "hot_fix_serving": hot_fix_serves,
            "retrained": made.challenger,
            "windowed": windowed.challenger,
            "hot_fixed": quick.challenger,
        }
        energy_kwh, errors = self._errors(week, models)
        return Week(
            week,
            energy_kwh,
            made.verdict.promote,
            quick.verdict.promote,
            self.champion.energy.trees.count,
            sum(map(len, files.values())),
            self._latency_ratio(week),
            retrained_s - began_s,
            ended_s - retrained_s,
            **errors,
        )

    def retrain(self, week: int) -> Tuned:
        """The challenger of a week, from the champion that served before it."""
        return self._tune(week, WINDOW_DAYS, self._replayed(week))

    def _tune(self, week: int, days: int, reservoir: pd.DataFrame, *, quick: bool = False) -> Tuned:
        (champion, learnt_until), ticks = self.before[week], count()
        # each prediction takes as long as any other: no verdict may depend on who else uses the machine
        known = Known(clock=lambda: float(next(ticks)), learnt_until=learnt_until)
        hours, version = self._hours(week, -days, 0), f"week-{week}"
        return fine_tune(champion, hours, reservoir, PARAMS, version, quick=quick, known=known)

    def _read(self, week: int, days: int, weeks: Sequence[tuple[date, date]] = ()) -> None:
        """Make the features of a window and of some weeks before, as a job does; they are known already."""
        now = self._at(week).tz_localize(None)
        asked = [(now - timedelta(days=days), now), *(tuple(map(pd.Timestamp, each)) for each in weeks)]
        at = self.fleet.readings["sampled_at"].to_numpy()
        for first, end in asked:
            is_read = (at > first - timedelta(days=LEAD_DAYS)) & (at <= end)
            said = self.fleet.readings.filter(is_read)
            hours_frame(said, self.longitudes_deg)
            flagged_days(said)

    def _weeks_before(self, week: int) -> list[tuple[date, date]]:
        window = self._at(week).date() - timedelta(days=WINDOW_DAYS)
        return spans(self.fleet.began.date(), window)

    def _replayed(self, week: int) -> pd.DataFrame:
        dates = self.fleet.hours["hour_end_at"].dt.date
        some = [self.fleet.hours[(dates >= first) & (dates < end)] for first, end in self._weeks_before(week)]
        earlier = drawn_hours(pd.concat(some)) if some else pd.DataFrame()
        return pd.concat([self.base, earlier], ignore_index=True)

    def _errors(self, week: int, models: dict[str, Champion]) -> tuple[float, dict[str, float]]:
        coming = usable_energy_hours(self._hours(week, 0, WEEK_DAYS))
        rows = matrix(coming, ENERGY_FEATURES)
        predicted = {name: model.energy.predict(rows) for name, model in models.items()}
        learnt = [split(self._hours(week, -WINDOW_DAYS, 0)).fit, self._replayed(week)]
        past = usable_energy_hours(pd.concat(learnt, ignore_index=True))
        spent = past[ENERGY_TARGET].to_numpy(np.float64)
        predicted["ridge"] = Ridge.fit(matrix(past, ENERGY_FEATURES), spent).predict(rows)
        observed = coming[ENERGY_TARGET].to_numpy(np.float64)
        totals = home_errors(coming["device_id"], coming["hour_end_at"].dt.date, observed, predicted).sum()
        energy_kwh = float(totals["observed"])
        return energy_kwh, {name: float(totals[name]) / energy_kwh for name in predicted}

    def _latency_ratio(self, week: int) -> float:
        rows = matrix(usable_energy_hours(self._hours(week, 0, WEEK_DAYS)).head(200), ENERGY_FEATURES)
        times = np.empty((TIMED, 2))
        for turn in range(TIMED):
            for place, model in enumerate((self.shipped, self.champion)):
                began_s = time.perf_counter()
                model.energy.predict(rows)
                times[turn, place] = time.perf_counter() - began_s
        usual_s, taken_s = times.min(axis=0)
        return float(taken_s / usual_s)

    def _hours(self, week: int, first: int, last: int) -> pd.DataFrame:
        """Hours from `first` to `last` days after a round."""
        at, now = self.fleet.hours["hour_end_at"], self._at(week)
        return self.fleet.hours[(at > now + timedelta(days=first)) & (at <= now + timedelta(days=last))]

    def _at(self, week: int) -> pd.Timestamp:
        return pd.Timestamp(self.fleet.began) + pd.Timedelta(days=FIRST_DAY + WEEK_DAYS * week)


def study(climate: str, homes: int, seed: int, weeks: int) -> HalfYear:
    """Play a fleet, and all rounds of it."""
    days = FIRST_DAY + WEEK_DAYS * (weeks + 1)
    plan = Plan(homes, seed, climate, "validate", days, FIRST_DAY + WEEK_DAYS * (weeks // 2), START)
    rounds = _Rounds(play("filters", plan))
    done = []
    for week in range(weeks):
        done.append(rounds.week(week))
        click.echo(f"week {week}: {rounds.made[week].verdict.reason}", err=True)
    middle = weeks // 2
    again, then = (each.challenger.to_files() for each in (rounds.retrain(middle), rounds.made[middle]))
    return HalfYear(climate, homes, seed, done, again == then)


def _show(found: HalfYear) -> None:
    table = Table(
        title=f"Weekly rounds: {found.climate}, split validate, errors of the next week's daily energy"
    )
    names = ("shipped", "serving", "hot_fix_serving", "retrained", "windowed", "hot_fixed", "ridge")
    passed = ("promoted", "hot_fix_promoted")
    for name in ("weeks", "promoted; hot-fixes", "largest, bytes", "slowest", *names):
        table.add_column(name)
    quarter = max(1, len(found.weeks) // 4)
    for first in range(0, len(found.weeks), quarter):
        some, part = found.weeks[first : first + quarter], slice(first, first + quarter)
        table.add_row(
            f"{first} to {first + len(some) - 1}",
            "; ".join(str(sum(getattr(each, name) for each in some)) for name in passed) + f" of {len(some)}",
            str(max(each.size_bytes for each in some)),
            f"{max(each.latency_ratio for each in some):.2f}",
            *(f"{100 * found.mean_error(name, part):.1f} %" for name in names),
        )
    table.add_row("all", "", "", "", *(f"{100 * found.mean_error(name):.1f} %" for name in names))
    print_whole(Console(), table)
    click.echo(
        f"a hot-fix takes {found.cost_ratio():.2f} of a retrain's processor time (median of the weeks)"
    )
    worse, low, high = found.hot_fix_worse()
    told = "no worse" if worse <= 0 else "worse"
    click.echo(
        f"what serves after hot-fixes is {told} than after retrains: {100 * worse:+.1f} % "
        f"({100 * low:+.1f} to {100 * high:+.1f} %)"
    )
    click.echo(f"the middle round made again: {'the same bytes' if found.rebuilt else 'OTHER BYTES'}")


@click.command()
@click.option("--homes", default=20, show_default=True, type=click.IntRange(10, 200))
@click.option("--climate", default="hot_dry", show_default=True)
@click.option("--weeks", default=26, show_default=True, type=click.IntRange(2, 40))
@click.option("--seed", default=317, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
def main(homes: int, climate: str, weeks: int, seed: int, json_path: Path | None) -> None:
    """Play half a year of weekly rounds, and print what they come to."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = study(climate, homes, seed, weeks)
    if json_path is not None:
        json_path.write_text(json.dumps(asdict(found), indent=1) + "\n")
    _show(found)


if __name__ == "__main__":
    main()
