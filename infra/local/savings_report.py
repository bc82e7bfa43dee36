"""The report of savings of a data directory: made, told in lines, and drawn."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cloud.config import CloudSettings
from cloud.ports.saving_records import GroupRecord, Saving
from cloud.ports.telemetry import LakeReader
from cloud.savings.home_days import Floats
from cloud.savings.rebuilt import DeviceFacts, rebuilt_days
from cloud.savings.report import Report
from cloud.savings_desk import EVER, Days, SavingsDesk
from cloud.serving import Serving
from cloud.wiring.lake import open_lake
from cloud.wiring.state import has_state, open_state
from edge.contract import Telemetry
from infra.local.listings import NothingThereError
from infra.local.savings_second import SecondOpinion, second_opinion

CODE: Final = version("ac-advisor")


def report_of(
    data_dir: Path, carbon_kg_per_kwh: Floats | None, *, keep: bool, from_lake: bool = False
) -> Report | None:
    """The newest report; None before the first look. With `from_lake` kept days are not asked.

    Raises:
        NothingThereError: The directory has no state.
    """
    settings = CloudSettings(data_dir=data_dir)
    if not has_state(settings):
        raise NothingThereError(data_dir)
    with closing(open_state(settings)) as store:
        days = partial(_days_of_lake, settings) if from_lake else None
        desk = SavingsDesk(store, lambda: datetime.now(UTC), CODE, carbon_kg_per_kwh, days)
        return desk.keep() if keep else desk.make()


def second_opinion_of(data_dir: Path) -> SecondOpinion | None:
    """Before and after, by kept days; None where no home has a history from before."""
    with closing(open_state(CloudSettings(data_dir=data_dir))) as store:
        return second_opinion(Serving(store, 0), EVER)


def _days_of_lake(settings: CloudSettings, serving: Serving) -> Days:
    """Days of devices of homes that consent, as their readings tell them."""
    lake, facts = open_lake(settings).snapshot(), dict[str, DeviceFacts]()
    for device_id, profile in serving.profiles().items():
        if profile.measures_savings:
            memory = serving.memory(device_id)
            learnt_c = None if memory is None else memory.habit_setpoint_c
            told_c = profile.installation.habit_setpoint_c
            habit_c = told_c if learnt_c is None else learnt_c
            facts[device_id] = DeviceFacts(profile.home_id, profile.installation.timezone, habit_c)
    return rebuilt_days(facts, {name: _readings(lake, name) for name in facts}, serving.assignment())


def _readings(lake: LakeReader, device_id: str) -> Iterator[Telemetry]:
    for row in lake.scan(device_id=device_id).to_pylist():
        yield Telemetry.model_construct(**row)


def rows_of(report: Report) -> Iterator[str]:
    """As lines."""
    fleet = report.fleet
    days = f"{fleet.first} to {fleet.last}"
    yield f"look {fleet.look}: {days}, {len(report.homes)} homes, digest {fleet.digest[:12]}"
    for group in fleet.groups:
        yield from _group(group)


def _group(group: GroupRecord) -> Iterator[str]:
    yield f"{group.cohort}: {group.homes} homes, {group.days} days, {group.habit_days} of them at the habit"
    sure = "surely saves" if group.claimed else "not sure that it saves"
    yield f"  saved a home and day  {_told(group.kwh, 'kWh')}, {_told(group.pct, '%')}; {sure}"
    if group.co2_kg is not None:
        yield f"  CO2                   {_told(group.co2_kg, 'kg')}"
    for name, arm in (("advised", group.advised), ("habit", group.habit)):
        yield (
            f"  a day, {name:<7}        {arm.overrides:.2f} overrides, {arm.warm_words:.2f} warm words, "
            f"{arm.warm_minutes:.0f} warm minutes"
        )
    followed = "unknown" if group.followed_ratio is None else f"{100 * group.followed_ratio:.0f} %"
    cost = f"measuring has cost {group.sacrificed_kwh:.1f} kWh"
    yield f"  advice in force on    {followed} of advised days; {cost}"


def _told(saving: Saving, unit: str) -> str:
    return f"{saving.saved:.2f} {unit} ({saving.low:.2f} to {saving.high:.2f})"


def draw(report: Report, folder: Path) -> None:
    """Groups with their intervals, and how far homes are unlike, into `folder`."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to import)

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(7, 1.5 + 0.4 * len(report.fleet.groups)), layout="constrained")
    axes = figure.subplots()
    for place, group in enumerate(reversed(report.fleet.groups)):
        axes.plot([group.pct.low, group.pct.high], [place, place], color="0.4")
        axes.plot(group.pct.saved, place, "o", color="C0")
    axes.set_yticks(
        range(len(report.fleet.groups)), [group.cohort for group in reversed(report.fleet.groups)]
    )
    axes.axvline(0.0, color="0.8", zorder=0)
    axes.set_xlabel("saved [% of what is used at the habit], 95 % interval")
    figure.savefig(folder / "savings_groups.png", dpi=150)
    homes = sorted((home.kwh for home in report.homes if home.kwh is not None), key=lambda each: each.saved)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for place, saving in enumerate(homes):
        axes.plot([place, place], [saving.low, saving.high], color="0.7")
        axes.plot(place, saving.saved, ".", color="C0")
    axes.set_xlabel("homes, in their order")
    axes.set_ylabel("saved [kWh/day], 95 % interval")
    figure.savefig(folder / "savings_homes.png", dpi=150)
