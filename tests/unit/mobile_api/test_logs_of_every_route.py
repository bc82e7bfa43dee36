"""Whatever a route is sent and however it fails, the logs repeat nothing of it."""

import io
import logging
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, product
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from mobile_api import cors, logs
from mobile_api.app import all_operations
from mobile_api.config import ApiSettings
from mobile_api.examples import example_of
from tests.unit.mobile_api.conftest import PASSWORD

if TYPE_CHECKING:
    from mobile_api.operations import Operation
    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

NAME, CLAIM_CODE, SAID = "zoe.secret", "QK7M2XPA", "said-to-nobody"
EMAIL = f"{NAME}@example.org"
FORM = {"email": EMAIL, "password": PASSWORD, "code": CLAIM_CODE, "token": SAID, "name": SAID}
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept": "text/html", "Idempotency-Key": SAID, "Referer": SAID, "User-Agent": SAID},
)
Options = dict[str, Any]


@dataclass(slots=True)
class Scene:
    """People with homes, and everything about them that no log may say."""

    world: "World"
    written: io.StringIO
    secrets: set[str] = field(default_factory=lambda: {NAME, PASSWORD, CLAIM_CODE, SAID})
    numbers: Iterator[int] = field(default_factory=count)

    def someone(self) -> tuple["Person", dict[str, str]]:
        """Somebody new, and what her paths are made of."""
        number, world = next(self.numbers), self.world
        person = world.sign_up(f"{NAME}{number}@example.org")
        self.secrets |= {token for token in (person.token, person.refresh_token) if token is not None}
        device_id = world.device_of(person, f"dev-{number}")
        home_id = person.get(f"/v1/devices/{device_id}").json["home_id"]
        ids = {"device_id": device_id, "home_id": home_id, "verdict": "accept"}
        ids["gateway_id"] = world.gateway_of(person, home_id, f"gw-{number}")
        ids["advice_id"] = world.advise(device_id).advice_id
        world.show_code(f"free-{number}", CLAIM_CODE)
        return person, ids

    def told(self) -> str:
        """All that was logged, when no secret is in it."""
        told = self.written.getvalue()
        assert [secret for secret in self.secrets if secret in told] == []
        return told


@pytest.fixture
def scene(make_world: "MakeWorld", monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(logging.getLogger("mobile_api"), "handlers", [])  # of apps made without our logs
    before = logging.getLogger().handlers, threading.excepthook
    logs.configure(ApiSettings(log_level="debug"))
    try:
        yield Scene(make_world(rate_per_minute=1_000_000, anonymous_rate_per_minute=1_000_000), written)
    finally:
        logging.getLogger().handlers, threading.excepthook = before
        structlog.reset_defaults()


def _good(operation: "Operation", ids: dict[str, str]) -> Options:
    """What the description says may be sent, where it is a body."""
    if operation.body is None:
        return {"data": {**FORM, **ids}} if operation.method == "POST" and operation.tag == "pages" else {}
    schema = operation.body.model_json_schema()
    example: Options = example_of(schema, schema.get("$defs", {}))
    known = {**FORM, **ids}
    return {"json": example | {name: known[name] for name in example.keys() & known.keys()}}


def _bad(_operation: "Operation", _ids: dict[str, str]) -> Options:
    """Nothing that anybody asked for, in every place."""
    return {"json": {**FORM, "nobody": EMAIL}, "query_string": {**FORM, "cursor": SAID}}


def _ask(person: "Person", operation: "Operation", ids: dict[str, str]) -> Counter[int]:
    """How often each status was the answer."""
    path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: ids.get(found[1], SAID), operation.path)
    statuses = Counter[int]()
    for make, headers in product((_bad, _good), HEADERS):
        answer = person.call(operation.method, path, headers=headers, **make(operation, ids))
        answer.close()
        statuses[answer.status_code] += 1
    return statuses


def test_what_is_sent_is_not_logged(scene: Scene) -> None:
    statuses, reader = Counter[int](), scene.someone()
    for operation in all_operations():
        person, ids = reader if operation.method == "GET" else scene.someone()
        statuses += _ask(person, operation, ids)

    print(sorted(statuses.items()))
    assert scene.told().count("request_served") > statuses.total()
    assert statuses[200] + statuses[201] + statuses[202] + statuses[204] > 100
    assert statuses[500] == 0


def test_an_error_that_names_people_is_logged_without_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError(" ".join(scene.secrets))

    person, ids = scene.someone()
    for name in ("get", "query", "transact"):
        monkeypatch.setattr(type(scene.world.state), name, fail)
    statuses = sum((_ask(person, operation, ids) for operation in all_operations()), Counter[int]())

    assert scene.told().count('"exception": "ValueError"') >= statuses[500] > 100


def test_an_error_after_the_answer_is_logged_without_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(EMAIL)

    monkeypatch.setattr(cors, "answer", fail)
    answer = scene.world.nobody().get("/healthz")

    told = scene.told()
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert '"event": "request_failed"' in told
    assert '"event": "library_logged"' in told
    assert told.count('"exception": "ValueError"') == 2


def test_a_thread_that_fails_and_a_library_that_complains_say_no_word(scene: Scene) -> None:
    thread = threading.Thread(target=int, args=(EMAIL,), name="worker")
    scene.secrets.add(EMAIL)

    thread.start()
    thread.join()
    logging.getLogger("some.library").warning("could not write to %s", EMAIL)

    told = scene.told()
    assert '"thread": "worker", "event": "thread_failed"' in told
    assert '"logger": "some.library"' in told
