"""Presence study: the presence model against what it replaces, on homes that it has not seen.

`python -m infra.local.presence_study` prints it. Simulated homes of the split `validate`, homes whose
presence is drawn from measured schedules, and a measured home; judged by motion, and by who really was there.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from cloud.absence import ReturnTimes
from cloud.champion import Champion
from cloud.home_clock import SLOTS_PER_DAY, HomeClock
from cloud.planner import KNOWN_ABSENCES
from cloud.presence_features import Moment
from cloud.presence_model import PresenceModel
from cloud.presence_training import Flags, Labels, Motion, Replay
from device_sim.fleet import FleetSpec
from infra.local.errors import LocalError
from infra.local.presence_fleets import CLIMATES, START, Watched, watch
from infra.local.presence_scores import Floats, crps_h, scores

SEEDS: Final = (11, 12, 13)
"""Of the split `validate`, one a climate."""

HOMES, DAYS = 40, 35
LEADS: Final = np.array([0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 40, 48])
"""Half-hours that are judged."""

FIRST_DAYS: Final = 7
"""A home is new in these."""

SPANS: Final = {"0-1 h": (0, 2), "2-4 h": (4, 8), "6-12 h": (12, 24), "16-24 h": (32, 48)}
"""Leads that are shown together [half-hours]; new homes are shown by themselves."""

EARLY: Final = (0.05, 0.1)
"""Quantiles of the return that are claimed [ratio]: a home is cooled again by them."""

ECOBEE_FILE: Final = "ecobee_home/thermostat_5min.csv.gz"


class NoModelError(LocalError):
    """The champion has no presence model."""

    def __init__(self) -> None:
        super().__init__("the shipped champion has no presence model: make it by infra.local.base_champion")


def cases(data: Path | None) -> Iterator[tuple[str, Watched]]:
    """Homes to judge on; those from measured data only where the folder is named."""
    for seed, climate in zip(SEEDS, CLIMATES, strict=True):
        spec = FleetSpec(HOMES, seed, START, climate=climate, split="validate")
        yield f"validate {seed}, {climate}", watch(spec, DAYS)
    if data is not None:
        folder = data / "occupancy_ross"
        for method in ("schedule", "motion"):
            spec = FleetSpec(
                HOMES, SEEDS[0], START, split="validate", occupancy_dir=folder, occupancy_method=method
            )
            yield f"measured schedules, by {method}", watch(spec, DAYS)
        yield "measured home (ecobee)", ecobee_home(data / ECOBEE_FILE)


def ecobee_home(path: Path) -> Watched:
    """A measured home with motion sensors in its rooms; who was there is not known but by them."""
    readings = pd.read_csv(path, parse_dates=["ts"])
    sensors = [name for name in readings.columns if name.endswith("motion")]
    moved = readings.set_index("ts")[sensors].max(axis=1).fillna(0.0) > 0
    whole = pd.date_range(moved.index[0].ceil("D"), moved.index[-1], freq="5min")
    motion = moved[~moved.index.duplicated()].reindex(whole, fill_value=False).to_numpy(np.bool_)[None, :]
    return Watched(Motion("UTC", int(whole[0].timestamp()), 300, motion), None)


def judge(model: PresenceModel, watched: Watched) -> dict[str, Any]:
    """Scores of all that can be told of some homes."""
    away, returns = tell(model, watched)
    judges = ["motion"] + (["truth"] if watched.occupied is not None else [])
    return {
        judge: {"away": _away_scores(away, judge), "returns": _return_scores(returns, judge)}
        for judge in judges
    }


def tell(model: PresenceModel, watched: Watched) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask the model and today's code at every instant.

    Returns:
        A row for each home, instant and lead, with chances to be away and whether it was; and a row for each
        home and instant when it was empty, with when people were expected back and when they came.
    """
    replay, clock = Replay(watched.motion), HomeClock(watched.motion.timezone)
    away: list[tuple[Any, ...]] = []
    empty: list[dict[str, Any]] = []
    for step, places, moments in replay:
        if not moments:
            continue
        slots = clock.ahead(moments[0].at_s, SLOTS_PER_DAY + 1)
        asked = [slots[lead] for lead in LEADS]
        chances = model.away(moments)[:, LEADS]
        for place, moment, chance in zip(places, moments, chances, strict=True):
            usual = moment.presence.away_ratio(asked)
            gone = moment.presence.left_s is not None
            kinds = [(slot.of_day, slot.weekend) for slot in asked]
            away += [
                (place, step, lead, *kind, gone, *both)
                for lead, kind, *both in zip(LEADS, kinds, chance, usual, strict=True)
            ]
        empty += _tell_returns(model, step, places, moments)
    columns = ["place", "step", "lead", "of_day", "weekend", "gone", "model", "histogram"]
    return (
        _with_away(pd.DataFrame(away, columns=columns), replay, watched.occupied),
        _with_returns(pd.DataFrame(empty), replay, watched.occupied),
    )


def _tell_returns(
    model: PresenceModel, step: int, places: list[int], moments: list[Moment]
) -> Iterator[dict[str, Any]]:
    gone = [place for place, moment in enumerate(moments) if moment.presence.left_s is not None]
    times = model.return_times([moments[place] for place in gone])
    for place, returns in zip(gone, times, strict=True):
        moment = moments[place]
        seen_h = moment.presence.returns_h(moment.at_s, moment.slot)
        usual = ReturnTimes.as_seen(seen_h) if seen_h else None
        known = len(seen_h) >= KNOWN_ABSENCES
        yield {"place": places[place], "step": step, "model": returns, "histogram": usual, "known": known}


def _with_away(rows: pd.DataFrame, replay: Replay, occupied: Flags | None) -> pd.DataFrame:
    """Adds whether nobody was there, by motion and by truth, and the simpler forecasts."""
    rows = rows.assign(days=rows["step"] * replay.motion.step_s / 86_400)
    for name, known in (("motion", None), ("truth", None if occupied is None else ~occupied)):
        labels = Labels(replay, known)
        parts = [labels.away(int(s), [int(p)], LEADS)[0] for p, s in _instants(rows)]
        rows[name] = np.concatenate(parts)
    rows = rows.dropna(subset=["motion"])
    kinds = [rows["weekend"], rows["of_day"]]
    rows["climatology"] = rows["motion"].groupby(kinds).transform("mean")
    rows["persistence"] = rows["histogram"] + _pull(rows)
    return rows


def _instants(rows: pd.DataFrame) -> Iterator[tuple[int, int]]:
    once = rows.iloc[:: len(LEADS)]
    return zip(once["place"], once["step"], strict=True)


def _pull(rows: pd.DataFrame) -> "pd.Series[float]":
    """From the histogram towards the state now, by the share that is best at each lead in hindsight."""
    pull, error = rows["gone"] - rows["histogram"], rows["motion"] - rows["histogram"]
    share = (pull * error).groupby(rows["lead"]).sum() / (pull**2).groupby(rows["lead"]).sum()
    return pull * rows["lead"].map(share)


def _with_returns(rows: pd.DataFrame, replay: Replay, occupied: Flags | None) -> pd.DataFrame:
    """Adds after how many hours somebody came, by motion and by truth; NaN if nobody did."""
    for name, present in (("motion", ~replay.away), ("truth", occupied)):
        if present is None:
            continue
        steps = np.arange(present.shape[1])
        next_step = np.minimum.accumulate(np.where(present, steps, np.inf)[:, ::-1], axis=1)[:, ::-1]
        padded = np.append(next_step, np.full((len(present), 1), np.inf), axis=1)
        waited = padded[rows["place"], rows["step"]] - rows["step"]
        rows[name] = waited.replace(np.inf, np.nan) * replay.motion.step_s / 3600
    rows["days"] = rows["step"] * replay.motion.step_s / 86_400
    return rows


def _away_scores(rows: pd.DataFrame, judge: str) -> dict[str, Any]:
    spans = {f"first {FIRST_DAYS} days": rows[rows["days"] < FIRST_DAYS]}
    later = rows[rows["days"] >= FIRST_DAYS]
    spans["later"] = later
    for name, (low, high) in SPANS.items():
        spans[name] = later[later["lead"].between(low, high)]
    names = ("model", "histogram", "persistence", "climatology")
    return {
        span: {
            name: asdict(scores(some[judge].to_numpy(np.float64), some[name].to_numpy(np.float64)))
            for name in names
        }
        for span, some in spans.items()
    }


def _return_scores(rows: pd.DataFrame, judge: str) -> dict[str, Any]:
    """Where both can tell they are compared; the model alone also where past days tell too little."""
    rows = rows.dropna(subset=["motion"])
    known = rows[rows["known"]]
    new = rows[~rows["known"]]
    return {
        "model": _return_score(known, "model", judge),
        "histogram": _return_score(known, "histogram", judge),
        "model, few days known": _return_score(new, "model", judge),
    }


def _return_score(rows: pd.DataFrame, name: str, judge: str) -> dict[str, float]:
    came_h = rows[judge].to_numpy(np.float64)
    ends_h = (np.arange(SLOTS_PER_DAY) + 1.0) / 2
    told: list[ReturnTimes] = rows[name].tolist()
    by = np.array([_by(each, ends_h) for each in told]).reshape(-1, SLOTS_PER_DAY)
    score = {
        "n": float(len(rows)),
        "crps_h": _mean(crps_h((came_h[:, None] <= ends_h).astype(np.float64), by)),
    }
    for ratio in EARLY:
        claimed_h = np.array([each.quantile_h(ratio) for each in told])
        score[f"before_{ratio}"] = _mean((came_h < claimed_h).astype(np.float64))
        score[f"claimed_{ratio}_h"] = _mean(claimed_h)
    return score


def _by(returns: ReturnTimes, ends_h: Floats) -> Floats:
    """Chance to be back within so many hours."""
    hours, weights = np.array(returns.hours), np.array(returns.weights)
    return np.asarray((hours[None, :] <= ends_h[:, None]) @ weights)


def _mean(values: Floats) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def print_study(console: Console, study: dict[str, Any]) -> None:
    """Two tables a case and judge."""
    for case, by_judge in study.items():
        for judged_by, result in by_judge.items():
            _print_away(console, f"{case}: nobody there, judged by {judged_by}", result["away"])
            _print_returns(console, f"{case}: back, judged by {judged_by}", result["returns"])


def _print_away(console: Console, title: str, result: dict[str, Any]) -> None:
    table = Table("", *next(iter(result.values())), title=f"{title} (AUC, Brier, log loss)", box=SIMPLE)
    for span, by_name in result.items():
        cells = (f"{s['auc']:.3f} {s['brier']:.3f} {s['log_loss']:.3f}" for s in by_name.values())
        table.add_row(span, *cells)
    console.print(table)


def _print_returns(console: Console, title: str, result: dict[str, Any]) -> None:
    heads = [f"before the {100 * ratio:g} % quantile" for ratio in EARLY]
    table = Table("", "n", "CRPS [h]", *heads, title=title, box=SIMPLE)
    for name, score in result.items():
        early = (
            f"{100 * score[f'before_{ratio}']:.1f} % (claimed {score[f'claimed_{ratio}_h']:.2f} h)"
            for ratio in EARLY
        )
        table.add_row(name, f"{score['n']:.0f}", f"{score['crps_h']:.2f}", *early)
    console.print(table)


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), envvar="AC_ADVISOR_DATA")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def main(data: Path | None, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Judge the shipped presence model on simulated and on measured homes."""
    model = Champion.from_package().presence
    if model is None:
        raise NoModelError
    study = {name: judge(model, watched) for name, watched in cases(data)}
    if as_json:
        click.echo(json.dumps(study, indent=1))
    else:
        print_study(Console(width=150), study)


if __name__ == "__main__":
    main()
