"""The printed tables of the measured pairs and of the backtest of forecasts."""

from rich.console import Console
from rich.table import Table

from infra.local.measured.backtest import Backtest, Comparison
from infra.local.measured.day_ahead_forecasts import OURS, WITH_RATIO
from infra.local.measured.pair_study import ALLOWED_RATIO, PairStudy
from infra.local.whole_table import print_whole


def print_pairs(console: Console, study: PairStudy) -> None:
    """A row for each forecast of the saving, and what must hold."""
    low, high = study.measured_interval_kwh
    table = Table(
        title=f"{study.pairs} measured pairs on {study.weather_days} weather days, each day left out: saved "
        f"{study.measured_mean_kwh:.2f} kWh/day ({low:.2f} to {high:.2f})"
    )
    columns = ("forecast", "mean", "over measured", "MAE", "MAE less always zero's", "right signs", "holds")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for name, score in study.scores.items():
        table.add_row(
            name,
            f"{score.mean_kwh:+.2f} ({_span(score.mean_interval_kwh)})",
            f"{score.over_measured:+.2f} ({_span(score.over_measured_interval)})",
            f"{score.mae_kwh:.2f}",
            _span(score.mae_over_zero_interval_kwh),
            f"{score.right_signs:.0%}",
            "yes" if study.holds(name) else "no",
        )
    print_whole(console, table)
    console.print(
        f"kWh/day; 90 % intervals by bootstrap over weather days. Holds: mean within {ALLOWED_RATIO:.0%} of "
        "the measured one, and MAE below that of always zero."
    )


def print_backtest(console: Console, backtest: Backtest) -> None:
    """Errors of hours and days, how far ours are ahead, and where they are not."""
    kind = "measured" if backtest.measured else "simulated, split validate"
    for level, comparison in (("hours", backtest.hourly), ("days", backtest.daily)):
        title = f"{backtest.name} ({kind}): {comparison.count} {level} of {comparison.homes} {backtest.units}"
        print_whole(console, _errors(title, comparison))
    for line in where_beaten(backtest):
        console.print(line)


def where_beaten(backtest: Backtest) -> list[str]:
    """Every comparison in which a forecast that is not ours has the smaller WAPE, and in how many homes."""
    parts = {"hours": backtest.hourly, "days": backtest.daily}
    parts |= {f"days, week from day {first}": week for first, week in backtest.weeks.items()}
    lines = []
    for own in OURS:
        for part, comparison in parts.items():
            leads = comparison.leads[own].items()
            beaten = {name: lead for name, lead in leads if lead.worse > 0 and name != WITH_RATIO}
            lines += [
                f"{backtest.name}, {part}: {own} is behind {name} by {lead.worse:.0%} "
                f"({_span(lead.interval, 'pct')}), better in {lead.homes_lost} of "
                f"{comparison.homes} {backtest.units}"
                for name, lead in beaten.items()
            ]
    return lines or [f"{backtest.name}: ours are ahead of every other forecast, in all and in every week"]


def _errors(title: str, comparison: Comparison) -> Table:
    table = Table(title=title)
    columns = ["forecast", "WAPE", "CV(RMSE)", "NMBE", *(f"WAPE of {own} against it" for own in OURS)]
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for name, errors in comparison.errors.items():
        leads = [comparison.leads[own].get(name) for own in OURS]
        table.add_row(
            name,
            f"{errors.wape:.3f}",
            f"{errors.cv_rmse:.3f}",
            f"{errors.nmbe:+.3f}",
            *("" if lead is None else f"{lead.worse:+.0%} ({_span(lead.interval, 'pct')})" for lead in leads),
        )
    return table


def _span(interval: tuple[float, float], unit: str = "") -> str:
    low, high = interval
    return f"{low:+.0%} to {high:+.0%}" if unit else f"{low:+.2f} to {high:+.2f}"
