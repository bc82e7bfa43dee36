"""What schemathesis has to know of this API beyond its description: how to sign in, and what there is.

Run by `test_schemathesis.py` inside schemathesis' own process (`SCHEMATHESIS_HOOKS`). The things are called
as in the examples of the description, so that examples and links find them; what a case has deleted is put
back.
"""

import base64
import hashlib
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import schemathesis
from schemathesis import AuthContext, Case, HookContext
from schemathesis.generation.meta import TestPhase

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import (
    DEVICES_PK,
    ClaimRecord,
    DevicePointer,
    DeviceRecord,
    HomeRecord,
    PlanRecord,
    PlanStepRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import Put
from infra.local.sample_advice import sample_advice

URL = os.environ["AC_ADVISOR_URL"]  # noqa: TID251 (schemathesis has started this process)
STATE = SqliteStateStore(Path(os.environ["AC_ADVISOR_STATE"]))  # noqa: TID251 (the same)
HOME_ID, DEVICE_ID, ADVICE_ID, CODE = "h-5f0c2d7e9b1a4c36", "ac-living-room", "25.5-cool-auto-1", "K7QM2XPA"
TIMEOUT_S = 30
REFRESH_S = 300
"""How long an access token is used: one that has ended would have every case refused, and pass [s]."""


def sign_up() -> tuple[str, dict[str, str]]:
    """A new account.

    Returns:
        Its id, and what it signs in with.
    """
    login = {"email": f"{secrets.token_hex(8)}@example.org", "password": "a long enough one"}
    created = requests.post(f"{URL}/v1/accounts", json=login, timeout=TIMEOUT_S)
    created.raise_for_status()
    return created.json()["account_id"], login


def sign_in(login: dict[str, str]) -> str:
    """An access token; it is good for a quarter of an hour."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    client = {"client_id": "ac-advisor-app", "redirect_uri": "http://127.0.0.1/callback"}
    question = {"response_type": "code", "code_challenge": challenge, "code_challenge_method": "S256"}
    granted = _form("/oauth/authorize", {**client, **question, **login})["authorization_code"]
    answer = {"grant_type": "authorization_code", "code": granted, "code_verifier": verifier}
    return _form("/oauth/token", {**client, **answer})["access_token"]


def _form(path: str, fields: dict[str, str]) -> dict[str, str]:
    answer = requests.post(f"{URL}{path}", fields, headers={"Accept": "application/json"}, timeout=TIMEOUT_S)
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found


def furnish(account_id: str) -> None:
    """Put a home with an advised device there, and another device that waits to be claimed."""
    now = datetime.now(UTC)
    home = HomeRecord(
        home_id=HOME_ID,
        owner_id=account_id,
        name="Flat",
        latitude_deg=45.0,
        longitude_deg=9.0,
        timezone="Europe/Rome",
    )
    advice = sample_advice(ADVICE_ID, DEVICE_ID, now, timedelta(days=1)).model_copy(update={"fan": "auto"})
    steps = (PlanStepRecord(at=now, setpoint_c=25.5, mode="cool"),)
    plan = PlanRecord(advice_id=ADVICE_ID, made_at=now, steps=steps)
    device = DeviceRecord(device_id=DEVICE_ID, home_id=HOME_ID, name="Living room")
    waiting = DeviceRecord(device_id="ac-waiting")
    STATE.transact(
        [
            Put(home_pk(HOME_ID), "home", home.model_dump(mode="json")),
            Put(home_pk(HOME_ID), f"member#{account_id}", {"role": "owner"}),
            Put(home_pk(HOME_ID), f"device#{DEVICE_ID}", {}),
            Put(f"account#{account_id}", f"home#{HOME_ID}", {}),
            Put(DEVICES_PK, DEVICE_ID, DevicePointer(home_id=HOME_ID).model_dump()),
            Put(device_pk(DEVICE_ID), "device", device.model_dump(mode="json")),
            Put(device_pk(DEVICE_ID), "advice", advice.model_dump(mode="json")),
            Put(device_pk(DEVICE_ID), "plan", plan.model_dump(mode="json")),
            Put(device_pk("ac-waiting"), "device", waiting.model_dump(mode="json")),
            Put(f"claim#{CODE}", "claim", ClaimRecord(code=CODE, device_id="ac-waiting").model_dump()),
        ]
    )


ACCOUNT_ID, LOGIN = sign_up()
furnish(ACCOUNT_ID)


@schemathesis.auth(refresh_interval=REFRESH_S)
class Bearer:
    """One account for everything, and a new one for each attempt to delete an account."""

    def get(self, case: Case[Any], context: AuthContext) -> str:  # noqa: ARG002 (schemathesis' names)
        return sign_in(LOGIN)

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:  # noqa: ARG002 (the same)
        leaves = (case.operation.path, case.method) == ("/v1/accounts/me", "DELETE")
        case.headers["Authorization"] = f"Bearer {sign_in(sign_up()[1]) if leaves else data}"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put back what was deleted; keys that happen to be the same are not meant to be."""
    if case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = f"{case.headers['Idempotency-Key']}{secrets.token_hex(8)}"[-255:]
    if case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL:
        return  # what was deleted on the way has to stay so
    gone = STATE.get(device_pk(DEVICE_ID), "device") is None or STATE.get(home_pk(HOME_ID), "home") is None
    if gone or STATE.get(f"claim#{CODE}", "claim") is None:
        furnish(ACCOUNT_ID)
