"""Features: what each home was like in each hour, from its telemetry; one definition for every engine.

An hour is named by its end. A reading belongs to the hour in which its interval ends. Windows are ranges of
time, not of rows, so a gap stays a gap. Nothing that the air conditioner did in an hour is among the features
of that hour's energy: only what was planned (setpoint, on) or forecast (outdoor). `cloud.hours` computes the
same numbers one reading at a time.
"""

from collections.abc import Callable

import ibis
from ibis.expr.types import BooleanValue, NumericColumn, NumericValue, Table

from cloud.feature_catalogue import (
    CENSORED_H,
    COOLING_MODES,
    HABIT_H,
    HISTORY_H,
    HUMIDITY_WEIGHT_K_PER_PCT,
    MIN_COVERAGE_RATIO,
    MIN_HISTORY_H,
    MIN_ON_H,
    NEUTRAL_RH_PCT,
    OFF_SETPOINT_C,
    ON_RATIO,
    OVERRIDE_STEP_K,
    PERSONAL_CHANGES,
    PRESENT_S,
)

COLUMNS = (
    "device_id",
    "hour_end_at",
    "coverage_ratio",
    "electric_energy_kwh",
    "solar_hour",
    "outdoor_dry_bulb_c",
    "outdoor_dry_bulb_24h_c",
    "indoor_dry_bulb_c",
    "indoor_rh_pct",
    "indoor_rh_1h_pct",
    "setpoint_c",
    "setpoint_3h_c",
    "setpoint_24h_c",
    "on_ratio",
    "other_mode_ratio",
    "home_kwh_168h",
    "home_degree_168h",
    "home_on_kwh_168h",
    "home_on_degree_168h",
    "motion_ratio",
    "present_ratio",
    "felt_above_habit_k",
    "hours_since_override",
    "overrides_168h",
    "exposed",
    "warm_override_next_h",
)
"""Columns of `device_hours`, in order."""


def device_hours(telemetry: Table, sites: Table) -> Table:
    """One row for each device and UTC hour that has a reading, by device and time.

    Args:
        telemetry: Readings as in the wire contract, one row per (`device_id`, `sampled_at`).
        sites: `device_id` and `longitude_deg` [°, east positive]; a device without a site has no solar hour.

    Returns:
        The columns of `COLUMNS`. `electric_energy_kwh` is null when less than `MIN_COVERAGE_RATIO` of the
        hour's power was observed; `setpoint_c` is the mean over the hour, `OFF_SETPOINT_C` while not
        cooling; `setpoint_3h_c`, `setpoint_24h_c` and `home_..._168h` are means over the hours *before*
        this one; `warm_override_next_h` (1, 0, null: next hour not observed) is the label of the override
        model, to be learnt where `exposed`.
    """
    hours = _hours(_readings(telemetry)).left_join(sites, "device_id").drop("device_id_right")
    return _labelled(_comfort(_descriptors(hours))).select(*COLUMNS).order_by("device_id", "hour_end_at")


def _readings(telemetry: Table) -> Table:
    """Readings with what follows from the readings before them."""
    cooling = telemetry.mode.isin(COOLING_MODES)
    facts = telemetry.mutate(
        at_s=telemetry.sampled_at.epoch_seconds().cast("float64").floor(),
        cooling=cooling,
        effective_c=ibis.ifelse(cooling, telemetry.setpoint_c, OFF_SETPOINT_C),
        advised=(
            telemetry.advice_id.notnull() | (telemetry.changed_by.fill_null("unknown") == "advisor")
        ).cast("float64"),
        by_person=telemetry.changed_by.isin(PERSONAL_CHANGES)
        | ((telemetry.changed_by.fill_null("unknown") == "unknown") & telemetry.advice_id.isnull()),
    )
    before = ibis.window(group_by="device_id", order_by="sampled_at")
    so_far = ibis.cumulative_window(group_by="device_id", order_by="sampled_at")
    facts = facts.mutate(
        lowered_k=facts.effective_c.lag().over(before) - facts.effective_c,
        was_offered=(facts.cooling | facts.advice_id.notnull()).lag().over(before),
        moved_s=ibis.ifelse(facts.motion, facts.at_s, ibis.null("int64")).max().over(so_far),
        hour_index=(facts.at_s + 3599) // 3600,
    )
    return facts.mutate(
        override=facts.cooling
        & facts.by_person
        & facts.was_offered.fill_null(False)  # noqa: FBT003 - Ibis' own signature
        & (facts.lowered_k >= OVERRIDE_STEP_K).fill_null(False),  # noqa: FBT003 - the same
        present=ibis.ifelse(
            facts.motion.isnull(),
            ibis.null("float64"),
            (facts.at_s - facts.moved_s <= PRESENT_S).fill_null(False).cast("float64"),  # noqa: FBT003 - the same
        ),
    )


def _hours(readings: Table) -> Table:
    """Means over each hour, weighted by the readings' intervals."""
    seconds = readings.interval_s

    def mean(value: NumericColumn) -> NumericValue:
        return (value * seconds).sum() / ibis.ifelse(value.isnull(), 0.0, seconds).sum().nullif(0.0)

    power_s = ibis.ifelse(readings.electric_power_w.isnull(), 0.0, seconds).sum()
    other = ~readings.mode.isin((*COOLING_MODES, "off", "fan"))
    return readings.group_by("device_id", "hour_index").aggregate(
        coverage_ratio=ibis.least(seconds.sum() / 3600, 1.0),
        electric_energy_kwh=ibis.ifelse(
            power_s >= MIN_COVERAGE_RATIO * 3600, mean(readings.electric_power_w) / 1000, ibis.null("float64")
        ),
        setpoint_c=mean(readings.effective_c),
        on_ratio=mean(readings.cooling.cast("float64")),
        other_mode_ratio=mean(other.cast("float64")),
        outdoor_dry_bulb_c=mean(readings.outdoor_dry_bulb_c),
        indoor_dry_bulb_c=mean(readings.indoor_dry_bulb_c),
        indoor_rh_pct=mean(readings.indoor_rh_pct),
        motion_ratio=mean(readings.motion.cast("float64")),
        present_ratio=mean(readings.present),
        advised_ratio=mean(readings.advised),
        overrides=readings.override.sum(),
        override_s=readings.at_s.max(where=readings.override),
    )


def _past(hours: Table, oldest_h: int, newest_h: int) -> Callable[[NumericColumn], NumericColumn]:
    """A mean over the hours from `oldest_h` to `newest_h` hours ago."""
    window = ibis.range_window(
        preceding=(oldest_h, newest_h), group_by=hours.device_id, order_by=hours.hour_index
    )
    return lambda value: value.mean().over(window)


def _descriptors(hours: Table) -> Table:
    """What the energy model sees besides the plan: the past of this home."""
    unknown = ibis.null("float64")
    rise_k = hours.outdoor_dry_bulb_c - hours.setpoint_c
    known, cools = hours.electric_energy_kwh.notnull(), hours.on_ratio >= ON_RATIO
    hours = hours.mutate(
        degree_k=ibis.ifelse(known & rise_k.notnull(), ibis.greatest(0.0, rise_k), unknown),
        on_kwh=ibis.ifelse(cools, hours.electric_energy_kwh, unknown),
        on_degree_k=ibis.ifelse(known & cools, rise_k, unknown),
    )
    week = ibis.range_window(preceding=(HISTORY_H, 1), group_by=hours.device_id, order_by=hours.hour_index)
    enough = hours.electric_energy_kwh.count().over(week) >= MIN_HISTORY_H
    enough_on = hours.on_kwh.count().over(week) >= MIN_ON_H
    over_week = _past(hours, HISTORY_H, 1)
    return hours.mutate(
        hour_end_at=(hours.hour_index * 3600).as_timestamp("s").cast("timestamp('UTC')"),
        solar_hour=(hours.hour_index - 0.5 + hours.longitude_deg / 15) % 24,
        outdoor_dry_bulb_24h_c=_past(hours, 23, 0)(hours.outdoor_dry_bulb_c),
        indoor_rh_1h_pct=_past(hours, 1, 1)(hours.indoor_rh_pct),
        setpoint_3h_c=_past(hours, 3, 1)(hours.setpoint_c),
        setpoint_24h_c=_past(hours, 24, 1)(hours.setpoint_c),
        home_kwh_168h=ibis.ifelse(enough, over_week(hours.electric_energy_kwh), unknown),
        home_degree_168h=ibis.ifelse(enough, over_week(hours.degree_k), unknown),
        home_on_kwh_168h=ibis.ifelse(enough_on, over_week(hours.on_kwh), unknown),
        home_on_degree_168h=ibis.ifelse(enough_on, over_week(hours.on_degree_k), unknown),
    )


def _comfort(hours: Table) -> Table:
    """What the override model sees: how warm it feels against the habit, and recent overrides."""
    so_far = ibis.cumulative_window(group_by="device_id", order_by="hour_index")
    week = ibis.range_window(
        preceding=(HISTORY_H - 1, 0), group_by=hours.device_id, order_by=hours.hour_index
    )
    humid_pct = hours.indoor_rh_pct.fill_null(NEUTRAL_RH_PCT) - NEUTRAL_RH_PCT
    hours = hours.mutate(
        felt_c=hours.indoor_dry_bulb_c + HUMIDITY_WEIGHT_K_PER_PCT * humid_pct,
        first_index=hours.hour_index.min().over(so_far),
        last_override_s=hours.override_s.max().over(so_far),
        overrides_168h=hours.overrides.sum().over(week),
    )
    learning = (
        (hours.hour_index - hours.first_index < HABIT_H)
        & (hours.on_ratio >= 1 / 2)
        & (hours.advised_ratio == 0)
        & _maybe_present(hours)
    )
    hours = hours.mutate(habit_felt_c=ibis.ifelse(learning, hours.felt_c, ibis.null("float64")))
    since_h = hours.hour_index - hours.last_override_s / 3600
    return hours.mutate(
        felt_above_habit_k=hours.felt_c - hours.habit_felt_c.median().over(so_far),
        hours_since_override=ibis.least(since_h.fill_null(float(HISTORY_H)), float(HISTORY_H)),
    )


def _maybe_present(hours: Table) -> BooleanValue:
    return hours.present_ratio.isnull() | (hours.present_ratio > 0)


def _labelled(hours: Table) -> Table:
    """Whether somebody lowers the setpoint in the next hour, and whether that hour says anything."""
    order = ibis.window(group_by="device_id", order_by="hour_index")
    hours = hours.mutate(
        next_index=hours.hour_index.lead().over(order),
        next_coverage_ratio=hours.coverage_ratio.lead().over(order),
        next_overrides=hours.overrides.lead().over(order),
    )
    observed = (hours.next_index == hours.hour_index + 1) & (
        (hours.next_coverage_ratio >= MIN_COVERAGE_RATIO) | (hours.next_overrides > 0)
    )
    return hours.mutate(
        exposed=(hours.on_ratio > 0) & _maybe_present(hours) & (hours.hours_since_override >= CENSORED_H),
        warm_override_next_h=ibis.ifelse(
            observed, (hours.next_overrides > 0).cast("float64"), ibis.null("float64")
        ),
    )
