"""What the routes of voice share: patience, and the ways to the vendors; one object, held by the app."""

import json
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, current_app

from cloud.ports.state import StateStore
from mobile_api.services import Services, services
from mobile_api.voice import reports
from mobile_api.voice.alexa_deferral import Deferral, deferred
from mobile_api.voice.alexa_directives import Desk, handle_directive, too_slow
from mobile_api.voice.alexa_events import AlexaEvents
from mobile_api.voice.alexa_grants import AlexaGrants
from mobile_api.voice.alexa_messages import Json, read_directive
from mobile_api.voice.alexa_reports import AlexaReports
from mobile_api.voice.alexa_signature import AlexaSignatures, public_roots
from mobile_api.voice.google_graph import HomeGraph, ServiceAccount
from mobile_api.voice.google_home import GoogleHome
from mobile_api.voice.google_links import GoogleLinks
from mobile_api.voice.google_reports import GoogleReports
from mobile_api.voice.house import House
from mobile_api.voice.outbound import Call, Transport, VendorUnreachableError, send
from mobile_api.voice.patience import Patience
from mobile_api.voice.served_house import open_house
from mobile_api.voice.skill_messages import SkillRequest
from mobile_api.voice.told import Reporter

HOLD_ON_S: Final = 0.8
"""A progressive response is worth no more of the 8 s [s]."""

_EXTENSION = "ac_advisor_voice"

_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class VoiceDesk:
    """The outside of voice.

    Attributes:
        patience: How long is waited.
        send: Calls vendors.
        alexa_signatures: Whether a request to the skill is Amazon's.
        alexa: The way to tell Alexa of changes; None where that is not set up.
        google: The same for Google Home.
    """

    patience: Patience
    send: Transport
    alexa_signatures: AlexaSignatures
    alexa: AlexaEvents | None = None
    google: GoogleReports | None = None

    @property
    def grants(self) -> AlexaGrants | None:
        """Who may be told of changes by Alexa."""
        return None if self.alexa is None else self.alexa.grants

    def answer_directive(self, message: Json) -> Json:
        """Answer Alexa Smart Home, in time: what takes longer is promised if it may be, and else given up."""
        app, deadline = _app(), self.patience.deadline(0.0)
        deferral = Deferral(read_directive(message), self.alexa)

        def opened(token: str) -> House:
            house = open_house(token, deadline)
            may_be_late = deferral.allows(house)
            return replace(house, deadline=self.patience.late_deadline()) if may_be_late else house

        def work() -> Json:
            with app.app_context():
                return handle_directive(message, Desk(opened, new_id, self.grants))

        answer = self.patience.within(work, 0.0, deferral.promise)
        if answer is not None:
            return answer
        if deferral.is_promised and deferral.directive is not None:
            return deferred(deferral.directive, new_id())
        return too_slow(message, new_id)

    def reporters(self, state: StateStore) -> list[Reporter]:
        """The vendors that are told of changes."""
        alexa = [] if self.alexa is None else [AlexaReports(self.alexa, state)]
        return [*alexa, *([] if self.google is None else [self.google])]

    def google_home(self, house: House) -> GoogleHome:
        """Answers to Google for one person."""
        if self.google is None:
            return GoogleHome(house)
        links = self.google.links

        def connect(house: House, devices: Sequence[Json]) -> None:
            links.keep(house.account_id, house.session_id, devices)

        return GoogleHome(house, reports=True, connect=connect, disconnect=links.forget)

    def within(
        self, answer: Callable[[Callable[[str], House]], _Answer], *, spent_s: float = 0.0
    ) -> _Answer | None:
        """What `answer` makes of a request with a way to open houses; None when that takes too long.

        Args:
            answer: Makes it, in a thread of its own.
            spent_s: Of the patience with the request [s].
        """
        app, deadline = _app(), self.patience.deadline(spent_s)

        def work() -> _Answer:
            with app.app_context():
                return answer(lambda token: open_house(token, deadline))

        return self.patience.within(work, spent_s)


def install(app: Flask) -> None:
    """Give `app` its desk."""
    with app.app_context():
        use = services()
        signatures = AlexaSignatures(send, use.now, public_roots)
        app.extensions[_EXTENSION] = VoiceDesk(Patience(), send, signatures, _alexa(use))


def tell_google(app: Flask, account: ServiceAccount) -> None:
    """Have Google told of changes, too: `account` is who we are at its Home Graph."""
    with app.app_context():
        voice_desk().google = _google(services(), account)


def start_reports(app: Flask) -> None:
    """Tell the vendors of changes, beside everything else."""
    with app.app_context():
        reports.start(app, voice_desk().reporters(services().state))


def _alexa(use: Services) -> AlexaEvents | None:
    wanted = use.settings
    if not wanted.alexa_client_id:
        return None
    secret = wanted.alexa_client_secret.get_secret_value()
    grants = AlexaGrants(use.state, send, wanted.alexa_token_url, wanted.alexa_client_id, secret, use.now)
    return AlexaEvents(grants, send, wanted.alexa_events_url, new_id)


def _google(use: Services, account: ServiceAccount) -> GoogleReports:
    graph = HomeGraph(account, send, use.settings.google_graph_url, new_id, use.now)
    return GoogleReports(graph, GoogleLinks(use.state), use.state)


def _app() -> Flask:
    """The app itself: its proxy is bound to this thread."""
    return cast("Flask", current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 (as Flask documents)


def voice_desk() -> VoiceDesk:
    """The desk of the app that serves this request."""
    return cast("VoiceDesk", current_app.extensions[_EXTENSION])


def hold_on(asked: SkillRequest, desk: VoiceDesk) -> Callable[[str], None]:
    """A progressive response: what Alexa says while the person waits; that it fails changes nothing."""
    system = asked.context.system
    host = (urlsplit(system.api_endpoint).hostname or "").lower()

    def say(text: str) -> None:
        if not host.endswith(".amazonalexa.com") or not system.api_access_token:
            return
        speak = {"type": "VoicePlayer.Speak", "speech": text}
        body = {"header": {"requestId": asked.request.request_id}, "directive": speak}
        headers = {
            "Authorization": f"Bearer {system.api_access_token}",
            "Content-Type": "application/json",
        }
        raw, url = json.dumps(body).encode(), f"{system.api_endpoint.rstrip('/')}/v1/directives"
        with suppress(VendorUnreachableError):
            desk.send(Call("POST", url, headers, raw, timeout_s=HOLD_ON_S))

    return say


def new_id() -> str:
    """Names a message."""
    return str(uuid.uuid4())
