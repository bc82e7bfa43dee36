"""Plots of an evaluation: what words and tables do not show at a glance."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from infra.local.judging.curve import Curve
from infra.local.judging.evaluate import Evaluation
from infra.local.judging.figures import Promise
from infra.local.pairs import MAX_EXTRA_WARM_K_H, Estimate

NOMINAL_RATIO = 0.9
"""What the intervals are told to cover [ratio]."""


def draw(evaluation: Evaluation, directory: Path) -> list[Path]:
    """Draw what there is to draw into PNG files of a directory, which is made; returns them."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = [_scatter(evaluation, directory / "homes.png")]
    if evaluation.trial.played_phases:
        drawn.append(_phases(evaluation, directory / "phases.png"))
    if evaluation.curve is not None:
        drawn.append(_curve(evaluation.curve, directory / "curve.png"))
    told = {arm.arm: arm.promise for arm in evaluation.arms if arm.promise is not None}
    if told:
        drawn.append(_coverage(told, directory / "coverage.png"))
    return drawn


def _scatter(evaluation: Evaluation, path: Path) -> Path:
    figure, axes = _axes()
    for arm in evaluation.arms:
        axes.plot(arm.homes.warm_extra_k_h_day, arm.homes.saved_pct, ".", alpha=0.6, label=arm.arm)
    axes.axvline(MAX_EXTRA_WARM_K_H, color="grey", linestyle="--", linewidth=1.0)
    axes.set_xscale("symlog", linthresh=MAX_EXTRA_WARM_K_H)
    axes.set(
        xlabel="extra warm degree-hours [K·h/day]",
        ylabel="saved [%]",
        title="Each home; comfort is kept left of the line",
    )
    return _save(figure, axes, path)


def _phases(evaluation: Evaluation, path: Path) -> Path:
    figure, axes = _axes()
    phases = evaluation.trial.played_phases
    for arm in evaluation.arms:
        saved = [each.saved_home_pct for each in arm.phases]
        _errorbar(axes, np.arange(float(len(phases))), saved, arm.arm)
    axes.set_xticks(range(len(phases)), [str(phase) for phase in phases])
    axes.set(ylabel="saved, mean of homes [%]", title="From the first day with advice on")
    return _save(figure, axes, path)


def _curve(curve: Curve, path: Path) -> Path:
    figure, axes = _axes()
    warm = [point.warm_extra_k_h_day for point in curve.points]
    saved = [point.saved_pct for point in curve.points]
    axes.errorbar(
        [each.mean for each in warm],
        [each.mean for each in saved],
        xerr=[each.standard_error for each in warm],
        yerr=[each.standard_error for each in saved],
        marker="o",
        label="advisor",
    )
    for point in curve.points:
        at = (point.warm_extra_k_h_day.mean, point.saved_pct.mean)
        axes.annotate(f" λ = {point.comfort_lambda:g}", at)
    axes.axvline(0.0, color="grey", linestyle="--", linewidth=1.0)
    axes.set(
        xlabel="extra warm degree-hours [K·h/day]", ylabel="saved, total [%]", title="By weight of comfort"
    )
    return _save(figure, axes, path)


def _coverage(told: dict[str, Promise], path: Path) -> Path:
    figure, axes = _axes()
    places = np.arange(float(len(told)))
    for shift, period in ((-0.1, "daily"), (0.1, "weekly")):
        judged = [getattr(promise, period) for promise in told.values()]
        middle = np.array([each.covered_ratio for each in judged])
        ends = np.array([[each.low_ratio, each.high_ratio] for each in judged]).T
        axes.errorbar(places + shift, middle, yerr=np.abs(ends - middle), fmt="o", capsize=3, label=period)
    axes.axhline(NOMINAL_RATIO, color="grey", linestyle="--", linewidth=1.0)
    axes.set_xticks(places, list(told), rotation=20, ha="right")
    axes.set(ylabel="savings inside their 90 % interval [ratio]", title="95 % intervals, clustered by home")
    return _save(figure, axes, path)


def _errorbar(
    axes: Axes, places: np.ndarray[tuple[int], np.dtype[np.float64]], values: list[Estimate], label: str
) -> None:
    errors = [each.standard_error for each in values]
    axes.errorbar(places, [each.mean for each in values], yerr=errors, marker="o", capsize=3, label=label)


def _axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _save(figure: Figure, axes: Axes, path: Path) -> Path:
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
    return path
