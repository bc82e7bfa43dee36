"""How much the quality rules find, and how often they are wrong: `python -m infra.local.quality_study`.

Limits are set on split `train` and shown on `validate`. Faults of the simulator (a stuck sensor, a clock that
is put forward or back, a reboot that loses the counter) and some that are planted into the table of a sound
fleet (a spike, values that are repeated, power in another scale) are each given to a third of the homes;
the other homes say how many false alarms there are beside the fault. With `--data` the rules look at measured
homes too, where nobody knows what is a fault.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import structlog
from pydantic import ValidationError

from cloud.adapters.lake_table import scan_table
from cloud.quality.columns import Columns, Flags
from cloud.quality.rules import RULES
from device_sim.faults.plan import Fault, FaultKind, FaultPlan
from device_sim.fleet import Fleet, FleetSpec
from device_sim.noise import Split
from device_sim.policy import HabitSetpoints
from device_sim.recordings.formats import format_named
from device_sim.season import simulate_telemetry
from edge.contract import Telemetry

Bools: TypeAlias = npt.NDArray[np.bool_]

SPLITS: Final[tuple[Split, ...]] = ("train", "validate")
CLIMATES: Final = ("hot_dry", "mild_summer")
START: Final = datetime(2025, 7, 1, 7, tzinfo=UTC)
DAYS: Final = 5
FROM, UNTIL = START + timedelta(days=2), START + timedelta(days=3)
"""When the fault is there."""

EVERY: Final = 3
"""Every third home has it."""

SEED: Final = 5

RECORDINGS: Final = (
    ("ecobee", "ecobee_home", "America/New_York"),
    ("home-assistant", "ha_house", None),
    ("hilft", "hilft_ashp", "America/New_York"),
)
"""Format, folder and time zone of the measured homes."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of fault.

    Attributes:
        name: What is printed.
        rule: The rule that shall find it.
        kind: A fault of the simulator; without it `plant` is used.
        severity: Of that.
        plant: Changes a sound table where it is told to.
    """

    name: str
    rule: str
    kind: FaultKind | None = None
    severity: float | None = None
    plant: Callable[[pa.Table, Bools], pa.Table] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule made of one case.

    Attributes:
        split: Of the homes.
        climate: Of the weather.
        case: Which fault; `sound` without any.
        rule: Which rule.
        faulty: Homes with the fault.
        found: Those of them that the rule flagged.
        sound_device_days: Days of homes without it.
        false_alarms: Those of them on which the rule flagged something.
    """

    split: str
    climate: str
    case: str
    rule: str
    faulty: int
    found: int
    sound_device_days: int
    false_alarms: int


def _spike(column: str, by: float) -> Callable[[pa.Table, Bools], pa.Table]:
    """One reading of each home is off."""

    def plant(table: pa.Table, where: Bools) -> pa.Table:
        first = where & ~np.append(np.zeros(1, np.bool_), where[:-1])
        values = table[column].to_numpy()
        return _with(table, column, np.where(first, values + by, values))

    return plant


def _scale(column: str, by: float) -> Callable[[pa.Table, Bools], pa.Table]:
    return lambda table, where: _with(table, column, table[column].to_numpy() * np.where(where, by, 1.0))


def _freeze(hours: float) -> Callable[[pa.Table, Bools], pa.Table]:
    """What was said last is said again."""

    def plant(table: pa.Table, where: Bools) -> pa.Table:
        at = table["sampled_at"].to_numpy().astype("datetime64[ms]")
        frozen = where & (at < np.datetime64((FROM + timedelta(hours=hours)).replace(tzinfo=None)))
        rows = np.arange(table.num_rows)
        last = np.maximum.accumulate(np.where(frozen, 0, rows))
        for column in ("indoor_dry_bulb_c", "outdoor_dry_bulb_c", "electric_power_w"):
            table = _with(table, column, table[column].to_numpy()[last])
        return table

    return plant


def _with(table: pa.Table, column: str, values: npt.NDArray[np.float64]) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(values, from_pandas=True))


CASES: Final = (
    Case("sensor stuck for a day", "stuck_sensor", "stuck_sensor"),
    Case("clock 2 min fast", "clock_jump", "clock_skew", 120.0),
    Case("clock 10 min fast", "clock_jump", "clock_skew", 600.0),
    Case("clock 1 h slow", "clock_jump", "clock_skew", -3600.0),
    Case("counter lost at a reboot", "counter_back", "reboot"),
    Case("indoor spike of 5 K", "indoor_jump", plant=_spike("indoor_dry_bulb_c", 5.0)),
    Case("indoor spike of 3 K", "indoor_jump", plant=_spike("indoor_dry_bulb_c", -3.0)),
    Case("outdoor spike of 10 K", "outdoor_jump", plant=_spike("outdoor_dry_bulb_c", 10.0)),
    Case("values repeated for 2 h", "frozen", plant=_freeze(2.0)),
    Case("power halved for a day", "power_against_counter", plant=_scale("electric_power_w", 0.5)),
    Case("power 10 % low for a day", "power_against_counter", plant=_scale("electric_power_w", 0.9)),
    Case("sensor drifts by 3 K in a day", "stuck_sensor", "drifting_sensor", 3.0),
)
"""Some are below their rule's limits, or nobody's: what the rules do not see."""


def study(
    homes: int,
    fleets: Iterable[tuple[Split, str]] = tuple(product(SPLITS, CLIMATES)),
    cases: Sequence[Case] = CASES,
) -> Iterator[Found]:
    """Play cases.

    Args:
        homes: In each fleet.
        fleets: Split and climate of each.
        cases: What goes wrong, one after the other; first nothing does.
    """
    for split, climate in fleets:
        sound, ids = _play(FleetSpec(homes, SEED, START, climate=climate, split=split))
        nobody = np.zeros(len(ids), dtype=np.bool_)
        for rule in RULES:
            yield _judge(sound, ids, nobody, (split, climate, Case("sound", rule.name)))
        for case in cases:
            yield _judge(*_faulty(case, sound, ids, (split, climate)), (split, climate, case))


def _faulty(
    case: Case, sound: pa.Table, ids: tuple[str, ...], fleet: tuple[Split, str]
) -> tuple[pa.Table, tuple[str, ...], Bools]:
    has = np.arange(len(ids)) % EVERY == 0
    if case.plant is not None:
        columns = Columns.of(sound)
        mine = np.isin(columns.device_ids, np.array(ids)[has])[columns.device]
        return case.plant(sound, mine & _during(columns)), ids, has
    assert case.kind is not None  # noqa: S101 (one of both)
    end = None if case.kind == "reboot" else UNTIL
    some = tuple(np.flatnonzero(has).tolist())
    fault = Fault(kind=case.kind, starts_at=FROM, ends_at=end, severity=case.severity, homes=some)
    plan = FaultPlan(faults=(fault,), reboot_loses_energy=True)
    split, climate = fleet
    table, ids = _play(FleetSpec(len(ids), SEED, START, climate=climate, split=split, plan=plan))
    return table, ids, has


def _play(spec: FleetSpec) -> tuple[pa.Table, tuple[str, ...]]:
    fleet = Fleet(spec, DAYS)
    ids = tuple(site.device_id for site in fleet.sites)
    return simulate_telemetry(fleet, DAYS, HabitSetpoints()).sort_by([
        ("device_id", "ascending"),
        ("sampled_at", "ascending"),
    ]), ids  # fmt: skip


def _during(columns: Columns) -> Bools:
    """Readings at the time of the fault."""
    return np.asarray((columns.at_ms > FROM.timestamp() * 1000) & (columns.at_ms <= UNTIL.timestamp() * 1000))


def _judge(table: pa.Table, ids: tuple[str, ...], has: Bools, asked: tuple[str, str, Case]) -> Found:
    split, climate, case = asked
    columns = Columns.of(table)
    (rule,) = (rule for rule in RULES if rule.name == case.rule)
    flags = rule.flag(columns)
    faulty = np.isin(columns.device_ids, np.array(ids)[has])
    hit = np.zeros(len(columns.device_ids), dtype=np.bool_)
    hit[columns.device[flags]] = True
    sound_flags = flags & ~faulty[columns.device]
    return Found(
        split, climate, case.name, case.rule,
        int(has.sum()), int((hit & faulty).sum()),
        _device_days(columns, ~faulty[columns.device]), _device_days(columns, sound_flags),
    )  # fmt: skip


def _device_days(columns: Columns, flags: Flags) -> int:
    return len(np.unique(columns.device[flags] * 1_000_000 + columns.at_ms[flags] // 86_400_000))


def measured(data: Path) -> Iterator[tuple[str, int, dict[str, tuple[int, int]]]]:
    """Name, device-days, and by rule readings and device-days flagged, of each measured data set."""
    for format_name, folder, zone in RECORDINGS:
        read = format_named(format_name).read(data / folder, None if zone is None else ZoneInfo(zone))
        readings: dict[tuple[str, datetime], Telemetry] = {}
        for recorded in read:
            try:
                reading = Telemetry.model_validate_json(json.dumps(recorded.payload))
            except ValidationError:
                continue  # a dead letter, and no reading
            readings[reading.device_id, reading.sampled_at] = reading
        columns = Columns.of(scan_table(readings[key] for key in sorted(readings)))
        flags = {rule.name: rule.flag(columns) for rule in RULES}
        every = np.ones(len(columns), dtype=np.bool_)
        yield folder, _device_days(columns, every), {
            name: (int(flag.sum()), _device_days(columns, flag)) for name, flag in flags.items()
        }  # fmt: skip


@click.command()
@click.option("--homes", default=150, show_default=True, type=click.IntRange(6, 1000))
@click.option(
    "--data",
    envvar="AC_ADVISOR_DATA",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the measured data sets.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(homes: int, data: Path | None, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Print recall and false alarms of each rule, and the flags on measured homes."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the answer
    found = list(study(homes))
    seen = [] if data is None else list(measured(data))
    if as_json:
        sets = [{"data": name, "device_days": days, "flags": flags} for name, days, flags in seen]
        click.echo(json.dumps({"simulated": [asdict(each) for each in found], "measured": sets}, indent=1))
        return
    click.echo(
        f"{'split':<9} {'climate':<12} {'case':<30} {'rule':<22} {'found':>9} {'false / device-days':>20}"
    )
    for each in found:
        recall = f"{each.found}/{each.faulty}" if each.faulty else "-"
        alarms = f"{each.false_alarms}/{each.sound_device_days}"
        click.echo(
            f"{each.split:<9} {each.climate:<12} {each.case:<30} {each.rule:<22} {recall:>9} {alarms:>20}"
        )
    for name, days, flags in seen:
        click.echo(f"\n{name}: {days} device-days; readings and device-days flagged")
        for rule, (readings, flagged_days) in flags.items():
            click.echo(f"  {rule:<22} {readings:>8} {flagged_days:>6}")


if __name__ == "__main__":
    main()
