"""The printed table of an evaluation."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from infra.local.judging.evaluate import Evaluation
from infra.local.pairs import Estimate
from infra.local.summary import price
from infra.local.whole_table import print_whole


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """The table, and below it what the search for the tolerance cost."""
    heading, *rows = table(evaluation)
    printed = Table(title=f"{evaluation.champion} on the split {evaluation.trial.split}; simulated homes")
    for place, name in enumerate(heading):
        printed.add_column(name, justify="right" if place else "left")
    for row in rows:
        printed.add_row(*row)
    print_whole(console, printed)
    for line in price_lines(evaluation):
        console.print(line, soft_wrap=True)


def table(evaluation: Evaluation) -> Sequence[tuple[str, ...]]:
    """The rows of the printed table, its header first."""
    days_homes = f"{evaluation.trial.homes} homes x {evaluation.trial.advised_days} days"
    rows: list[tuple[str, ...]] = [
        (
            "arm",
            "kWh/day",
            "saved, homes %",
            "saved, total %",
            "warm K·h/day",
            "overrides/day",
            "kept",
            "beeps",
        ),
        (
            f"habit ({days_homes})",
            f"{evaluation.habit_kwh_day:.2f}",
            "",
            "",
            f"{evaluation.warm_habit_k_h_day:.3f}",
            f"{evaluation.overrides_habit_day:.4f}",
            "",
            "",
        ),
    ]
    for arm in evaluation.arms:
        pairs = arm.pairs
        rows.append(
            (
                arm.arm,
                f"{arm.kwh_day:.2f}",
                str(arm.saved_home_pct),
                str(pairs.saved_pct),
                _with_extra(pairs.warm_advised_k_h_day, pairs.warm_extra_k_h_day, 3),
                _with_extra(pairs.overrides_advised_day, pairs.overrides_extra_day, 4),
                f"{pairs.comfort_kept} of {pairs.homes}",
                f"{arm.changes_day:.1f}",
            )
        )
    return rows


def price_lines(evaluation: Evaluation) -> Sequence[str]:
    """What the days of the search before saved and cost, a line an arm."""
    return [f"{arm.arm}: {price(arm.search)}" for arm in evaluation.arms if arm.search is not None]


def _with_extra(total: Estimate, extra: Estimate, digits: int) -> str:
    return f"{total.mean:.{digits}f} ({extra.mean:+.{digits}f} ± {extra.standard_error:.{digits}f})"
