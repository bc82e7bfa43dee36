"""What the routes of voice share: patience, and the ways to the vendors; one object, held by the app."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from flask import Flask, current_app

from mobile_api.services import services
from mobile_api.voice.alexa_events import AlexaEvents
from mobile_api.voice.alexa_grants import AlexaGrants
from mobile_api.voice.house import House
from mobile_api.voice.outbound import Transport, send
from mobile_api.voice.patience import Patience
from mobile_api.voice.served_house import open_house

_EXTENSION = "ac_advisor_voice"

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class VoiceDesk:
    """The outside of voice.

    Attributes:
        patience: How long is waited.
        send: Calls vendors.
        alexa_grants: Who may be told of changes; None where that is not set up.
    """

    patience: Patience
    send: Transport
    alexa_grants: AlexaGrants | None = None

    def within(self, answer: Callable[[Callable[[str], House]], _Answer]) -> _Answer | None:
        """What `answer` makes of a request with a way to open houses; None when that takes too long."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (the proxy is bound to this thread)
        deadline = self.patience.deadline()

        def work() -> _Answer:
            with app.app_context():
                return answer(lambda token: open_house(token, deadline))

        return self.patience.within(work)


def install(app: Flask) -> None:
    """Give `app` its desk."""
    with app.app_context():
        use = services()
        wanted = use.settings
        grants = None
        if wanted.alexa_client_id:
            grants = AlexaGrants(
                use.state,
                send,
                wanted.alexa_token_url,
                wanted.alexa_client_id,
                wanted.alexa_client_secret.get_secret_value(),
                use.now,
            )
    app.extensions[_EXTENSION] = VoiceDesk(Patience(), send, grants)


def voice_desk() -> VoiceDesk:
    """The desk of the app that serves this request."""
    return cast("VoiceDesk", current_app.extensions[_EXTENSION])


def alexa_events(desk: VoiceDesk) -> AlexaEvents | None:
    """The way to Alexa's event gateway, where it is set up."""
    if desk.alexa_grants is None:
        return None
    return AlexaEvents(desk.alexa_grants, desk.send, services().settings.alexa_events_url, new_id)


def new_id() -> str:
    """Names a message."""
    return str(uuid.uuid4())
