"""Amazon's message schema and samples, which stay outside the repository: from `AC_ADVISOR_VALIDATORS`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_")

    validators: Path | None = None


_FOLDER = _Settings().validators

needs_validators = pytest.mark.skipif(
    _FOLDER is None, reason="AC_ADVISOR_VALIDATORS names no folder with the vendors' schemas"
)


def is_there() -> bool:
    """Whether there are schemas to ask."""
    return _FOLDER is not None


def validators() -> Path:
    assert _FOLDER is not None
    return _FOLDER


def sample(name: str) -> dict[str, Any]:
    """One of Amazon's sample messages."""
    path = validators() / "alexa-smarthome" / "sample_messages" / name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def _validator() -> Any:  # noqa: ANN401 (not typed)
    path = validators() / "alexa-smarthome" / "alexa_smart_home_message_schema.fixed.json"
    return jsonschema_rs.Draft4Validator(json.loads(path.read_text(encoding="utf-8")))


def faults_of(event: dict[str, Any]) -> list[str]:
    """What Amazon's schema, which knows version 3 only, has against an event."""
    as_three = json.loads(json.dumps(event).replace('"version": "3.2"', '"version": "3"'))
    found = _validator().iter_errors(as_three)
    return [f"{error.message[:300]} at {list(error.instance_path)}" for error in found]
