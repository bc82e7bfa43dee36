"""The demo's result: what was published and kept, which models served, and what was saved."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.local.errors import LocalError
from infra.local.pairs import Estimate, PairedComparison


class ReadingsLostError(LocalError):
    """The promise that everything published is in the lake once was broken."""

    def __init__(self, published: int, in_lake: int, dead_lettered: int) -> None:
        super().__init__(
            f"{published} readings were published; {in_lake} are in the lake, {dead_lettered} in dead letters"
        )


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """The figures of one demo; energies are of all homes over the advised days [kWh].

    Attributes:
        homes: Simulated homes.
        simulated_days: Days at the habit, of the search, and advised [days].
        readings_published: Distinct readings that devices sent, good or bad.
        readings_in_lake: Rows of the lake, distinct by (device_id, sampled_at).
        readings_dead_lettered: Distinct refused readings, at the edge and in the cloud.
        champion: The version of the models that serves at the end.
        model_versions: All versions in the registry, oldest first.
        fine_tuning: What the gate decided about the fine-tuned challenger, and why.
        advice_served: Distinct pieces of advice that were made.
        advice_applied: Of these, how many a device confirmed.
        cooling_kwh_habit: Electricity at the habit.
        cooling_kwh_advised: Electricity of the same homes when advised.
        saved_pct: Saved share of it [%].
        saved_pct_standard_error: Over homes, by the jackknife [%].
        warm_degree_hours_day_habit: Per home [K·h/day].
        warm_degree_hours_day_advised: The same when advised.
        warm_degree_hours_day_extra_standard_error: Of the paired difference, over homes.
        overrides_habit: Changes by people over the advised days, all homes.
        overrides_advised: The same when advised.
        overrides_day_extra_standard_error: Of the paired difference per home and day, over homes.
        comfort_kept_homes: Homes with at most 0.25 K·h/day more than at the habit.
        search_saved_pct: Saved share in the days of the search for each home's tolerance, before [%].
        search_warm_degree_hours_day_extra: Its price per home [K·h/day].
        said_a_bit_warm: Times that people said so in the app, search and advised days, all homes.
        search_overrides_habit: Changes by people in those days, all homes.
        search_overrides_advised: The same when advised.
        worst_home_saved_pct: Of the home that saves least [%].
        late_rounds: Half-hours in which a command came later than simulated time could wait.
        seconds_to_first_advice: From the start of the stack to the first advice [s].
        peak_memory_mb: Largest resident memory of all processes together [MB].
        wall_s: Duration of the demo [s].
    """

    homes: int
    simulated_days: int
    readings_published: int
    readings_in_lake: int
    readings_dead_lettered: int
    champion: str
    model_versions: tuple[str, ...]
    fine_tuning: str
    advice_served: int
    advice_applied: int
    cooling_kwh_habit: float
    cooling_kwh_advised: float
    saved_pct: float
    saved_pct_standard_error: float
    warm_degree_hours_day_habit: float
    warm_degree_hours_day_advised: float
    warm_degree_hours_day_extra_standard_error: float
    overrides_habit: int
    overrides_advised: int
    overrides_day_extra_standard_error: float
    comfort_kept_homes: int
    search_saved_pct: float
    search_warm_degree_hours_day_extra: float
    said_a_bit_warm: int
    search_overrides_habit: int
    search_overrides_advised: int
    worst_home_saved_pct: float
    late_rounds: int
    seconds_to_first_advice: float
    peak_memory_mb: int
    wall_s: float

    def require_nothing_lost(self) -> None:
        """Check the promise that everything published is in the lake once.

        Raises:
            ReadingsLostError: It is not.
        """
        kept = self.readings_in_lake + self.readings_dead_lettered
        if kept != self.readings_published:
            raise ReadingsLostError(
                self.readings_published, self.readings_in_lake, self.readings_dead_lettered
            )

    def write(self, path: Path) -> None:
        """The summary as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def print_summary(
    console: Console, summary: DemoSummary, search: PairedComparison, pair: PairedComparison
) -> None:
    """The final table, and in a sentence what it means."""
    table = Table(title=f"{pair.homes} homes, {pair.days:.0f} advised days, each home paired with itself")
    for heading in ("", "at habit", "advised", "difference ± standard error over homes"):
        table.add_column(heading, justify="left" if heading == "" else "right")
    saved = f"{-pair.saved_pct.mean:+.1f} ± {pair.saved_pct.standard_error:.1f} %"
    table.add_row("cooling electricity [kWh]", f"{pair.habit_kwh:.0f}", f"{pair.advised_kwh:.0f}", saved)
    table.add_row(
        "warm degree-hours a home and day [K·h]",
        f"{pair.warm_habit_k_h_day.mean:.2f}",
        f"{pair.warm_advised_k_h_day.mean:.2f}",
        _signed(pair.warm_extra_k_h_day),
    )
    table.add_row(
        "overrides a home and day",
        f"{pair.overrides_habit_day.mean:.3f}",
        f"{pair.overrides_advised_day.mean:.3f}",
        _signed(pair.overrides_extra_day, 3),
    )
    table.add_row('times that somebody said "a bit warm"', "", str(pair.taps), "")
    table.add_row("homes with comfort kept", "", f"{pair.comfort_kept} of {pair.homes}", "")
    console.print(table)
    console.print(verdict(pair))
    console.print(price(search))
    console.print(
        f"Readings: {summary.readings_published:,} published = {summary.readings_in_lake:,} in the lake"
        f" + {summary.readings_dead_lettered:,} dead letters."
        f" Champion: {summary.champion}. {summary.fine_tuning}"
    )


def verdict(pair: PairedComparison) -> str:
    """One honest sentence: whether it saved, and at what comfort."""
    saved = pair.saved_pct
    claim = (
        f"The advice saved {saved.mean:.1f} % (± {saved.standard_error:.1f})"
        if saved.mean > 2 * saved.standard_error
        else f"No saving can be told from chance ({saved.mean:.1f} ± {saved.standard_error:.1f} %)"
    )
    warm = _compared(pair.warm_extra_k_h_day, "warm degree-hours", 2)
    overrides = _compared(pair.overrides_extra_day, "overrides", 3)
    return f"{claim}, with {warm} and {overrides} than at the habit. These are simulated homes."


def price(search: PairedComparison) -> str:
    """What it took to find out how warm each home may be kept."""
    return (
        f"The search for each home's tolerance in the {search.days:.0f} days before saved"
        f" {search.saved_pct.mean:.1f} % and cost {search.warm_extra_k_h_day.mean:+.2f} warm degree-hours a"
        f" home and day and {search.overrides_advised - search.overrides_habit:+d} overrides in all"
        f' {search.homes} homes; {search.taps} times somebody said "a bit warm".'
    )


def _compared(extra: Estimate, what: str, digits: int) -> str:
    """Whether there is more of something, with the figures wherever that is not plain."""
    if extra.mean <= 0:
        return f"no more {what}"
    told = "more" if extra.mean > 2 * extra.standard_error else "no more (as far as chance lets tell)"
    return f"{told} {what} ({_signed(extra, digits)} a home and day)"


def _signed(value: Estimate, digits: int = 2) -> str:
    return f"{value.mean:+.{digits}f} ± {value.standard_error:.{digits}f}"
