"""The custom skill: every intent and every sample of both languages, and what is said."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import mobile_api.voice
from mobile_api.voice.alexa_skill import INTENTS, answer_skill, morning_after
from mobile_api.voice.language import LANGUAGES
from mobile_api.voice.skill_messages import SkillRequest
from tests.unit.mobile_api.voice.memory_house import (
    NOW,
    TOKEN,
    MemoryHouse,
    advice_view,
    aircon,
    savings_view,
)

Json = dict[str, Any]
MODELS = Path(mobile_api.voice.__file__).parent / "models"
LOCALES = ("en-US", "de-DE")


def model(locale: str) -> Json:
    found: Json = json.loads((MODELS / f"{locale}.json").read_text(encoding="utf-8"))["interactionModel"]
    return found


def samples(locale: str) -> list[tuple[str, str]]:
    intents = model(locale)["languageModel"]["intents"]
    return [(sample, intent["name"]) for intent in intents for sample in intent["samples"]]


ALL_SAMPLES = [(locale, *pair) for locale in LOCALES for pair in samples(locale)]


def asking(intent: str, locale: str = "en-US", **changes: Any) -> Json:  # noqa: ANN401 (JSON)
    """A request as Alexa sends it; `room`, `confirmation`, `remember`, `token` change it."""
    heard = {"value": changes["room"]} if "room" in changes else {}
    slots = {"room": {"name": "room", **heard}}
    return {
        "version": "1.0",
        "session": {"new": False, "attributes": changes.get("remember", {})},
        "context": {
            "System": {
                "application": {"applicationId": "amzn1.ask.skill.1"},
                "user": {"userId": "u", "accessToken": changes.get("token", TOKEN)},
            }
        },
        "request": {
            "type": changes.get("type", "IntentRequest"),
            "requestId": "r-1",
            "timestamp": NOW.isoformat().replace("+00:00", "Z"),
            "locale": locale,
            "intent": {
                "name": intent,
                "confirmationStatus": changes.get("confirmation", "NONE"),
                "slots": slots,
            },
        },
    }


def answer(house: MemoryHouse, request: Json) -> Json:
    return answer_skill(SkillRequest.model_validate(request), house.open)


def text_of(answered: Json) -> str:
    return str(answered["response"]["outputSpeech"]["text"])


def advised(**changes: Any) -> MemoryHouse:  # noqa: ANN401 (fields of any type)
    return MemoryHouse([aircon(advice=advice_view(), **changes)])


@pytest.mark.parametrize("locale", LOCALES)
def test_the_interaction_model_has_just_the_intents_that_are_answered(locale: str) -> None:
    names = [intent["name"] for intent in model(locale)["languageModel"]["intents"]]

    assert sorted(names) == sorted(INTENTS)
    said = [sample for sample, _ in samples(locale)]
    assert len(said) == len(set(said))
    confirmed = {each["name"] for each in model(locale)["dialog"]["intents"] if each["confirmationRequired"]}
    assert confirmed == {"DoItIntent", "LeaveAloneIntent"}


@pytest.mark.parametrize(("locale", "sample", "intent"), ALL_SAMPLES)
def test_every_sample_is_answered(locale: str, sample: str, intent: str) -> None:
    house = advised()
    room = {"room": "bedroom"} if "{room}" in sample else {}

    answered = answer(house, asking(intent, locale, **room))

    text = text_of(answered)
    assert text not in {LANGUAGES[locale].say("not_understood"), LANGUAGES[locale].say("not_now")}
    assert not re.search(r"[{}]", text)
    assert house.asked == []  # nothing moves without a yes
    assert house.accepted == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("intent", sorted(INTENTS))
def test_every_intent_is_answered_in_every_state(locale: str, intent: str) -> None:
    states: list[Json] = [
        {},
        {"is_online": False},
        {"mode": "off", "setpoint_c": None},
        {"advice": None},
        {"autonomy": "observe"},
        {"advice": advice_view(status="applied")},
        {"advice": advice_view(status="expired")},
        {"advice": advice_view(setpoint_c=None, mode="off")},
        {"advice": advice_view(setpoint_c=None, mode="dry")},
        {"advice": advice_view(setpoint_c=None, mode="fan")},
        {"advice": advice_view(expected_saving_kwh=-0.4, saving_interval_kwh=(-0.6, -0.2))},
        {"name": "", "mode": None, "setpoint_c": None, "sampled_at": None, "indoor_c": None},
    ]
    for state in states:
        house = MemoryHouse([aircon(**{"advice": advice_view(), **state})])
        for confirmation in ("NONE", "CONFIRMED", "DENIED"):
            request = asking(intent, locale, confirmation=confirmation, remember={"advice_id": "a-1"})
            assert not re.search(r"[{}]", text_of(answer(house, request)))


def test_the_languages_have_the_same_sentences_with_the_same_parts() -> None:
    english, german = (LANGUAGES[locale].texts for locale in LOCALES)
    assert set(english) == set(german)
    for phrase, text in english.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", german[phrase])), phrase


def test_advice_is_said_with_the_figures_of_the_app_in_the_units_of_the_place() -> None:
    """25.5 °C is 77.9 °F; the figures are those of `advice_view`."""
    assert text_of(answer(advised(), asking("AdviceIntent"))) == (
        "I would set Bedroom to 78 degrees. That should save about 1.1 kilowatt-hours over the coming day, "
        "between 0.7 and 1.5. That is about 33 cents, between 21 and 45. Shall I do it?"
    )
    assert text_of(answer(advised(), asking("AdviceIntent", "de-DE"))) == (
        "Ich würde Bedroom auf 25,5 Grad stellen. Das spart am kommenden Tag voraussichtlich etwa "
        "1,1 Kilowattstunden, zwischen 0,7 und 1,5. Das sind etwa 33 Cent, zwischen 21 und 45. "
        "Soll ich das machen?"
    )


def test_one_kilowatt_hour_is_said_as_one() -> None:
    house = MemoryHouse([aircon(advice=advice_view(expected_saving_kwh=1.04))])

    assert "about one kilowatt-hour over the coming day, between 0.7 and 1.5" in text_of(
        answer(house, asking("AdviceIntent"))
    )


@pytest.mark.parametrize(
    ("money", "interval", "currency", "words"),
    [
        (0.30, (0.20, 0.45), "EUR", "That is about 30 cents, between 20 and 45."),
        (0.01, (0.004, 0.02), "GBP", "That is about 1 penny, between 0 and 2."),
        (0.80, (-0.10, 1.20), "USD", "That is about 0.80 dollars, between -0.10 and 1.20."),
        (1.0, (0.5, 1.5), "EUR", "That is about 1 euro, between 0.50 and 1.50."),
        (30.0, (20.0, 45.5), "JPY", "That is about 30 JPY, between 20 and 45.50."),
        (0.004, (0.0, 0.01), "EUR", "between 0.7 and 1.5. Shall I"),  # less than a coin, or for free
    ],
)
def test_money_is_said_in_coins_with_the_figures_of_the_app(
    money: float, interval: tuple[float, float], currency: str, words: str
) -> None:
    shown = advice_view(expected_saving_money=money, saving_interval_money=interval, currency=currency)

    assert words in text_of(answer(MemoryHouse([aircon(advice=shown)]), asking("AdviceIntent")))


def test_a_shift_to_cheaper_hours_saves_only_money() -> None:
    house = MemoryHouse([aircon(advice=advice_view(expected_saving_kwh=0.0))])

    said = text_of(answer(house, asking("AdviceIntent")))
    assert "That should save about 33 cents over the coming day, between 21 and 45." in said
    assert "kilowatt" not in said


def test_no_saving_is_claimed_without_one() -> None:
    house = MemoryHouse([aircon(advice=advice_view(expected_saving_kwh=0.01, expected_saving_money=0.0))])

    assert "save" not in text_of(answer(house, asking("AdviceIntent")))
    assert "don't know yet" in text_of(answer(MemoryHouse(), asking("AdviceIntent")))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "I don't know yet: I need about 2 more weeks."),  # 15 of 28 days
        ({"status": "no_consent"}, "I don't know: savings are measured only if you allow it in the app."),
        (
            {"status": "not_computed", "days": 40},
            "I don't know yet: the days are there, but the figure is not computed.",
        ),
        (
            {"saving_kwh": 12.04, "saving_interval_kwh": [5.0, 19.0]},
            "In the last four weeks advice has saved about 12.0 kilowatt-hours, between 5.0 and 19.0.",
        ),
    ],
)
def test_savings_are_told_or_what_is_missing(changes: Json, text: str) -> None:
    assert text_of(answer(MemoryHouse(saved=savings_view(**changes)), asking("SavingsIntent"))) == text


def test_it_is_done_after_a_yes_to_just_that() -> None:
    house = advised()
    offered = answer(house, asking("AdviceIntent"))
    remembered = offered["sessionAttributes"]

    first = answer(house, asking("DoItIntent"))
    assert first["response"]["directives"] == [{"type": "Dialog.ConfirmIntent"}]
    assert house.accepted == []
    yes = asking("DoItIntent", confirmation="CONFIRMED", remember=first["sessionAttributes"])
    assert text_of(answer(house, yes)) == "Done: Bedroom has confirmed it."
    assert house.accepted == ["a-1"]

    other = advised()
    assert "Done" in text_of(answer(other, asking("AMAZON.YesIntent", remember=remembered)))
    assert other.accepted == ["a-1"]


def test_advice_that_has_changed_since_is_said_again() -> None:
    house = advised()
    yes = asking("DoItIntent", confirmation="CONFIRMED", remember={"advice_id": "a-0", "device_id": "dev-1"})

    assert text_of(answer(house, yes)).startswith("I would set Bedroom to 78 degrees.")
    assert house.accepted == []


def test_done_is_not_said_before_it_is() -> None:
    yes = asking("DoItIntent", confirmation="CONFIRMED", remember={"advice_id": "a-1"})
    house = advised()
    house.outcome = "sent"
    assert text_of(answer(house, yes)) == "I have sent it, but Bedroom has not confirmed it yet."
    house.outcome = "rejected"
    assert text_of(answer(house, yes)) == "Bedroom has not accepted it."


def test_tonight_lasts_until_six_local() -> None:
    house = advised(timezone="America/Los_Angeles")
    answer(house, asking("LeaveAloneIntent", confirmation="CONFIRMED"))

    ((_, wanted),) = house.asked
    assert (wanted.mode, wanted.setpoint_c) == ("cool", 24.0)
    assert wanted.until is not None
    assert wanted.until.isoformat() == "2026-07-14T13:00:00+00:00"  # it is 05:00 there, PDT
    assert morning_after(NOW, "Europe/Rome").isoformat() == "2026-07-15T04:00:00+00:00"  # 14:00 CEST


def test_too_hot_is_heard_at_once() -> None:
    house = advised()
    answer(house, asking("TooHotIntent"))

    assert house.felt == ["too_hot"]
    assert house.asked == []


def test_of_several_devices_the_one_that_is_meant() -> None:
    house = MemoryHouse([aircon(), aircon(device_id="dev-2", name="Living room")])

    asked = answer(house, asking("TooHotIntent"))
    assert text_of(asked) == "Which one do you mean: Bedroom or Living room?"
    assert asked["response"]["directives"] == [{"type": "Dialog.ElicitSlot", "slotToElicit": "room"}]
    assert house.felt == []

    assert "noted" in text_of(answer(house, asking("TooHotIntent", room="living")))
    assert "noted" in text_of(answer(house, asking("TooHotIntent", remember={"device_id": "dev-2"})))
    assert "Which one" in text_of(answer(house, asking("TooHotIntent", room="kitchen")))


@pytest.mark.parametrize("token", [None, "", "stolen"])
def test_without_an_account_a_card_links_one(token: str | None) -> None:
    answered = answer(advised(), asking("AdviceIntent", token=token))

    assert answered["response"]["card"] == {"type": "LinkAccount"}
    assert answered["response"]["shouldEndSession"] is True


def test_requests_that_are_no_intents() -> None:
    house = advised()
    assert "Ask me" in text_of(answer(house, asking("", type="LaunchRequest")))
    assert answer(house, asking("", type="SessionEndedRequest")) == {"version": "1.0", "response": {}}
    known = answer(house, asking("AdviceIntent", type="CanFulfillIntentRequest"))
    assert known["response"]["canFulfillIntent"]["canFulfill"] == "YES"
    unknown = answer(house, asking("OrderPizza", type="CanFulfillIntentRequest"))
    assert unknown["response"]["canFulfillIntent"]["canFulfill"] == "NO"
    assert "not understand" in text_of(answer(house, asking("OrderPizza")))
