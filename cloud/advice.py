"""Advice: what the advisor is told about a home, and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime

from cloud.ports.records import FeedbackKind
from edge.contract import Fan, Mode


@dataclass(frozen=True, slots=True)
class Installation:
    """An air conditioner in its place.

    Attributes:
        habit_setpoint_c: What its people set it to [°C], as far as they told us; it is learnt from readings.
        latitude_deg: Latitude, north positive [°].
        longitude_deg: Longitude, east positive [°].
        timezone: IANA name.
        step_s: Time between two decisions [s].
        nameplate_w: Rated electric power [W]; may be unknown or wrong.
        inverter: Whether the speed varies; None when unknown.
        min_setpoint_c: Lowest setpoint of the device [°C].
        max_setpoint_c: Highest setpoint of the device [°C].
        modes: Modes that may be advised.
    """

    habit_setpoint_c: float
    latitude_deg: float
    longitude_deg: float
    timezone: str
    step_s: int = 900
    nameplate_w: float | None = None
    inverter: bool | None = None
    min_setpoint_c: float = 16
    max_setpoint_c: float = 30
    modes: tuple[Mode, ...] = ("cool",)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said about the advice, or about how it feels."""

    at: datetime
    kind: FeedbackKind


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours of the day in which the device must not beep; may wrap midnight."""

    start_h: float
    end_h: float


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the people of a home want.

    Attributes:
        min_setpoint_c: Never advise below [°C].
        max_setpoint_c: Never advise above [°C].
        comfort_lambda: Weight of discomfort against energy; 20 protects comfort, 5 saves more.
        quiet_hours: When the device must not beep.
        tariff_per_kwh: Price of each local hour of the day, (24,) or one flat value as (1,) [currency/kWh].
        currency: ISO 4217 code.
        carbon_kg_per_kwh: Marginal carbon by local hour, (24,) or (1,), or None [kg/kWh].
        carbon_price_per_kg: What a kilogram weighs in the plan [currency/kg].
        override_budget_per_day: Probability of an override a day that the advice may add at most [ratio].
        share_presence: Consent to the use of `motion`.
        away_until: Nobody home until then (UTC), or None.
        schedule_min: Entries of the weekly schedule, local minutes from Monday 00:00; until the next one a
            person's word stands. Empty: `cloud.schedule_points`.
    """

    min_setpoint_c: float = 16.0
    max_setpoint_c: float = 30.0
    comfort_lambda: float = 20.0
    quiet_hours: QuietHours | None = None
    tariff_per_kwh: tuple[float, ...] = (0.30,)
    currency: str = "EUR"
    carbon_kg_per_kwh: tuple[float, ...] | None = None
    carbon_price_per_kg: float = 0.0
    override_budget_per_day: float = 0.05
    share_presence: bool = False
    away_until: datetime | None = None
    schedule_min: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of the plan: from `at` on, hold `setpoint_c` (None = off)."""

    at: datetime
    setpoint_c: float | None
    mode: Mode


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same hours with and without the advice."""

    habit_setpoint_c: float | None
    habit_kwh: float
    advised_kwh: float
    until: datetime


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do now, and what it is expected to bring.

    Attributes:
        setpoint_c: Setpoint to hold now [°C]; None means off.
        mode: Mode to run in.
        fan: Fan speed, None to leave it.
        valid_until: When the advice ends or is made anew (UTC).
        expected_saving_kwh: Against the habit, until `counterfactual.until` [kWh].
        saving_interval_kwh: 90 % interval of it (low, high) [kWh].
        expected_saving_money: The same in `currency`.
        saving_interval_money: 90 % interval of it, in `currency`.
        currency: ISO 4217 code.
        notice_probability: Chance that somebody notices, until `counterfactual.until` [ratio].
        reason: One plain sentence made from the same numbers.
        counterfactual: Habit and advised energy over the same hours.
        plan: The next 24 h.
    """

    setpoint_c: float | None
    mode: Mode
    fan: Fan | None
    valid_until: datetime
    expected_saving_kwh: float
    saving_interval_kwh: tuple[float, float]
    expected_saving_money: float
    saving_interval_money: tuple[float, float]
    currency: str
    notice_probability: float
    reason: str
    counterfactual: Comparison
    plan: tuple[PlanStep, ...] = field(default=())
