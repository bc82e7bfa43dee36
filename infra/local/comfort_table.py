"""The printed table and the picture of the study of comfort."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from infra.local.comfort_study import (
    AUC_NEEDED,
    CALIBRATION_ERROR_ALLOWED,
    PMV_LEAD_NEEDED,
    ComfortStudy,
    Preference,
    Score,
)
from infra.local.whole_table import print_whole

PICTURE = "comfort_reliability.png"

COLUMNS = (
    "study",
    "votes",
    "asked",
    "predicted",
    "AUC",
    "calibration error",
    "votes with PMV",
    "AUC",
    "PMV",
    "home PMV",
)
"""The second AUC is on the votes with PMV; PMV of the home is on all votes."""


def print_study(console: Console, study: ComfortStudy) -> None:
    """A table for each preference, reliability, and whether what must hold does."""
    for name, preference in study.preferences.items():
        title = f'"I prefer {name}": {study.votes} votes of {study.studies} studies, each left out in turn'
        table = Table(title=title)
        for place, column in enumerate(COLUMNS):
            table.add_column(column, justify="right" if place else "left")
        for number, score in preference.by_study.items():
            table.add_row(*_row(str(number), score))
        table.add_section()
        table.add_row(*_row("all", preference.all_votes))
        print_whole(console, table)
        for line in lines(name, preference):
            console.print(line)


def lines(name: str, preference: Preference) -> list[str]:
    """What the table does not say: errors, reliability, and what must hold."""
    score = preference.all_votes
    pairs = "  ".join(f"{each.predicted:.2f}/{each.observed:.2f}" for each in preference.bins)
    errors = (
        f"AUC {score.auc:.3f} ± {preference.auc_se:.3f} over studies, mean of the studies' own "
        f"{preference.mean_study_auc:.3f} (PMV of a home {preference.mean_study_home_pmv_auc:.3f}); "
        f"calibration error {score.calibration_error:.3f} ± {preference.calibration_error_se:.3f}"
    )
    verdict = (
        f"{name}: {'holds' if preference.holds else 'DOES NOT HOLD'} (AUC at least {AUC_NEEDED}, "
        f"{PMV_LEAD_NEEDED} above PMV on the same votes, calibration error at most "
        f"{CALIBRATION_ERROR_ALLOWED}, over all votes)"
    )
    return [errors, f"predicted/observed: {pairs}", verdict]


def plot_study(study: ComfortStudy, folder: Path) -> Path:
    """Draw predicted over observed shares; returns the picture's path."""
    figure = Figure(figsize=(10.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (name, preference) in zip(figure.subplots(1, 2), study.preferences.items(), strict=True):
        axes.axline((0.0, 0.0), slope=1.0, color="grey", linewidth=1.0)
        predicted = [each.predicted for each in preference.bins]
        axes.plot(predicted, [each.observed for each in preference.bins], "o-", label="all votes")
        own = preference.by_study.values()
        means, shares = [each.predicted for each in own], [each.observed for each in own]
        axes.plot(means, shares, "x", label="means of the studies")
        error = preference.all_votes.calibration_error
        axes.set(
            xlabel=f'predicted share of "{name}" [ratio]',
            ylabel="observed share [ratio]",
            title=f"{name}: calibration error {error:.3f}, studies left out",
            xlim=(0.0, 0.8),
            ylim=(0.0, 0.8),
        )
        axes.legend(fontsize=8)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PICTURE
    figure.savefig(path, dpi=120)
    return path


def _row(label: str, score: Score) -> tuple[str, ...]:
    beside = (f"{score.auc_beside_pmv:.3f}", f"{score.pmv_auc:.3f}") if score.pmv_votes else ("", "")
    return (
        label,
        str(score.votes),
        f"{score.observed:.2f}",
        f"{score.predicted:.2f}",
        f"{score.auc:.3f}",
        f"{score.calibration_error:.3f}",
        str(score.pmv_votes),
        *beside,
        f"{score.home_pmv_auc:.3f}",
    )
