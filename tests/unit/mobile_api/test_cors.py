"""Other sites' scripts: none by default, those that were named, and never with the cookie."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response, g
from pydantic import ValidationError

from mobile_api import deprecation
from mobile_api.config import ApiSettings
from mobile_api.deprecation import Deprecation

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, World

APP = "https://app.example"
PREFLIGHT = {"Origin": APP, "Access-Control-Request-Method": "PUT"}


def _allowed(headers: object) -> list[str]:
    return [name for name in dict(headers) if name.startswith("Access-Control-")]  # type: ignore[call-overload]


def test_nobody_is_allowed_by_default(world: "World") -> None:
    assert _allowed(world.nobody().get("/healthz", headers={"Origin": APP}).headers) == []
    assert _allowed(world.nobody().call("OPTIONS", "/v1/homes", headers=PREFLIGHT).headers) == []


def test_a_named_site_may_use_the_api(make_world: "MakeWorld") -> None:
    world = make_world(cors_origins=(APP,))
    person = world.sign_up()

    preflight = world.nobody().call("OPTIONS", "/v1/homes", headers=PREFLIGHT)
    answer = person.get("/v1/homes", headers={"Origin": APP})
    account = {"email": "new@example.org", "password": "a long enough one"}
    crossing = {"Origin": APP, "Sec-Fetch-Site": "cross-site"}

    assert preflight.headers["Access-Control-Allow-Origin"] == APP
    assert "If-Match" in preflight.headers["Access-Control-Allow-Headers"]
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Link" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert world.nobody().post("/v1/accounts", json=account, headers=crossing).status_code == 201


def test_another_site_or_a_cookie_is_still_refused(make_world: "MakeWorld") -> None:
    world = make_world(cors_origins=(APP,))
    crossing = {"Origin": APP, "Sec-Fetch-Site": "cross-site"}

    other = world.nobody().get("/healthz", headers={"Origin": "https://evil.example"})
    cookie = world.nobody().post("/v1/homes", json={}, headers={**crossing, "Cookie": "ac_session=x.y"})
    evil = world.nobody().post(
        "/v1/accounts", json={}, headers={**crossing, "Origin": "https://evil.example"}
    )

    assert _allowed(other.headers) == []
    assert (cookie.status_code, evil.status_code) == (403, 403)


@pytest.mark.parametrize(
    "origin", ["*", "null", "app.example", "https://app.example/", "https://", "ftp://a"]
)
def test_only_an_origin_can_be_named(origin: str) -> None:
    with pytest.raises(ValidationError, match="not an origin"):
        ApiSettings(cors_origins=(origin,))


def test_a_deprecated_operation_says_when_it_goes() -> None:
    since, sunset = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    with Flask("test").app_context():
        g.deprecation = Deprecation(since, sunset, "/v2/homes")
        response = Response()
        deprecation.tell(response)

    assert response.headers["Deprecation"] == "@1767225600"  # RFC 9745: seconds since 1970
    assert response.headers["Sunset"] == "Wed, 01 Jul 2026 00:00:00 GMT"
    assert response.headers["Link"] == '</v2/homes>; rel="successor-version"'
