"""The custom skill: what people ask of their advisor and tell it, in their language; pure but for the house.

Nothing that moves a device is done before the person has said yes to just that; nothing is said to be done
before the device has confirmed it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from cloud.errors import CloudError
from mobile_api.errors import ApiError, ForbiddenError, StateConflictError, UnauthenticatedError
from mobile_api.voice import sentences
from mobile_api.voice.alexa_messages import Json
from mobile_api.voice.house import Aircon, House, OpenHouse, Outcome, Wanted
from mobile_api.voice.language import Language, Phrase, language_of
from mobile_api.voice.skill_messages import Intent, Said, SkillRequest, reply

MORNING: Final = time(6)
"""Until when "tonight" lasts (local)."""

ROOM: Final = "room"
"""The slot that says which device."""

MAX_NAMES: Final = 5
"""More are not read out."""

DEVICE: Final = "device_id"
ADVICE: Final = "advice_id"
"""Attributes of the session: the device and the advice that were spoken of last."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request, with what it needs to be answered."""

    asked: SkillRequest
    language: Language
    house: House
    air: Aircon
    hold_on: Callable[[str], None]

    @property
    def intent(self) -> Intent:
        """What was asked; something always is."""
        return self.asked.request.intent or Intent(name="")

    def say(self, phrase: Phrase) -> str:
        """A sentence about the device."""
        return self.language.say(phrase, name=sentences.name_of(self.air, self.language))


_Handler: TypeAlias = Callable[[Turn], Said]


def answer_skill(
    asked: SkillRequest, open_house: OpenHouse, hold_on: Callable[[str], None] = lambda _: None
) -> Json:
    """Answer a request to the skill.

    Args:
        asked: The request; it is known to be Amazon's.
        open_house: The homes of an access token.
        hold_on: Says something while the person waits (progressive response).
    """
    language = language_of(asked.request.locale)
    match asked.request.type:
        case "SessionEndedRequest":
            return {"version": "1.0", "response": {}}
        case "CanFulfillIntentRequest":
            return _can_fulfill(asked.request.intent)
        case "LaunchRequest":
            return reply(_ask(language, "welcome"))
        case "IntentRequest":
            return reply(_answer_intent(asked, language, open_house, hold_on))
        case _:
            return {"version": "1.0", "response": {}}


def not_now(asked: SkillRequest) -> Json:
    """The answer when something behind does not answer in time."""
    return reply(Said(language_of(asked.request.locale).say("not_now")))


def _answer_intent(
    asked: SkillRequest, language: Language, open_house: OpenHouse, hold_on: Callable[[str], None]
) -> Said:
    name = "" if asked.request.intent is None else asked.request.intent.name
    if name in _PLAIN:
        return _PLAIN[name](language)
    if name not in HANDLERS:
        return _ask(language, "not_understood")
    try:
        return _answer_person(asked, language, open_house(asked.token or ""), hold_on)
    except UnauthenticatedError:
        return Said(language.say("link_account"), links_account=True)
    except ForbiddenError:
        return Said(language.say("not_allowed"))
    except (ApiError, CloudError):
        return Said(language.say("not_now"))


def _answer_person(
    asked: SkillRequest, language: Language, house: House, hold_on: Callable[[str], None]
) -> Said:
    airs = house.aircons()
    air = _choose(asked, airs)
    if air is None or asked.request.intent is None:
        return _ask_which(asked, airs, language)
    return HANDLERS[asked.request.intent.name](Turn(asked, language, house, air, hold_on))


def _choose(asked: SkillRequest, airs: list[Aircon]) -> Aircon | None:
    """The device that is meant: the one named, the one spoken of, the only one."""
    word = (asked.heard(ROOM) or "").strip().casefold()
    if word:
        named = [air for air in airs if word in air.name.casefold()]
        return named[0] if len(named) == 1 else None
    spoken_of = next((air for air in airs if air.device_id == asked.remembered(DEVICE)), None)
    return spoken_of or (airs[0] if len(airs) == 1 else None)


def _ask_which(asked: SkillRequest, airs: list[Aircon], language: Language) -> Said:
    if not airs:
        return Said(language.say("no_devices"))
    names = [sentences.name_of(air, language) for air in airs[:MAX_NAMES]]
    text = language.say("which_device", names=language.listed(names))
    has_room = asked.request.intent is not None and ROOM in (asked.request.intent.slots or {})
    directive: Json | None = {"type": "Dialog.ElicitSlot", "slotToElicit": ROOM} if has_room else None
    return Said(text, ask=text, directive=directive)


def _advise(turn: Turn) -> Said:
    text = sentences.advice(turn.air, turn.language)
    if turn.air.advice is None or turn.air.advice.status not in {"offered", "dismissed", "undone"}:
        return Said(text)
    if turn.air.autonomy == "observe" or not turn.air.is_online:
        return Said(text)
    ask = turn.say("shall_i")
    return Said(f"{text} {ask}", ask=ask, remember=_spoken_of(turn))


def _do_it(turn: Turn) -> Said:
    """Only what was said is done: advice that has changed since is said again."""
    refusal = _why_not(turn)
    if refusal is not None:
        return refusal
    is_yes = turn.intent.name == "AMAZON.YesIntent" or turn.intent.confirmation == "CONFIRMED"
    if turn.intent.confirmation == "DENIED":
        return Said(turn.say("nothing_changed"))
    advice = turn.air.advice
    if advice is None or not is_yes or turn.asked.remembered(ADVICE) != advice.advice_id:
        return _confirm_advice(turn)
    turn.hold_on(turn.say("one_moment"))
    try:
        outcome = turn.house.accept(turn.air.device_id, advice.advice_id)
    except StateConflictError:
        return Said(turn.say("no_advice"))
    return Said(turn.say(_PHRASE_OF[outcome]))


def _why_not(turn: Turn) -> Said | None:
    """Why nothing can be done about the advice now; None if something can."""
    if not turn.air.is_online:
        return Said(turn.say("offline"))
    if turn.air.advice is None or turn.air.advice.status == "expired":
        return Said(turn.say("no_advice"))
    if turn.air.autonomy == "observe":
        return Said(turn.say("only_observed"))
    if turn.air.advice.status == "applied":
        return Said(turn.say("advice_followed"))
    return None


def _confirm_advice(turn: Turn) -> Said:
    advice = sentences.advice(turn.air, turn.language)
    text = turn.language.say("confirm_set", advice=advice)
    asks = None if turn.intent.name == "AMAZON.YesIntent" else {"type": "Dialog.ConfirmIntent"}
    return Said(text, ask=turn.say("shall_i"), remember=_spoken_of(turn), directive=asks)


def _explain(turn: Turn) -> Said:
    return Said(sentences.why(turn.air, turn.language))


def _tell_savings(turn: Turn) -> Said:
    return Said(sentences.savings(turn.house.savings(turn.air.device_id), turn.language))


def _hear_too_hot(turn: Turn) -> Said:
    turn.house.feel(turn.air.device_id, "too_hot")
    return Said(turn.say("heard_too_hot"))


def _leave_alone(turn: Turn) -> Said:
    """What is set now becomes the person's own choice until the morning: no advice touches that."""
    air = turn.air
    if not air.is_online or air.mode is None:
        return Said(turn.say("offline"))
    if turn.intent.confirmation == "DENIED":
        return Said(turn.say("nothing_changed"))
    if turn.intent.confirmation != "CONFIRMED":
        text = turn.say("confirm_alone")
        return Said(text, ask=text, remember=_spoken_of(turn), directive={"type": "Dialog.ConfirmIntent"})
    turn.hold_on(turn.say("one_moment"))
    wanted = Wanted(mode=air.mode, setpoint_c=air.setpoint_c, until=morning_after(air.now, air.timezone))
    outcome = turn.house.command(air.device_id, wanted)
    said: Mapping[Outcome, Phrase] = {"confirmed": "alone", "sent": "alone_sent", "rejected": "rejected"}
    return Said(turn.say(said[outcome]))


def morning_after(now: datetime, timezone: str) -> datetime:
    """The end of this night: the next 06:00 local (UTC)."""
    local = now.astimezone(ZoneInfo(timezone))
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, ZoneInfo(timezone)).astimezone(UTC)


def _spoken_of(turn: Turn) -> dict[str, str]:
    advice = {} if turn.air.advice is None else {ADVICE: turn.air.advice.advice_id}
    return {DEVICE: turn.air.device_id, **advice}


def _ask(language: Language, phrase: Phrase) -> Said:
    text = language.say(phrase)
    return Said(text, ask=language.say("welcome"))


def _can_fulfill(intent: Intent | None) -> Json:
    known = intent is not None and intent.name in HANDLERS and not intent.name.startswith("AMAZON.")
    slots = {
        name: {"canUnderstand": "YES" if name == ROOM else "NO", "canFulfill": "YES" if known else "NO"}
        for name in ((intent.slots if intent is not None else None) or {})
    }
    answer = {"canFulfill": "YES" if known else "NO", "slots": slots}
    return {"version": "1.0", "response": {"canFulfillIntent": answer}}


_PHRASE_OF: Final[Mapping[Outcome, Phrase]] = {"confirmed": "done", "sent": "sent", "rejected": "rejected"}

HANDLERS: Final[Mapping[str, _Handler]] = {
    "AdviceIntent": _advise,
    "DoItIntent": _do_it,
    "AMAZON.YesIntent": _do_it,
    "WhyIntent": _explain,
    "SavingsIntent": _tell_savings,
    "LeaveAloneIntent": _leave_alone,
    "TooHotIntent": _hear_too_hot,
}
"""What needs to know whose homes."""

_PLAIN: Final[Mapping[str, Callable[[Language], Said]]] = {
    "AMAZON.HelpIntent": lambda language: _ask(language, "help"),
    "AMAZON.FallbackIntent": lambda language: _ask(language, "not_understood"),
    "AMAZON.NavigateHomeIntent": lambda language: _ask(language, "welcome"),
    "AMAZON.NoIntent": lambda language: Said(language.say("nothing_changed")),
    "AMAZON.CancelIntent": lambda language: Said(language.say("goodbye")),
    "AMAZON.StopIntent": lambda language: Said(language.say("goodbye")),
}

INTENTS: Final = frozenset({*HANDLERS, *_PLAIN})
"""Every intent that is answered; the interaction models have just these."""
