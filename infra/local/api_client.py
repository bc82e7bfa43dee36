"""A person's phone, as far as the demo needs one: the public HTTP API and nothing else.

Told to wait (429), it waits.
"""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from infra.local.errors import LocalError

TIMEOUT_S = 30.0
"""An API that has not answered by then is not well [s]."""


class ApiAnswerError(LocalError):
    """The API refused; its problem document says why."""

    def __init__(self, method: str, path: str, status: int, detail: str) -> None:
        super().__init__(f"{method} {path} was answered {status}: {detail}")
        self.status = status


@dataclass(slots=True)
class ApiClient:
    """JSON over HTTP on loopback with a bearer token; a connection for each call."""

    port: int
    token: str | None = None

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 (JSON)
        """The JSON of the answer (None when it has no body).

        Raises:
            ApiAnswerError: Status 400 or above.
        """
        payload = None if body is None else json.dumps(body).encode()
        return self._send(method, path, payload, "application/json")

    def form(self, path: str, **fields: str) -> Any:  # noqa: ANN401 (JSON)
        """POST a form, as OAuth wants it.

        Raises:
            ApiAnswerError: Status 400 or above.
        """
        return self._send("POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def _send(self, method: str, path: str, payload: bytes | None, content_type: str) -> Any:  # noqa: ANN401
        headers = {"Accept": "application/json"}
        if payload is not None:
            headers["Content-Type"] = content_type
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        status, text, wait_s = self._exchange(method, path, payload, headers)
        while status == http.client.TOO_MANY_REQUESTS:
            time.sleep(wait_s)
            status, text, wait_s = self._exchange(method, path, payload, headers)
        answer = json.loads(text) if text else None
        if status >= http.client.BAD_REQUEST:
            detail = (
                answer.get("detail") or answer.get("title") if isinstance(answer, dict) else text.decode()
            )
            raise ApiAnswerError(method, path, status, str(detail))
        return answer

    def _exchange(
        self, method: str, path: str, payload: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, int]:
        """Status, body, and how long the API asks to wait [s]."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            wait_s = int(response.getheader("Retry-After", "1"))
            return response.status, response.read(), wait_s
        finally:
            connection.close()
