"""Figures: facts of devices, counted by cohort. Pure."""

import math
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import timedelta
from statistics import median
from typing import Final

from cloud.monitoring.facts import DeviceFacts, FleetFacts
from cloud.monitoring.tally import Tally
from cloud.ports.monitoring import CohortReport, Figures, ServiceFigures
from edge.contract import DeviceId

FEWEST_DAYS: Final = 30
"""Fewer days of devices say more about their people than about the models."""

FEWEST_DAYS_A_HOME: Final = 4
"""Weather surprises whole cohorts on single days [days]."""

FEWEST_ANSWERS: Final = 20
"""The same of people's answers."""

SURE_SD: Final = 3.0
"""Overrides in excess are those beyond this [standard deviations]: many cohorts are looked at, many times."""

SMALL_KWH: Final = 0.5
"""Added to each day of both sides before they are compared [kWh]: see `cloud.drift.residuals`."""

POPULATION: Final = "population/"
FAULTS: Final = "faults/"


def measure(facts: FleetFacts) -> tuple[CohortReport, ...]:
    """A report of each cohort, the fleet first."""
    tallies = {device_id: Tally.of(device, facts) for device_id, device in facts.devices.items()}
    return tuple(_cohort(name, members, facts, tallies) for name, members in facts.cohorts.items())


def measure_service(facts: FleetFacts) -> ServiceFigures:
    """What is not of a cohort."""
    heard = [each.newest_at for each in facts.devices.values() if each.newest_at is not None]
    newest = max((at for at in heard if at <= facts.fleet_at), default=None)  # not of a clock that is ahead
    behind_s = idle_h = None
    if newest is not None and facts.advised_up_to is not None:
        behind_s = max((newest - facts.advised_up_to).total_seconds(), 0.0)
    if facts.trained_at is not None:
        idle_h = round(max((facts.at - facts.trained_at) / timedelta(hours=1), 0.0), 2)
    return ServiceFigures(
        champion=facts.champion, trial=facts.trial, advisor_behind_s=behind_s, training_idle_h=idle_h
    )


def _cohort(
    name: str, members: Collection[DeviceId], facts: FleetFacts, tallies: Mapping[DeviceId, Tally]
) -> CohortReport:
    devices = [facts.devices[device_id] for device_id in members]
    versions = dict(Counter(each.advice.champion for each in devices if each.advice is not None))
    drift = dict(facts.drift.get(name, {}))
    tally = Tally.total(tallies[device_id] for device_id in members)
    figures = Figures(
        devices=len(devices),
        reading_age_s=_age_s(devices, facts),
        feature_drift_index=_highest(drift, POPULATION),
        faulty_ratio=_highest(drift, FAULTS),
        model_age_days=_oldest_days(versions, facts),
        **_now(tally, len(devices)),
        **_days(tally),
        **_people(tally),
    )
    return CohortReport(name=name, figures=figures, versions=versions, drift=drift)


def _now(tally: Tally, devices: int) -> dict[str, float | None]:
    return {
        "stale_ratio": _ratio(devices - tally.heard, devices),
        "heard_devices": tally.heard,
        "covered_ratio": _ratio(tally.covered, tally.heard),
        "lapsed_ratio": _ratio(tally.seated - tally.covered, tally.seated),
        "seated_devices": tally.seated,
    }


def _days(tally: Tally) -> dict[str, float | None]:
    is_enough = tally.energy_days >= max(FEWEST_DAYS, FEWEST_DAYS_A_HOME * tally.energy_homes)
    small_kwh = SMALL_KWH * tally.energy_days
    return {
        "energy_days": tally.energy_days,
        "energy_ratio": _ratio(tally.measured_kwh + small_kwh, tally.predicted_kwh + small_kwh)
        if is_enough
        else None,
        "energy_error_ratio": _ratio(tally.missed_kwh, tally.measured_kwh) if is_enough else None,
    }


def _people(tally: Tally) -> dict[str, float | None]:
    answers = tally.accepted + tally.refused
    is_enough = answers >= FEWEST_ANSWERS
    return {
        "advised_days": tally.advised_days,
        "overrides_per_day": _ratio(tally.overrides, tally.advised_days),
        "override_excess_ratio": _excess(tally),
        "answers": answers,
        "accepted_ratio": _ratio(tally.accepted, answers) if is_enough else None,
        "refused_ratio": _ratio(tally.refused, answers) if is_enough else None,
    }


def _excess(tally: Tally) -> float | None:
    """So many times as many overrides as usual came at least; one more than usual is never nothing.

    The square root of a Poisson number has a standard deviation of one half (Anscombe 1948,
    doi:10.1093/biomet/35.3-4.246).
    """
    if tally.recent_days < FEWEST_DAYS or tally.usual_days < FEWEST_DAYS:
        return None
    surely = max(math.sqrt(tally.recent_overrides + 3 / 8) - SURE_SD / 2, 0.0) ** 2
    usual = tally.recent_days * (tally.usual_overrides + 1) / tally.usual_days
    return round(surely / usual, 4)


def _age_s(devices: Collection[DeviceFacts], facts: FleetFacts) -> float | None:
    heard = [each.newest_at for each in devices if each.newest_at is not None]
    ages_s = [max((facts.fleet_at - at).total_seconds(), 0.0) for at in heard]
    return round(median(ages_s), 3) if ages_s else None


def _highest(drift: Mapping[str, float], signals: str) -> float | None:
    return max((value for key, value in drift.items() if key.startswith(signals)), default=None)


def _oldest_days(versions: Collection[str], facts: FleetFacts) -> float | None:
    ages = [facts.model_ages[version] for version in versions if version in facts.model_ages]
    return round(max(*ages, timedelta()) / timedelta(days=1), 3) if ages else None


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole > 0 else None
