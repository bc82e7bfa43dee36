"""False alarms of monitoring: `python -m infra.local.monitoring_study`.

Sound fleets of the split `validate` live at their habit for five weeks, and then some days with advice that
their devices follow; every hour of these a round is made. No alarm is right.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import click
import structlog

from cloud.monitoring.alarms import RULES, compared
from cloud.monitoring.round import take_round
from cloud.ports.monitoring import MonitoringReport
from device_sim.fleet import FleetSpec
from infra.local.monitored_fleet import DAY_STEPS, START, STEP_S, MonitoredFleet

CLIMATES: Final = "hot_dry,hot_humid,mild_summer"
SEED: Final = 411
HOUR_STEPS: Final = 3600 // STEP_S


@dataclass(slots=True)
class Watched:
    """What a fleet has shown.

    Attributes:
        rounds: So many.
        raised: Alarms, by name.
        highest: The highest value that was compared, by alarm.
    """

    rounds: int = 0
    raised: Counter[str] = field(default_factory=Counter[str])
    highest: dict[str, float] = field(default_factory=dict[str, float])

    def see(self, report: MonitoringReport) -> None:
        """Count a round."""
        self.rounds += 1
        self.raised.update(alarm.alarm for alarm in report.raised)
        for name, _, value in compared(report.cohorts, report.service):
            self.highest[name] = max(value, self.highest.get(name, 0.0))


def watch(climate: str, homes: int, days: int, seed: int) -> Watched:
    """Monitor one sound fleet."""
    spec = FleetSpec(homes, seed, START, step_s=STEP_S, climate=climate, split="validate")
    fleet, watched = MonitoredFleet(spec, days), Watched()
    for step in range(days * DAY_STEPS):
        fleet.step()
        if step % HOUR_STEPS == HOUR_STEPS - 1:
            watched.see(take_round(fleet.sources))
    return watched


@click.command()
@click.option("--homes", default=40, show_default=True, type=click.IntRange(10, 500))
@click.option("--days", default=10, show_default=True, type=click.IntRange(1, 60))
@click.option("--climates", default=CLIMATES, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
def main(homes: int, days: int, climates: str, seed: int) -> None:
    """Watch sound fleets, and print what was raised and how near the others came to their limits."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    for place, climate in enumerate(climates.split(",")):
        watched = watch(climate, homes, days, seed + place)
        raised = sum(watched.raised.values())
        click.echo(f"{climate}: {homes} homes, {days} days, {watched.rounds} rounds, {raised} alarms")
        for name, rule in RULES.items():
            if name in watched.highest:
                highest = f"highest {watched.highest[name]:.3f}, limit {rule.limit:g}"
                click.echo(f"  {name}: {watched.raised[name]} of them raised; {highest}")


if __name__ == "__main__":
    main()
