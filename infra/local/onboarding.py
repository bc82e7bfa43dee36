"""Onboarding: what the people of the demo do on their phones, by the public HTTP API and nothing else."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from cloud.ports.records import Autonomy
from device_sim.specification import Site
from infra.local.api_client import ApiAnswerError, ApiClient

CLIENT_ID = "ac-advisor-app"
"""The first-party app."""

REDIRECT_URI = "http://127.0.0.1/callback"
"""Required by OAuth; a client without a browser is never sent there."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a person types to sign in."""

    email: str
    password: str


def register(api: ApiClient, email: str) -> Login:
    """Open an account with a new password, and sign the client in."""
    login = Login(email, secrets.token_urlsafe(9))
    api.call("POST", "/v1/accounts", {"email": login.email, "password": login.password})
    sign_in(api, login)
    return login


def sign_in(api: ApiClient, login: Login) -> None:
    """Get a token by authorization code with PKCE (RFC 7636), as an app without a browser does."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    question = urlencode(
        {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "scope": "read advise control",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    answer = api.form(f"/oauth/authorize?{question}", email=login.email, password=login.password)
    token = api.form(
        "/oauth/token",
        grant_type="authorization_code",
        client_id=CLIENT_ID,
        redirect_uri=REDIRECT_URI,
        code=answer["authorization_code"],
        code_verifier=verifier,
    )
    api.token = token["access_token"]


def move_in(api: ApiClient, sites: Iterable[Site], claim_codes: Mapping[str, str]) -> None:
    """Make a home for each site and pair its device with the code that it shows.

    The people of the demo have consented to the use of `motion`.
    """
    for number, site in enumerate(sites, 1):
        home = api.call(
            "POST",
            "/v1/homes",
            {
                "name": f"Home {number}",
                "latitude_deg": site.latitude_deg,
                "longitude_deg": site.longitude_deg,
                "timezone": site.timezone,
                "currency": "USD",
                "tariff_per_kwh": 0.17,
                "share_presence": True,
            },
        )
        api.call(
            "POST",
            "/v1/devices/claim",
            {"code": claim_codes[site.device_id], "home_id": home["home_id"], "name": "Living room"},
        )


def say_a_bit_warm(api: ApiClient, login: Login, device_id: str) -> None:
    """Press the button; who was signed out meanwhile signs in again."""
    _call(api, login, ("POST", f"/v1/devices/{device_id}/feedback"), {"kind": "a_bit_warm"})


def take_back(api: ApiClient, login: Login, device_id: str) -> None:
    """Undo the advice that stands; when it has ended or was replaced meanwhile, there is nothing to undo."""
    advice = _call(api, login, ("GET", f"/v1/devices/{device_id}/recommendation"))
    try:
        _call(api, login, ("POST", f"/v1/recommendations/{advice['advice_id']}/undo"), {})
    except ApiAnswerError as error:
        if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            raise


def _call(api: ApiClient, login: Login, what: tuple[str, str], body: dict[str, str] | None = None) -> Any:  # noqa: ANN401 (JSON)
    try:
        return api.call(*what, body)
    except ApiAnswerError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        sign_in(api, login)
        return api.call(*what, body)


def set_autonomy(api: ApiClient, device_ids: Iterable[str], autonomy: Autonomy) -> None:
    """Say how far the advisor may go."""
    for device_id in device_ids:
        wishes = api.call("GET", f"/v1/devices/{device_id}/preferences")
        api.call("PUT", f"/v1/devices/{device_id}/preferences", {**wishes, "autonomy": autonomy})
