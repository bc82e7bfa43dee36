"""The thermal study: where the grey box beats what the advisor does today, and where not.

`python -m infra.local.thermal_study [--json]` prints it, for fleets of the split `validate`, whose forks
are the truth of setpoints that nobody chose, and for measured homes, if `AC_ADVISOR_DATA` is set.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from cloud.champion import Champion
from cloud.home_clock import HomeClock
from cloud.outcome import Day, Horizon, Outcomes
from cloud.thermal import trust
from cloud.thermal.fit import Fitted, fit
from cloud.thermal.prior import Prior
from cloud.thermal.rows import Floats
from cloud.thermal.simulate import Weather, simulate, state_of
from device_sim.fleet import FleetSpec
from device_sim.outdoors.comparison import DataSettings
from infra.local.thermal_recorded import recorded_figures
from infra.local.thermal_truth import ARMS, Case, case

FLEETS: Final = ((11, "hot_dry"), (12, "hot_humid"), (13, "mild_summer"))
HOMES, START = 20, datetime(2025, 6, 28, tzinfo=UTC)

WARMED_K, RECOVERED_K = 1.5, 0.3
"""A set-back has warmed the home when it has risen so far; it has recovered so near to the habit's [K]."""

CANDIDATES = 35
"""Paths of a plan."""


def study(*, by_lot: bool) -> dict[str, Any]:
    """All figures of homes that learnt at their habit, or with setpoints by lot."""
    cases = [
        case(FleetSpec(HOMES, seed, START, climate=climate, split="validate"), by_lot=by_lot)
        for seed, climate in FLEETS
    ]
    prior, models = Prior.from_package(), Champion.from_package()
    found = [trust.test(each.rows, prior) for each in cases]
    begun = time.perf_counter()
    fits = [fit(each.rows, prior) for each in cases]
    fit_ms = (time.perf_counter() - begun) * 1000 / (HOMES * len(cases))
    kinds = np.concatenate([each.fleet.archetypes for each in cases])
    trusted = np.concatenate([trust.trusted(each, np.zeros(HOMES, np.bool_)) for each in found])
    parts = [_case_figures(each, fitted, models) for each, fitted in zip(cases, fits, strict=True)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {
        "four_hours": _by_kind(found, kinds, trusted),
        "times": _times(columns, trusted),
        "savings": _savings(columns, trusted),
        "fit_ms_a_home": round(fit_ms, 1),
        "simulate_us_a_home": round(_simulate_us(cases[0], fits[0]), 0),
    }


def _case_figures(each: Case, fitted: Fitted, models: Champion) -> dict[str, Floats]:
    """Columns (h,): saving and time, true and predicted."""
    state = state_of(fitted, each.rows)
    homes = len(state.indoor_c)
    weather = Weather(np.tile(each.outdoor_c, (homes, 1)), np.tile(each.ghi_w_m2, (homes, 1)))
    paths_c = np.stack([each.paths_c[arm] for arm in ARMS], axis=1)
    indoor_c, kwh = simulate(fitted, state, weather, paths_c)
    columns: dict[str, Floats] = {}
    for place, arm in enumerate(ARMS[1:], start=1):
        true_kwh = each.truth["habit"].kwh - each.truth[arm].kwh
        model_kwh = kwh[:, 0] - kwh[:, place]
        columns[f"{arm} first true"] = true_kwh[:, :48].sum(axis=1)
        columns[f"{arm} first model"] = model_kwh[:, :48].sum(axis=1)
        columns[f"{arm} last true"] = true_kwh[:, -48:].sum(axis=1)
        columns[f"{arm} last model"] = model_kwh[:, -48:].sum(axis=1)
        columns[f"{arm} today"] = _today_kwh(each, models, arm)
    columns["habit true"] = each.truth["habit"].kwh[:, :48].sum(axis=1)
    columns["habit model"] = kwh[:, 0, :48].sum(axis=1)
    columns["habit today"] = _habit_today_kwh(each, models)
    columns["day true"] = each.truth["habit"].kwh[:, -48:].sum(axis=1)
    return columns | _recovery_figures(each, indoor_c)


def _outcomes(each: Case, models: Champion) -> Outcomes:
    """What today's models are asked with: the true weather as the forecast, as for the grey box."""
    at = each.fleet.now
    hours = {
        int(at.timestamp() // 3600) + hour: float(each.outdoor_c[2 * hour : 2 * hour + 2].mean())
        for hour in range(25)
    }
    days = [
        Day(history, Horizon(at, HomeClock(site.timezone).ahead(at.timestamp(), 49)), hours)
        for history, site in zip(each.learnt.histories, each.fleet.sites, strict=True)
    ]
    return Outcomes(models, days)


def _today_kwh(each: Case, models: Champion, arm: str) -> Floats:
    """Saving of the coming day as `outcome.saved_kwh` has it [kWh]."""
    places = range(len(each.fleet.sites))
    habit, path = (each.paths_c[name][:, :49].tolist() for name in ("habit", arm))
    return np.asarray(_outcomes(each, models).saved_kwh(places, habit, path)[1].sum(axis=1))


def _habit_today_kwh(each: Case, models: Champion) -> Floats:
    places = range(len(each.fleet.sites))
    habit = each.paths_c["habit"][:, :49].tolist()
    return np.asarray(_outcomes(each, models).energy_kwh(places, habit).sum(axis=1))


def _recovery_figures(each: Case, indoor_c: Floats) -> dict[str, Floats]:
    """Minutes from the set-back's start to warm, and from its end to recovered; NaN where it never was."""
    path_c = each.paths_c["set_back"][0] - each.paths_c["habit"][0]
    away = np.flatnonzero(path_c > 0)
    start, end = int(away[0]), int(away[-1]) + 1
    place = ARMS.index("set_back")
    ends_c = indoor_c[:, place], indoor_c[:, 0]
    middles = [np.concatenate([path[:, :1], (path[:, 1:] + path[:, :-1]) / 2], axis=1) for path in ends_c]
    model_up, model_down = _minutes(middles[0], middles[1], start, end)
    truth = each.truth
    true_up, true_down = _minutes(truth["set_back"].indoor_c, truth["habit"].indoor_c, start, end)
    risen_k = truth["set_back"].indoor_c[:, end - 1] - truth["habit"].indoor_c[:, end]
    recovery = [home.recovery for home in each.learnt.homes]
    falls = np.array([each.fall_k_h for each in recovery])
    rises = np.array([each.rise_k_h for each in recovery])
    return {
        "up true": true_up,
        "up model": model_up,
        "up today": WARMED_K / rises * 60,
        "down true": true_down,
        "down model": model_down,
        "down today": np.maximum(risen_k - RECOVERED_K, 0.0) / falls * 60,
        "episodes": np.array([float(len(each.falls_k_h)) for each in recovery]),
    }


def _minutes(set_back_c: Floats, habit_c: Floats, start: int, end: int) -> tuple[Floats, Floats]:
    extra_k = set_back_c - habit_c
    up = _crossing(extra_k[:, start:end] - WARMED_K)
    down = _crossing(RECOVERED_K - extra_k[:, end:])
    return up, np.where(extra_k[:, end - 1] > WARMED_K, down, np.nan)


def _crossing(values: Floats) -> Floats:
    """When a path of half-hours' means first reaches 0 from below [min]; NaN where it does not."""
    above = values >= 0
    place = np.argmax(above, axis=1)
    row = np.arange(len(values))
    after, before = values[row, place], values[row, np.maximum(place - 1, 0)]
    part = np.where(place > 0, -before / np.where(after > before, after - before, 1.0), 0.0)
    minutes = 30.0 * (place - 0.5 + part) if values.shape[1] else place
    return np.where(above.any(axis=1), np.maximum(minutes, 0.0), np.nan)


def _by_kind(found: list[trust.Errors], kinds: Any, trusted: Any) -> dict[str, Any]:  # noqa: ANN401 (arrays of text and flags)
    names = ("model_k", "persistence_k", "rates_k", "kwh_ratio")
    columns = {name: np.concatenate([getattr(each, name) for each in found]) for name in names}
    return {
        kind: {
            "homes": int((kinds == kind).sum() if kind != "all" else len(kinds)),
            **{
                name: round(float(np.nanmedian(values[(kinds == kind) | (kind == "all")])), 3)
                for name, values in columns.items()
            },
            "trusted": round(float(trusted[(kinds == kind) | (kind == "all")].mean()), 3),
        }
        for kind in [*sorted(set(kinds.tolist())), "all"]
    }


def _times(columns: dict[str, Floats], trusted: Any) -> dict[str, Any]:  # noqa: ANN401
    result: dict[str, Any] = {}
    for name in ("up", "down"):
        true = columns[f"{name} true"]
        seen = ~np.isnan(true) & trusted
        used = seen & ~np.isnan(columns[f"{name} model"])
        for who in ("model", "today"):
            error = (columns[f"{name} {who}"] - true)[used]
            result[f"{name} {who}"] = {
                "homes": int(used.sum()),
                "never_in_model": int((seen & ~used).sum()),
                "true_min": round(float(np.median(true[used])), 0),
                "mae_min": round(float(np.abs(error).mean()), 0),
                "median_abs_min": round(float(np.median(np.abs(error))), 0),
                "median_error_min": round(float(np.median(error)), 0),
                "short_by_15_min_pct": round(100 * float((error < -15).mean()), 0),  # noqa: PLR2004 (named)
            }
    return result


def _savings(columns: dict[str, Floats], trusted: Any) -> dict[str, Any]:  # noqa: ANN401
    pairs = {
        "habit kWh": ("habit true", "habit model", "habit today"),
        **{
            f"{arm} first day": (f"{arm} first true", f"{arm} first model", f"{arm} today")
            for arm in ARMS[1:]
        },
        **{f"{arm} day 3": (f"{arm} last true", f"{arm} last model", f"{arm} today") for arm in ARMS[1:3]},
    }
    result: dict[str, Any] = {}
    for name, (true_name, *guesses) in pairs.items():
        true = columns[true_name][trusted]
        row: dict[str, Any] = {"true_kwh": round(float(true.mean()), 3)}
        for who, guess_name in zip(("model", "today"), guesses, strict=True):
            guess = columns[guess_name][trusted]
            row[f"{who}_kwh"] = round(float(np.nanmean(guess)), 3)
            row[f"{who}_mae_kwh"] = round(float(np.nanmean(np.abs(guess - true))), 3)
            row[f"{who}_correlation"] = round(float(np.corrcoef(guess, true)[0, 1]), 3)
        result[name] = row
    return result


def _simulate_us(each: Case, fitted: Fitted) -> float:
    state = state_of(fitted, each.rows)
    homes = len(state.indoor_c)
    weather = Weather(np.tile(each.outdoor_c[:49], (homes, 1)), np.tile(each.ghi_w_m2[:49], (homes, 1)))
    paths_c = np.repeat(each.paths_c["habit"][:, np.newaxis, :49], CANDIDATES, axis=1)
    runs = 5
    begun = time.perf_counter()
    for _ in range(runs):
        simulate(fitted, state, weather, paths_c, steps=1)
    return (time.perf_counter() - begun) * 1e6 / (runs * homes)


def _print(name: str, figures: dict[str, Any]) -> None:
    print(name)  # noqa: T201 (the command's answer)
    for key, value in figures.items():
        if isinstance(value, dict):
            for row, cells in value.items():
                print(f"  {key:22} {row:28} {cells}")  # noqa: T201
        else:
            print(f"  {key:22} {value}")  # noqa: T201


def main() -> None:
    """Print the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = {"learnt at the habit": study(by_lot=False), "learnt with setpoints by lot": study(by_lot=True)}
    data = DataSettings().data
    if data is not None:
        result["measured homes"] = recorded_figures(data)
    if arguments.json:
        print(json.dumps(result))  # noqa: T201
        return
    for name, figures in result.items():
        _print(name, figures)


if __name__ == "__main__":
    main()
