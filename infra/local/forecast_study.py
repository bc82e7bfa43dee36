"""How far off the outdoor temperature of the coming day is, by lead: `python -m infra.local.forecast_study`.

Three climates and the seeds of split `validate`, on which the constants of `cloud.outlook` are chosen
(`--choose`). The outdoor sensor is that of a simulated device, the forecast that of the simulated weather
service, issued at each full hour; the truth is the hourly mean of the simulated weather.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import click
import numpy as np
import numpy.typing as npt

from cloud.home_clock import HomeClock
from cloud.hours import HourlyHistory
from cloud.outcome import HORIZON_SLOTS, Day, Horizon, outdoor_paths_c
from cloud.outlook import correction_k, off_k
from cloud.planned_rows import Recent
from device_sim.fleet import Fleet, FleetSpec
from device_sim.outdoors.forecast import Forecaster

Floats: TypeAlias = npt.NDArray[np.float64]

CLIMATES = ("hot_dry", "hot_humid", "mild_summer")
SEEDS = range(11, 21)
START = datetime(2026, 6, 1, tzinfo=UTC)

DAYS, FIRST_DAYS = 8, 2
"""Length of each season, and what passes of it before the first decision [d]."""

DECISION_STEPS = 10
"""A decision every 2.5 h: half of them in the middle of an hour [steps of 15 min]."""

STEPS_PER_HOUR = 4

AGES_H = (0, 2, 3, 4, 6, 12)
"""How old the forecast is [h]."""

CHOSEN_AGES_H = (0, 3, 6)
"""Those of them for which `--choose` tries other constants [h]."""

LEADS_H = (0, 1, 2, 3, 6, 12, 23)
"""Of the hours that are shown [h]."""

DEADBANDS_K = (0.0, 0.3, 0.6, 1.0, 2.0)
DECAYS_H = (1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 24.0)
"""What `--choose` tries."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Decisions of all seasons together; arrays are (n, 24), or (n,) where it is said.

    Attributes:
        true_c: What came [°C].
        sensor_c: What the sensor alone expects: persistence and the shape of the day before [°C].
        said_c: What was forecast, by the forecast's age [°C].
        off_k: By how much the sensor was above that now, by age, (n,) [K].
        used_c: What advice goes by, by age [°C].
    """

    true_c: Floats
    sensor_c: Floats
    said_c: Mapping[int, Floats]
    off_k: Mapping[int, Floats]
    used_c: Mapping[int, Floats]


def sample() -> Samples:
    """Play all seasons and look at every decision."""
    rows = [row for climate in CLIMATES for seed in SEEDS for row in _season(climate, seed)]
    return Samples(
        true_c=np.array([row.true_c for row in rows]),
        sensor_c=np.array([row.sensor_c for row in rows]),
        said_c={age: np.array([row.said_c[age] for row in rows]) for age in AGES_H},
        off_k={age: np.array([row.off_k[age] for row in rows]) for age in AGES_H},
        used_c={age: np.array([row.used_c[age] for row in rows]) for age in AGES_H},
    )


def rmse_k(expected_c: Floats, true_c: Floats) -> Floats:
    """Root mean square error of each column, (24,) [K]."""
    return np.asarray(np.sqrt(np.mean((expected_c - true_c) ** 2, axis=0)))


def _season(climate: str, seed: int) -> Iterator[Samples]:
    """The decisions of one season, one by one."""
    spec = FleetSpec(1, seed, START, 900, climate, split="validate")
    fleet = Fleet(spec, DAYS + 2)
    service = Forecaster(fleet.weather, seed, "validate")
    site = fleet.sites[0]
    history, clock = HourlyHistory(site.longitude_deg), HomeClock(site.timezone)
    true_c = fleet.weather.outdoor_dry_bulb_c.reshape(-1, STEPS_PER_HOUR).mean(axis=1)
    first = int(START.timestamp()) // 3600
    for step in range(1, DAYS * 24 * STEPS_PER_HOUR + 1):
        history.observe(fleet.step().telemetry(0))
        if step < FIRST_DAYS * 24 * STEPS_PER_HOUR or step % DECISION_STEPS:
            continue
        horizon = Horizon(fleet.now, clock.ahead(fleet.now.timestamp(), HORIZON_SLOTS + 1))
        recent, hour = Recent.of([(history, fleet.now)]), horizon.first_hour - first
        said = {age: _said(service, (hour - age) * STEPS_PER_HOUR) for age in AGES_H}
        now_h = fleet.now.timestamp() / 3600
        yield Samples(
            true_c=true_c[hour : hour + 24],
            sensor_c=outdoor_paths_c(recent, [Day(history, horizon, {})])[0, :24],
            said_c={
                age: np.array([of_age[horizon.first_hour + ahead] for ahead in range(24)])
                for age, of_age in said.items()
            },
            off_k={
                age: np.array(off_k(of_age[horizon.first_hour], recent.outdoor_c[0], now_h % 1))
                for age, of_age in said.items()
            },
            used_c={
                age: outdoor_paths_c(recent, [Day(history, horizon, of_age)])[0, :24]
                for age, of_age in said.items()
            },
        )


def _said(service: Forecaster, step: int) -> dict[int, float]:
    """A forecast by hour since 1970 [°C]."""
    said = service.issue(step)
    return {
        int(at.timestamp()) // 3600: float(air_c)
        for at, air_c in zip(said.at, said.outdoor_dry_bulb_c, strict=True)
    }


def _show(samples: Samples) -> None:
    leads = " ".join(f"{f'{lead} h':>6}" for lead in LEADS_H)
    click.echo(f"RMSE of the outdoor temperature [K], {len(samples.true_c)} decisions, by lead")
    click.echo(f"{'':<28} {leads}    all")
    _row("sensor alone", samples.sensor_c, samples)
    for age in AGES_H:
        _row(f"forecast {age} h old, raw", samples.said_c[age], samples)
        _row(f"forecast {age} h old, corrected", samples.used_c[age], samples)


def _row(name: str, expected_c: Floats, samples: Samples) -> None:
    error_k = rmse_k(expected_c, samples.true_c)
    shown = " ".join(f"{error_k[lead]:6.2f}" for lead in LEADS_H)
    click.echo(f"{name:<28} {shown} {np.sqrt(np.mean(error_k**2)):6.2f}")


def _choose(samples: Samples) -> None:
    """RMSE over all leads for every pair of constants, by age of the forecast."""
    for age in CHOSEN_AGES_H:
        click.echo(f"RMSE over 24 h [K], forecast {age} h old: dead band down, decay across [h]")
        click.echo(f"{'':>8} " + " ".join(f"{decay_h:7.1f}" for decay_h in DECAYS_H))
        for deadband_k in DEADBANDS_K:
            totals = (_total_k(samples, age, (deadband_k, decay_h)) for decay_h in DECAYS_H)
            click.echo(f"{deadband_k:6.1f} K " + " ".join(f"{total_k:7.3f}" for total_k in totals))


def _total_k(samples: Samples, age: int, constants: tuple[float, float]) -> float:
    """RMSE over all leads with other constants [K]."""
    added_k = correction_k(samples.off_k[age][:, np.newaxis], np.arange(24.0), *constants)
    return float(np.sqrt(np.mean(rmse_k(samples.said_c[age] + added_k, samples.true_c) ** 2)))


@click.command()
@click.option("--choose", is_flag=True, help="Try other constants too.")
def main(choose: bool) -> None:  # noqa: FBT001 (click's)
    """Print how far off sensor and forecast are."""
    samples = sample()
    _show(samples)
    if choose:
        _choose(samples)


if __name__ == "__main__":
    main()
