"""Amazon's message schema and samples, which stay outside the repository: from `AC_ADVISOR_VALIDATORS`."""

import json
from copy import deepcopy
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
def _schema() -> dict[str, Any]:
    path = validators() / "alexa-smarthome" / "alexa_smart_home_message_schema.fixed.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def _validator() -> Any:  # noqa: ANN401 (not typed)
    return jsonschema_rs.Draft4Validator(_schema())


@cache
def _gone_validator() -> Any:  # noqa: ANN401 (not typed)
    """Of `DeleteReport`, which Amazon has published no schema of.

    Its documentation ("Alexa.Discovery: DeleteReport") has it in the form of an `AddOrUpdateReport` whose
    endpoints are ids alone, so it is held to that report's schema, with endpoints that are ids alone.
    """
    report = deepcopy(next(each for each in _schema()["oneOf"] if "AddOrUpdateReport" in str(each)))
    event = report["properties"]["event"]["properties"]
    event["header"]["properties"]["name"]["enum"] = ["DeleteReport"]
    endpoint = event["payload"]["properties"]["endpoints"]["items"]
    only_id = {"endpointId": endpoint["properties"]["endpointId"]}
    endpoint |= {"required": ["endpointId"], "properties": only_id, "additionalProperties": False}
    return jsonschema_rs.Draft4Validator({"definitions": _schema()["definitions"], **report})


def faults_of(event: dict[str, Any]) -> list[str]:
    """What Amazon's schema, which knows version 3 only, has against an event."""
    as_three = json.loads(json.dumps(event).replace('"version": "3.2"', '"version": "3"'))
    is_gone = event.get("event", {}).get("header", {}).get("name") == "DeleteReport"
    found = (_gone_validator() if is_gone else _validator()).iter_errors(as_three)
    return [f"{error.message[:300]} at {list(error.instance_path)}" for error in found]
