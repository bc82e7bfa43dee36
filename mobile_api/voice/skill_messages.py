"""Messages of Alexa's custom skills: what a request says, and what answers are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mobile_api.voice.alexa_messages import Json
from mobile_api.voice.alexa_signature import UnprovenRequestError

CLOCKS_APART: Final = timedelta(seconds=150)
"""A request may be so old, or so far ahead (Amazon's rule)."""

Confirmation: TypeAlias = Literal["NONE", "CONFIRMED", "DENIED"]


class _Part(BaseModel):
    """A tolerant reader: Amazon adds fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Slot(_Part):
    """A word that was filled in."""

    name: str
    value: str | None = None


class Intent(_Part):
    """What somebody means."""

    name: str
    confirmation: Confirmation = Field("NONE", alias="confirmationStatus")
    slots: dict[str, Slot] | None = None


class Request(_Part):
    """What happened."""

    type: str
    request_id: str = Field(alias="requestId", min_length=1, max_length=512)
    timestamp: AwareDatetime
    locale: str = "en-US"
    intent: Intent | None = None


class _Application(_Part):
    application_id: str = Field("", alias="applicationId")


class _User(_Part):
    access_token: str | None = Field(None, alias="accessToken")


class System(_Part):
    """Where it comes from."""

    application: _Application = _Application()
    user: _User = _User()
    api_endpoint: str = Field("", alias="apiEndpoint")
    api_access_token: str = Field("", alias="apiAccessToken")


class Context(_Part):
    """Around it."""

    system: System = Field(System(), alias="System")


class Session(_Part):
    """What was said before."""

    attributes: dict[str, Any] | None = None


class SkillRequest(_Part):
    """A request to the skill."""

    request: Request
    context: Context
    session: Session | None = None

    @property
    def token(self) -> str | None:
        """The person's access token, if their account is linked."""
        return self.context.system.user.access_token

    def remembered(self, name: str) -> str | None:
        """What an earlier answer of this session has left."""
        attributes = (None if self.session is None else self.session.attributes) or {}
        value = attributes.get(name)
        return value if isinstance(value, str) else None

    def heard(self, slot: str) -> str | None:
        """What was filled in."""
        slots = (None if self.request.intent is None else self.request.intent.slots) or {}
        found = slots.get(slot)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class Said:
    """An answer before it is put into Amazon's words.

    Attributes:
        text: What is spoken; plain text, so that no name can be markup.
        ask: What is asked again after a silence; None ends the session.
        remember: What the next request of the session brings along.
        directive: What Alexa is to do in the dialog.
        links_account: Whether the card to link the account is shown.
    """

    text: str
    ask: str | None = None
    remember: Mapping[str, str] = field(default_factory=dict[str, str])
    directive: Json | None = None
    links_account: bool = False


def require_ours(asked: SkillRequest, skill_id: str, now: datetime) -> None:
    """Refuse what was signed for another skill, or long ago.

    Raises:
        UnprovenRequestError: It was.
    """
    if not skill_id or asked.context.system.application.application_id != skill_id:
        raise UnprovenRequestError("the request is for another skill")
    if abs(now - asked.request.timestamp.astimezone(UTC)) > CLOCKS_APART:
        raise UnprovenRequestError("the request is too old")


def reply(said: Said) -> Json:
    """An answer in Amazon's words."""
    response: Json = {
        "outputSpeech": {"type": "PlainText", "text": said.text},
        "shouldEndSession": said.ask is None,
    }
    if said.ask is not None:
        response["reprompt"] = {"outputSpeech": {"type": "PlainText", "text": said.ask}}
    if said.directive is not None:
        response["directives"] = [said.directive]
    if said.links_account:
        response["card"] = {"type": "LinkAccount"}
    return {"version": "1.0", "sessionAttributes": dict(said.remember), "response": response}
