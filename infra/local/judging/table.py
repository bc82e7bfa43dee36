"""The printed tables of an evaluation."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from infra.local.judging.curve import Curve
from infra.local.judging.evaluate import Evaluation
from infra.local.judging.figures import ArmResult, PhaseResult
from infra.local.pairs import Estimate
from infra.local.summary import price
from infra.local.whole_table import print_whole


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """The table of the judged days, that of the phases, and what else was measured."""
    trial = evaluation.trial
    _print(
        console,
        f"{evaluation.champion} on the split {trial.split}, {trial.climate}; simulated homes; "
        f"days {trial.judged.first_day} to {trial.judged.last_day} with advice",
        table(evaluation),
    )
    if trial.played_phases:
        title = "saved, homes %; extra warm K·h/day; extra overrides/day"
        _print(console, title, phase_table(evaluation))
    for line in (
        *bill_lines(evaluation),
        *price_lines(evaluation),
        *promise_lines(evaluation),
        *curve_lines(evaluation.curve),
    ):
        console.print(line, soft_wrap=True, highlight=False)


def _print(console: Console, title: str, rows: Sequence[tuple[str, ...]]) -> None:
    heading, *others = rows
    printed = Table(title=title)
    for place, name in enumerate(heading):
        printed.add_column(name, justify="right" if place else "left")
    for row in others:
        printed.add_row(*row)
    print_whole(console, printed)


def table(evaluation: Evaluation) -> Sequence[tuple[str, ...]]:
    """The rows of the table of the judged days, its header first."""
    rows: list[tuple[str, ...]] = [
        (
            "arm",
            "kWh/day",
            "saved, homes %",
            "saved, total %",
            "warm K·h/day",
            "overrides/day",
            "kept",
            "> habit + 1",
            "worst home %",
            "of oracle %",
            "beeps",
        ),
        (
            f"habit ({evaluation.trial.homes} homes x {evaluation.trial.judged.days} days)",
            f"{evaluation.habit_kwh_day:.2f}",
            "",
            "",
            f"{evaluation.warm_habit_k_h_day:.3f}",
            f"{evaluation.overrides_habit_day:.4f}",
            "",
            "",
            "",
            "",
            f"{evaluation.changes_habit_day:.1f}",
        ),
    ]
    return [*rows, *(_row(arm) for arm in evaluation.arms)]


def _row(arm: ArmResult) -> tuple[str, ...]:
    pairs, share = arm.pairs, arm.oracle_ratio
    return (
        arm.arm,
        f"{arm.kwh_day:.2f}",
        str(arm.saved_home_pct),
        str(pairs.saved_pct),
        _with_extra(pairs.warm_advised_k_h_day, pairs.warm_extra_k_h_day, 3),
        _with_extra(pairs.overrides_advised_day, pairs.overrides_extra_day, 4),
        f"{pairs.comfort_kept} of {pairs.homes}",
        str(arm.bothered_homes),
        f"{pairs.worst_home_saved_pct:.1f}",
        "" if share is None else f"{100 * share.mean:.0f} ± {100 * share.standard_error:.0f}",
        f"{arm.changes_day:.1f}",
    )


def phase_table(evaluation: Evaluation) -> Sequence[tuple[str, ...]]:
    """The rows of the table of phases, its header first: how the saving grows and what the search costs."""
    heading = ("arm", *(str(phase) for phase in evaluation.trial.played_phases))
    return [heading, *((arm.arm, *(_phase_cell(each) for each in arm.phases)) for arm in evaluation.arms)]


def _phase_cell(result: PhaseResult) -> str:
    pairs = result.pairs
    warm, overrides = pairs.warm_extra_k_h_day.mean, pairs.overrides_extra_day.mean
    return f"{result.saved_home_pct}; {warm:+.2f}; {overrides:+.3f}"


def bill_lines(evaluation: Evaluation) -> Sequence[str]:
    """What was saved of the bill beside what was saved of electricity, a line an arm; none without tariff."""
    return [
        f"{arm.arm}, tariff {evaluation.trial.tariff}: saved {arm.bill.saved_pct} % of the bill "
        f"({arm.bill.habit_day:.3f} a home and day), and {arm.pairs.saved_pct} % of electricity."
        for arm in evaluation.arms
        if arm.bill is not None
    ]


def price_lines(evaluation: Evaluation) -> Sequence[str]:
    """What the days of the search before saved and cost, a line an arm."""
    return [f"{arm.arm}: {price(arm.search)}" for arm in evaluation.arms if arm.search is not None]


def promise_lines(evaluation: Evaluation) -> Sequence[str]:
    """What was told against what came, a line an arm."""
    lines = []
    for arm in evaluation.arms:
        told = arm.promise
        if told is not None:
            lines.append(
                f"{arm.arm}: told {told.expected_kwh_day:.2f}, saved {told.measured_kwh_day:.2f} kWh a day; "
                f"the 90 % intervals held {told.daily} of {told.daily.periods} home-days, {told.weekly} of "
                f"{told.weekly.periods} home-weeks ({told.weekly_if_independent} if days were independent); "
                f"on {100 * told.silent_ratio:.0f} % of home-days nothing was told, and saved "
                f"{told.silent_kwh_day:.2f} kWh."
            )
    return lines


def curve_lines(curve: Curve | None) -> Sequence[str]:
    """The curve of λ, a line a point."""
    if curve is None:
        return []
    lines = [
        f"λ = {point.comfort_lambda:g}: saved {point.saved_pct} % at "
        f"{point.warm_extra_k_h_day.mean:+.3f} ± {point.warm_extra_k_h_day.standard_error:.3f} K·h/day."
        for point in curve.points
    ]
    equal, share = curve.equal_warm_saved_pct, curve.equal_warm_oracle_ratio
    last = "no λ is as warm as the habit" if equal is None else f"saved {equal} %"
    of_oracle = "" if share is None else f", {100 * share.mean:.0f} % of the oracle's"
    return [*lines, f"At the habit's warm degree-hours: {last}{of_oracle}."]


def _with_extra(total: Estimate, extra: Estimate, digits: int) -> str:
    return f"{total.mean:.{digits}f} ({extra.mean:+.{digits}f} ± {extra.standard_error:.{digits}f})"
