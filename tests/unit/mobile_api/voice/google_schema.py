"""Google's schemas of smart home messages (Apache-2.0), from `AC_ADVISOR_VALIDATORS`."""

import json
from functools import cache
from typing import Any

import jsonschema_rs

from tests.unit.mobile_api.voice.alexa_schema import validators

Json = dict[str, Any]


@cache
def schema(name: str) -> Json:
    path = validators() / "google-smart-home-schema" / f"{name}.schema.json"
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def examples(name: str) -> list[Json]:
    return [
        {key: value for key, value in each.items() if key != "$comment"} for each in schema(name)["examples"]
    ]


@cache
def _validator(name: str) -> Any:  # noqa: ANN401 (not typed)
    return jsonschema_rs.Draft7Validator(schema(name), validate_formats=True)


def faults_of(name: str, message: object) -> list[str]:
    """What a schema (`intents/sync/sync.response`) has against a message."""
    return [
        f"{error.message[:300]} at {list(error.instance_path)}"
        for error in _validator(name).iter_errors(message)
    ]
