"""Wording: one plain sentence for each piece of advice, made from the numbers of that advice."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from edge.contract import Mode

WORTH_SAYING_KWH = 0.05
"""Less than this is nothing to a person [kWh]."""

WORTH_SAYING_MONEY = 0.01
"""Nor less than the smallest coin [currency]."""

STEP_MIN = 5
HALF_STEP = timedelta(minutes=STEP_MIN / 2)
"""Clock times are told to so many minutes."""

DAY_S = 86_400

NOT_COOLING: dict[Mode, str] = {
    "cool": "Cooling is not among the modes that may be advised here: your setting stays.",
    "off": "The air conditioner is off, as you set it: nothing to save.",
    "heat": "Heating is on, as you set it: this advice is for cooling only, your setting stays.",
    "dry": "It is drying the air, as you set it: your setting stays.",
    "fan": "Only the fan runs, as you set it: nothing to save.",
    "auto": "The device chooses between heating and cooling itself, as you set it: your setting stays.",
}


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Says instants in the home's own time."""

    timezone: str

    def say(self, at_s: float, now_s: float) -> str:
        """An instant [s since 1970] to five minutes, as on the wall clock; with the date, if far from now."""
        local = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(self.timezone))
        near = (local + HALF_STEP).replace(second=0, microsecond=0)
        near -= timedelta(minutes=near.minute % STEP_MIN)
        return f"{near:%H:%M}" if at_s - now_s < DAY_S else f"{near:%H:%M on %A, %d %B}"


def setting(setpoint_c: float) -> str:
    """A setpoint as people read it."""
    return f"{setpoint_c:.1f} °C"


def about(saving_kwh: float) -> str:
    """An energy as people read it."""
    return f"about {saving_kwh:.1f} kWh"


def not_cooling(mode: Mode) -> str:
    """Why nothing is advised in another mode than cooling, or where cooling may not be advised."""
    return NOT_COOLING[mode]


def held(setpoint_c: float, until: str) -> str:
    """Why nothing is advised after a person's change."""
    return f"You chose {setting(setpoint_c)}: that stands until {until}."


def silent() -> str:
    """Why nothing is advised without news from the device."""
    return "The device has not been heard lately: keep your setting."


def strained(setpoint_c: float) -> str:
    """Why nothing is advised to a machine at its limit."""
    return f"In this heat the machine can just about hold {setting(setpoint_c)}: keep your setting."


def cooled_ahead(setpoint_c: float, habit_c: float, cost_kwh: float) -> str:
    """Why it is cooled before the heat, and what that costs."""
    return (
        f"In the coming heat the machine cannot hold {setting(habit_c)}: {setting(setpoint_c)} until then "
        f"keeps the home cooler for longer, for {about(max(cost_kwh, 0.0))} more."
    )


def ahead_of_price(setpoint_c: float, dear: str, money: float, currency: str) -> str:
    """Why it is cooled before electricity gets dearer."""
    saves = f" saves about {money:.2f} {currency}{_a_day()}" if money >= WORTH_SAYING_MONEY else ""
    cools = "cools the home ahead" if not saves else "cools the home ahead and"
    return f"Electricity is dearer from {dear} on: {setting(setpoint_c)} until then {cools}{saves}."


def damp(indoor_rh_pct: float | None) -> str:
    """Why the air is dried and not cooled."""
    humidity = "" if indoor_rh_pct is None else f" ({indoor_rh_pct:.0f} %)"
    return f"It is cool enough but damp{humidity}: drying the air for a while is more comfortable."


def moving_air(setpoint_c: float) -> str:
    """Why the fan goes up."""
    return f"You felt a bit warm: more air from the fan at {setting(setpoint_c)} costs less than cooling."


def set_back(setpoint_c: float, back: str, recover: str, saving_kwh: float, *, announced: bool) -> str:
    """Why it may get warmer now; `announced` if people said when they will be back."""
    until = f"{setting(setpoint_c)} until {recover}"
    nobody = "You are away" if announced else "Nobody is usually home"
    return f"{nobody} until {back}: {until} saves {about(saving_kwh)}{_a_day()}."


def recovering(setpoint_c: float, back: str, *, announced: bool) -> str:
    """Why it is cooled down while nobody is there."""
    somebody = "You are home" if announced else "Somebody is usually home"
    return f"{somebody} from {back}: back to {setting(setpoint_c)} in time."


def warmer(setpoint_c: float, habit_c: float, saving_kwh: float) -> str:
    """Why it may be a little warmer while people are there."""
    return (
        f"You should not feel the difference: {setting(setpoint_c)} instead of {setting(habit_c)} "
        f"saves {about(saving_kwh)}{_a_day()}."
    )


def eased(setpoint_c: float) -> str:
    """Why it is cooler than usual after somebody was warm."""
    return f"You said that it is a bit warm: {setting(setpoint_c)} for the rest of the day."


def probing(setpoint_c: float) -> str:
    """Why it is clearly warmer for an evening."""
    return f"A warmer evening, to learn what suits you: {setting(setpoint_c)}; say so if it is too warm."


def same(habit_c: float, later: str | None, saving_kwh: float) -> str:
    """Why nothing changes now.

    Args:
        habit_c: The setting [°C].
        later: When something will change; None = nothing in sight.
        saving_kwh: What the day is expected to save [kWh].
    """
    if later is None or saving_kwh < WORTH_SAYING_KWH:
        return f"Same as you set, {setting(habit_c)}: nothing to save right now."
    return f"Same as you set, {setting(habit_c)}; from {later} on {about(saving_kwh)} can be saved."


def _a_day() -> str:
    return " over the coming day"
