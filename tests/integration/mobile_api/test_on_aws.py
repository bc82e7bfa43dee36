"""What the API has of AWS, on moto: tokens of a Cognito pool, and the secrets that its task is told of."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.device_history import WholeHistory
from cloud.errors import UnavailableError
from cloud.ports.api import ApiStores
from mobile_api.__main__ import _google_account
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.keys import FixedKeys, make_key
from mobile_api.passwords import Passwords
from mobile_api.voice.google_graph import KeyFileError

EMAIL, PASSWORD = "ann@example.org", "A long enough one, 1!"


def _id_token(pool: str, client_id: str, *, verified: bool) -> str:
    """What somebody who signs in at the pool gets."""
    cognito = boto3.client("cognito-idp")
    name = uuid4().hex
    attributes = {"email": EMAIL, "email_verified": str(verified).lower()}
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=name,
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
    )
    token: str = answer["AuthenticationResult"]["IdToken"]
    return token


def test_a_token_of_the_pool_stands_for_its_verified_address_and_no_other_does(s3_endpoint: str) -> None:
    cognito = boto3.client("cognito-idp")
    pool, other = (
        cognito.create_user_pool(PoolName=name, AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
        for name in ("ours", "somebody's")
    )
    readable = ["email", "email_verified"]  # on AWS all are, unless some are named
    ours, theirs = (
        cognito.create_user_pool_client(UserPoolId=each, ClientName="App", ReadAttributes=readable)[
            "UserPoolClient"
        ]["ClientId"]
        for each in (pool, other)
    )
    readings = MemoryReadingLog()
    app = create_app(
        ApiStores(
            MemoryStateStore(lambda: datetime.now(UTC)),
            readings,
            WholeHistory(readings, MemoryLake()),
            readings,
        ),
        FixedKeys(KeySet([make_key()])),
        ApiSettings(
            oidc_issuer=f"https://cognito-idp.eu-west-1.amazonaws.com/{pool}",
            oidc_audience=ours,
            oidc_jwks_url=f"{s3_endpoint}/{pool}/.well-known/jwks.json",
        ),
        passwords=Passwords(memory_kib=8, time_cost=1),
    )

    def answered(token: str) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = app.test_client(use_cookies=False).get("/v1/accounts/me", headers=headers)
        return answer.status_code, (answer.json or {}).get("email")

    forged = jwt.encode(
        {"alg": "RS256", "kid": "dummy"},
        {
            "iss": f"https://cognito-idp.eu-west-1.amazonaws.com/{pool}",
            "aud": ours,
            "sub": "somebody",
            "email": EMAIL,
            "email_verified": True,
            "exp": int((datetime.now(UTC) + timedelta(hours=1)).timestamp()),
        },
        RSAKey.generate_key(2048),
    )
    assert answered(_id_token(pool, ours, verified=True)) == (200, EMAIL)
    assert answered(_id_token(pool, ours, verified=False))[0] == 401
    assert answered(_id_token(other, theirs, verified=True))[0] == 401
    assert answered(forged)[0] == 401


def test_the_key_for_google_is_what_the_secret_holds_once_somebody_has_written_it(
    s3_endpoint: str, tmp_path: Path
) -> None:
    client, name = boto3.client("secretsmanager"), uuid4().hex
    settings = ApiSettings(data_dir=tmp_path, google_key_secret=name)
    with pytest.raises(UnavailableError):
        _google_account(settings)

    client.create_secret(Name=name)
    assert _google_account(settings) is None

    key = RSAKey.generate_key(2048).as_pem(private=True).decode()
    told = {"client_email": "us@project.example", "private_key": key}
    client.put_secret_value(SecretId=name, SecretString=json.dumps(told))
    account = _google_account(settings)
    assert account is not None
    assert account.client_email == "us@project.example"
    assert account.private_key.get_secret_value() == key

    client.put_secret_value(SecretId=name, SecretString="a password that somebody made up")
    with pytest.raises(KeyFileError, match=name):
        _google_account(settings)


def test_a_key_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="nowhere"):
        _google_account(ApiSettings(google_key_file=tmp_path / "nowhere.json"))
