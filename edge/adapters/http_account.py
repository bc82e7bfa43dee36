"""An account over the cloud's HTTP API, signed in once by a code that a person allows (RFC 8628)."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from pydantic import ValidationError
from typing_extensions import override

from edge.errors import CloudAwayError, CloudRefusedError
from edge.home_assistant.ports import Account
from edge.home_assistant.shown import Shown
from edge.home_assistant.wishes import Wish

CLIENT_ID: Final = "ac-advisor-screen"
"""The public client of screens and hubs."""

SCOPE: Final = "read advise control"
TIMEOUT_S: Final = 10.0
PAGE: Final = 100
_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Codes:
    """What a person has to see to sign us in.

    Attributes:
        user_code: To type.
        verification_uri: Where.
        device_code: Ours.
        interval_s: How often to ask whether they have [s].
    """

    user_code: str
    verification_uri: str
    device_code: str
    interval_s: float


class HttpAccount(Account):
    """An `Account` that knows the API by its paths alone.

    Args:
        url: Of the API.
        token_path: Where the refresh token is kept, readable by its owner only.
    """

    def __init__(self, url: str, token_path: Path) -> None:
        self._url = url.rstrip("/")
        self._token_path = token_path
        self._access_token = ""
        self._expires_s = 0.0
        self._lock = threading.Lock()

    def begin(self) -> Codes:
        """Ask for the codes by which a person signs us in.

        Raises:
            CloudAwayError: It does not answer.
        """
        told = self._form("/oauth/device", {"client_id": CLIENT_ID, "scope": SCOPE})
        return Codes(told["user_code"], told["verification_uri"], told["device_code"], told["interval"])

    def finish(self, codes: Codes, pause: Callable[[float], object]) -> None:
        """Wait until the person has allowed it.

        Raises:
            CloudRefusedError: They have not, or too late.
            CloudAwayError: It does not answer.
        """
        form = {"grant_type": _GRANT, "client_id": CLIENT_ID, "device_code": codes.device_code}
        interval_s = codes.interval_s
        while True:
            pause(interval_s)
            try:
                self._keep(self._form("/oauth/token", form))
            except CloudRefusedError as error:
                if "slow_down" in str(error):
                    interval_s += codes.interval_s
                elif "authorization_pending" not in str(error):
                    raise
            else:
                return

    @override
    def devices(self) -> Sequence[Shown]:
        found: list[Shown] = []
        for device in self._get(f"/v1/devices?limit={PAGE}", {"items": []})["items"]:
            path = f"/v1/devices/{quote(device['device_id'], safe='')}"
            try:
                found.append(
                    Shown(
                        device=device,
                        advice=self._get(f"{path}/recommendation", None),
                        preferences=self._get(f"{path}/preferences", {}),
                    )
                )
            except ValidationError as error:
                raise CloudAwayError("its answer is not what the API promises") from error
        return found

    @override
    def ask(self, wish: Wish, shown: Shown) -> None:
        path = f"/v1/devices/{quote(wish.device_id, safe='')}"
        if wish.kind in ("mode", "fan"):
            self._call("POST", f"{path}/commands", {wish.kind: wish.value})
        elif wish.kind == "setpoint":
            self._call("POST", f"{path}/commands", {"setpoint_c": wish.value})
        elif wish.kind == "autonomy":
            wanted = self._get(f"{path}/preferences", {})
            self._call("PUT", f"{path}/preferences", wanted | {"autonomy": wish.value})
        elif wish.kind == "a_bit_warm":
            self._call("POST", f"{path}/feedback", {"kind": "a_bit_warm"})
        elif shown.advice is None:
            raise CloudRefusedError("there is no recommendation now")
        else:
            verdict = "accept" if wish.kind == "apply" else "dismiss"
            self._call("POST", f"/v1/recommendations/{quote(shown.advice.advice_id, safe='')}/{verdict}", {})

    def _get(self, path: str, absent: Any) -> Any:  # noqa: ANN401 (JSON)
        """What is there; `absent` where nothing is yet."""
        try:
            return self._call("GET", path, None)
        except _AbsentError:
            return absent

    def _call(self, method: str, path: str, body: Json | None) -> Any:  # noqa: ANN401 (JSON)
        headers = {"Authorization": f"Bearer {self._token()}"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        return self._send(Request(self._url + path, data, headers, method=method))  # noqa: S310 (a setting)

    def _form(self, path: str, fields: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON)
        data = urlencode(fields).encode()
        return self._send(Request(self._url + path, data, method="POST"))  # noqa: S310 (a setting)

    def _send(self, request: Request) -> Any:  # noqa: ANN401 (JSON)
        request.add_header("Accept", "application/json")
        try:
            with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 (as above)
                return json.loads(response.read() or b"null")
        except HTTPError as error:
            raise _error_of(error, request.method or "") from error
        except (URLError, OSError, ValueError) as error:
            raise CloudAwayError(str(error)) from error

    def _token(self) -> str:
        with self._lock:
            if time.monotonic() >= self._expires_s:
                try:
                    refresh = self._token_path.read_text()
                except OSError as error:
                    raise CloudAwayError("nobody has signed in: run the login") from error
                form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": refresh}
                try:
                    self._keep(self._form("/oauth/token", form))
                except CloudRefusedError as error:
                    raise CloudAwayError("the sign-in has ended: run the login again") from error
            return self._access_token

    def _keep(self, tokens: Json) -> None:
        """The refresh token first: the old one is void now."""
        temporary = self._token_path.with_suffix(".new")
        self._token_path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(tokens["refresh_token"])
        temporary.replace(self._token_path)
        self._access_token = tokens["access_token"]
        self._expires_s = time.monotonic() + 0.8 * tokens["expires_in"]


class _AbsentError(CloudRefusedError):
    """There is none, or none yet."""


def _error_of(error: HTTPError, method: str) -> CloudAwayError | CloudRefusedError:
    """What a failed answer asks of us; a problem's words say no secret."""
    with error:
        said = error.read(2000).decode("utf-8", "replace")
    if method == "GET" and error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE):
        return _AbsentError(str(error.code))
    is_away = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
    try:
        problem = json.loads(said)
        why = str(problem.get("error") or problem.get("detail") or problem.get("title") or error.code)
    except (ValueError, AttributeError):
        why = str(error.code)
    return CloudAwayError(why) if is_away else CloudRefusedError(why)
