from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ValidationError

from cloud.errors import UnavailableError
from mobile_api.logs import without_words

if TYPE_CHECKING:
    from collections.abc import MutableMapping


class _Typed(BaseModel):
    age: int


def test_an_exception_is_written_without_what_it_says() -> None:
    with pytest.raises(ValidationError) as caught:
        _Typed.model_validate({"age": "ann@example.org"})

    for given in (caught.value, (type(caught.value), caught.value, caught.value.__traceback__)):
        written = without_words(None, "error", {"event": "request_failed", "exc_info": given})

        assert written["exception"] == "ValidationError"
        assert any("test_logs.py" in place for place in written["raised_at"])
        assert "ann@example.org" not in str(written)


def _full_disk() -> None:
    raise UnavailableError("state store: disk is full")


def test_the_exception_in_hand_is_meant_by_true_and_a_disk_may_say_what_is_wrong() -> None:
    written: MutableMapping[str, Any] = {}
    try:
        _full_disk()
    except UnavailableError:
        written = without_words(None, "error", {"event": "x", "exc_info": True})

    assert written["reason"] == "state store: disk is full"
    assert without_words(None, "info", {"event": "x"}) == {"event": "x"}
