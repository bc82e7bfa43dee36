"""Sentences: what is said of advice and savings, from the figures that the app shows, never without them."""

from math import ceil
from typing import Final

from mobile_api.recommendations import RecommendationView
from mobile_api.savings import SavingsView
from mobile_api.voice.house import Aircon
from mobile_api.voice.language import Language

WORTH_SAYING_KWH: Final = 0.05
"""Less than this is nothing to a person [kWh]; the app's sentences have the same limit."""

WORTH_SAYING_MONEY: Final = 0.01
"""Nor less than the smallest coin [currency]; where electricity costs nothing, that is never said."""

_SAME_K: Final = 0.05
_DAYS_A_WEEK: Final = 7


def name_of(air: Aircon, language: Language) -> str:
    """What a device is called."""
    return air.name.strip() or language.say("unnamed")


def advice(air: Aircon, language: Language) -> str:
    """What is advised, and what it should save."""
    if air.advice is None or air.advice.status == "expired":
        return language.say("no_advice", name=name_of(air, language))
    said = [_setting(air, air.advice, language), *_worth(air.advice, language)]
    if air.advice.status == "applied":
        said.append(language.say("advice_followed"))
    return " ".join(said)


def why(air: Aircon, language: Language) -> str:
    """What advice rests on: the same hours without it and with it."""
    shown = air.advice
    if shown is None or shown.status == "expired":
        return language.say("no_advice", name=name_of(air, language))
    without, habit_c = shown.counterfactual, shown.counterfactual.habit_setpoint_c
    if habit_c is None or abs(shown.expected_saving_kwh) < WORTH_SAYING_KWH:
        return language.say("why_nothing")
    habit = language.temperature(habit_c)
    if shown.expected_saving_kwh < 0:
        return language.say("why_cooler", energy=language.energy(-shown.expected_saving_kwh), habit=habit)
    said = language.say(
        "why_warmer",
        name=name_of(air, language),
        habit=habit,
        before=language.energy(without.habit_kwh),
        after=language.energy(without.advised_kwh),
    )
    percent = f"{100 * shown.notice_probability:.0f}"
    return f"{said} {language.say('notice', percent=percent)}"


def savings(shown: SavingsView, language: Language) -> str:
    """What has been saved, or what is missing to know it."""
    if shown.saving_kwh is not None and shown.saving_interval_kwh is not None:
        low, high = (language.number(each) for each in shown.saving_interval_kwh)
        return language.say("saved", energy=language.energy(shown.saving_kwh), low=low, high=high)
    if shown.status == "no_consent":
        return language.say("saved_no_consent")
    missing = ceil((shown.days_needed - shown.days) / _DAYS_A_WEEK)
    if missing < 1:
        return language.say("saved_soon")
    return language.say("saved_weeks", weeks=str(max(missing, 2)))


def _worth(shown: RecommendationView, language: Language) -> list[str]:
    """What is saved, in energy and in money; a shift to cheaper hours saves only money."""
    said: list[str] = []
    if shown.expected_saving_kwh >= WORTH_SAYING_KWH:
        low, high = (language.number(each) for each in shown.saving_interval_kwh)
        energy = language.energy(shown.expected_saving_kwh)
        said.append(language.say("saves", energy=energy, low=low, high=high))
    if shown.expected_saving_money >= WORTH_SAYING_MONEY:
        parts = language.money(shown.expected_saving_money, shown.saving_interval_money, shown.currency)
        said.append(language.say("saves_money" if said else "saves_only_money", **parts))
    return said


def _setting(air: Aircon, shown: RecommendationView, language: Language) -> str:
    name = name_of(air, language)
    if shown.mode == "dry":
        return language.say("advice_dry", name=name)
    if shown.mode == "fan":
        return language.say("advice_fan", name=name)
    if shown.setpoint_c is None:
        return language.say("advice_off", name=name)
    temperature = language.temperature(shown.setpoint_c)
    is_so = air.setpoint_c is not None and abs(air.setpoint_c - shown.setpoint_c) < _SAME_K
    return language.say("advice_same" if is_so else "advice_set", name=name, temperature=temperature)
