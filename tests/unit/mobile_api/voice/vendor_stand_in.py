"""A local stand-in for the vendors' servers, which takes only what their schemas allow.

Login with Amazon and the event gateway, Google's token server and the Home Graph; `statuses` are answered
first. Without `AC_ADVISOR_VALIDATORS` it takes everything.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from tests.unit.mobile_api.conftest import Person, World
from tests.unit.mobile_api.voice import alexa_schema, google_schema

Json = dict[str, Any]


@dataclass(slots=True)
class StandIn:
    """What the vendors were told, and what they answer."""

    url: str = ""
    good: str = "t-1"
    tokens: int = 0
    forms: list[Json] = field(default_factory=list[Json])
    events: list[Json] = field(default_factory=list[Json])
    states: list[Json] = field(default_factory=list[Json])
    syncs: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])
    statuses: list[int] = field(default_factory=list[int])
    body: bytes = b"{}"
    is_down: bool = False
    retry_after: str = ""

    def give_token(self, form: Json) -> tuple[int, Json]:
        self.forms.append(form)
        if form.get("code") == "bad" or form.get("client_secret", "shh") != "shh" or self.good == "":
            return 400, {"error": "invalid_grant"}
        self.tokens += 1
        self.good = f"t-{self.tokens}"
        token = {"access_token": self.good, "expires_in": 3600, "token_type": "bearer"}
        return 200, {**token, "refresh_token": "r-1"}

    def take(self, path: str, message: Json, bearer: str) -> int:
        if self.is_down or self.statuses:
            return 503 if self.is_down else self.statuses.pop(0)
        if path == "/v3/events":
            return self._take_event(message, bearer)
        if path.endswith(":requestSync"):
            self.syncs.append(message["agentUserId"])
            return 200
        return self._take_states(message)

    def names(self) -> list[str]:
        """Of the events, in order."""
        return [each["event"]["header"]["name"] for each in self.events]

    def _take_event(self, message: Json, bearer: str) -> int:
        if bearer != f"Bearer {self.good}":
            return 401
        if alexa_schema.is_there():
            self.faults += (faults := alexa_schema.faults_of(message))
            if faults:
                return 400
        self.events.append(message)
        return 202

    def _take_states(self, message: Json) -> int:
        """Google has no schema of this message: its states are those of a QUERY."""
        told = message["payload"]["devices"]["states"]
        if alexa_schema.is_there():
            devices = {device_id: {"status": "SUCCESS", **each} for device_id, each in told.items()}
            as_query = {"requestId": message["requestId"], "payload": {"devices": devices}}
            self.faults += (faults := google_schema.faults_of("intents/query/query.response", as_query))
            if faults:
                return 400
        self.states.append(told)
        return 200


@contextmanager
def vendors() -> Iterator[StandIn]:
    """A stand-in that listens on loopback."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            out = stand_in.body
            if self.path == "/token":
                form = {key: value[0] for key, value in parse_qs(raw.decode()).items()}
                status, token = stand_in.give_token(form)
                out = json.dumps(token).encode()
            else:
                status = stand_in.take(self.path, json.loads(raw), self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(out)))
            if stand_in.retry_after:
                self.send_header("Retry-After", stand_in.retry_after)
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()


def grant(world: World, person: Person) -> None:
    """A person lets Alexa be told of changes."""
    grantee = {"type": "BearerToken", "token": person.token}
    header = {
        "namespace": "Alexa.Authorization",
        "name": "AcceptGrant",
        "payloadVersion": "3",
        "messageId": "m",
    }
    message = {"directive": {"header": header, "payload": {"grant": {"code": "c-1"}, "grantee": grantee}}}
    answer = world.nobody().post("/voice/alexa/smart-home", json=message)
    assert answer.json["event"]["header"]["name"] == "AcceptGrant.Response"
