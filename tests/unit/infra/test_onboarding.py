"""What the people of the demo do on their phones when advice does not suit them."""

from http import HTTPStatus
from typing import Any, cast

import pytest

from infra.local.api_client import ApiAnswerError, ApiClient
from infra.local.onboarding import Login, take_back

LOGIN = Login("somebody@example.org", "secret-word")


class Phone:
    """An API that offers advice a-1 and answers its undo with a status."""

    def __init__(self, status: int = 200) -> None:
        self.called: list[tuple[str, str]] = []
        self._status = status

    def call(self, method: str, path: str, _body: object = None) -> Any:  # noqa: ANN401 - JSON
        self.called.append((method, path))
        if method == "POST" and self._status >= HTTPStatus.BAD_REQUEST:
            raise ApiAnswerError(method, path, self._status, "no")
        return {"advice_id": "a-1"}


def test_who_takes_advice_back_undoes_what_is_offered_now() -> None:
    phone = Phone()
    take_back(cast("ApiClient", phone), LOGIN, "ac-1")

    assert phone.called == [
        ("GET", "/v1/devices/ac-1/recommendation"),
        ("POST", "/v1/recommendations/a-1/undo"),
    ]


@pytest.mark.parametrize("status", [HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT])
def test_advice_that_has_ended_or_was_replaced_needs_no_undo(status: int) -> None:
    take_back(cast("ApiClient", Phone(status)), LOGIN, "ac-1")


def test_any_other_refusal_is_told() -> None:
    with pytest.raises(ApiAnswerError):
        take_back(cast("ApiClient", Phone(HTTPStatus.FORBIDDEN)), LOGIN, "ac-1")
