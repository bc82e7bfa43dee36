"""DESIGN section 2: events, and what is asked of and confirmed by a device."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from edge.contract import Desired, Event, Reported, ShadowUpdate, update_document

Encode = Callable[..., bytes]

EVENT = {
    "schema_version": 1,
    "device_id": "ac-1",
    "event_id": "e-1",
    "occurred_at": "2025-07-01T12:00:00Z",
    "kind": "fault",
    "detail": {"code": "E5"},
}
DESIRED = {
    "setpoint_c": 25.5,
    "mode": "cool",
    "fan": "auto",
    "advice_id": "a-1",
    "command_id": "c-1",
    "requested_by": "app",
    "expires_at": "2025-07-01T18:00:00+02:00",
}
REPORTED = {
    "setpoint_c": 25.5,
    "mode": "cool",
    "fan": "auto",
    "changed_by": "app",
    "advice_id": "a-1",
    "command_id": "c-1",
}


def judge(model: type[BaseModel], good: dict[str, Any], **changes: object) -> BaseModel:
    document = {name: value for name, value in (good | changes).items() if value is not ...}
    return model.model_validate_json(json.dumps(document))


@pytest.mark.parametrize(
    "kind", ["setpoint_changed", "fault", "boot", "window_open", "window_closed", "command_result"]
)
def test_every_listed_kind_of_event_is_accepted(kind: str) -> None:
    event = judge(Event, EVENT, kind=kind)

    assert isinstance(event, Event)
    assert event.kind == kind
    assert event.occurred_at == datetime(2025, 7, 1, 12, tzinfo=UTC)
    assert event.detail == {"code": "E5"}


@pytest.mark.parametrize("event_id", ["e", "e" * 128, "any text at all \u20ac"])
def test_an_event_id_is_any_text_of_1_to_128_characters(event_id: str) -> None:
    assert judge(Event, EVENT, event_id=event_id).model_dump()["event_id"] == event_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema_version", 2),
        ("schema_version", True),
        ("schema_version", "1"),
        ("device_id", ...),
        ("device_id", "ac-1\n"),
        ("device_id", 1),
        ("event_id", ...),
        ("event_id", ""),
        ("event_id", "e" * 129),
        ("event_id", 1),
        ("occurred_at", ...),
        ("occurred_at", "2025-07-01T12:00:00"),
        ("occurred_at", "1751371200"),
        ("occurred_at", 1751371200),
        ("occurred_at", None),
        ("kind", ...),
        ("kind", "explosion"),
        ("kind", None),
        ("detail", []),
        ("detail", "E5"),
        ("detail", None),
    ],
)
def test_an_event_with_one_bad_field_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        judge(Event, EVENT, **{field: value})


def test_an_event_may_say_nothing_but_what_when_and_where() -> None:
    event = judge(Event, EVENT, schema_version=..., detail=..., firmware="1.2")

    assert isinstance(event, Event)
    assert event.detail == {}
    assert event.schema_version == 1


@pytest.mark.parametrize(("model", "good"), [(Desired, DESIRED), (Reported, REPORTED)])
def test_every_field_of_a_shadow_is_read_and_may_be_absent_or_null(
    model: type[BaseModel], good: dict[str, Any]
) -> None:
    full = judge(model, good)

    assert set(full.model_dump(exclude_none=True)) == set(good)
    for field in good:
        assert getattr(judge(model, good, **{field: ...}), field) is None
        assert judge(model, good, **{field: None}) == judge(model, good, **{field: ...})
    assert judge(model, good, firmware=1) == full


@pytest.mark.parametrize(("model", "good"), [(Desired, DESIRED), (Reported, REPORTED)])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("setpoint_c", 4.999),
        ("setpoint_c", 35.001),
        ("setpoint_c", "24"),
        ("setpoint_c", True),
        ("setpoint_c", float("nan")),
        ("mode", "turbo"),
        ("fan", "turbo"),
        ("advice_id", 1),
        ("command_id", 1),
    ],
)
def test_a_shadow_with_one_bad_field_is_refused(
    model: type[BaseModel], good: dict[str, Any], field: str, value: object
) -> None:
    with pytest.raises(ValidationError, match=field):
        judge(model, good, **{field: value})


@pytest.mark.parametrize("value", ["2025-07-01T18:00:00", "1751371200", 1751371200])
def test_a_command_expires_at_an_instant_with_an_offset(value: object) -> None:
    desired = judge(Desired, DESIRED)

    assert isinstance(desired, Desired)
    assert desired.expires_at == datetime(2025, 7, 1, 16, tzinfo=UTC)
    with pytest.raises(ValidationError, match="expires_at"):
        judge(Desired, DESIRED, expires_at=value)


@pytest.mark.parametrize("value", ["app", "voice", "schedule", "advisor"])
def test_a_request_names_who_asked_and_a_report_echoes_it(value: str) -> None:
    assert judge(Desired, DESIRED, requested_by=value).model_dump()["requested_by"] == value
    assert judge(Reported, REPORTED, changed_by=value).model_dump()["changed_by"] == value


@pytest.mark.parametrize("value", ["remote", "unknown", "nobody"])
def test_only_app_voice_schedule_and_advisor_request(value: str) -> None:
    with pytest.raises(ValidationError, match="requested_by"):
        judge(Desired, DESIRED, requested_by=value)


@pytest.mark.parametrize("value", ["remote", "unknown"])
def test_a_report_may_also_say_that_the_change_came_from_elsewhere(value: str) -> None:
    assert judge(Reported, REPORTED, changed_by=value).model_dump()["changed_by"] == value


@pytest.mark.parametrize(
    ("field", "value"), [("state", ...), ("state", None), ("state", []), ("version", "3"), ("version", True)]
)
def test_an_update_needs_a_state_and_a_whole_version(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        judge(ShadowUpdate, {"state": {}, "version": 3, "clientToken": "t"}, **{field: value})


def test_an_update_carries_the_client_token_under_the_name_that_aws_gives_it() -> None:
    update = ShadowUpdate.model_validate_json(b'{"state":{"desired":null},"clientToken":"t-1"}')

    assert update.client_token == "t-1"
    assert update.state == {"desired": None}


def test_an_update_document_sets_a_section_whole_and_leaves_out_the_other() -> None:
    document = json.loads(update_document(desired=Desired(setpoint_c=25.0)))

    assert document == {
        "state": {
            "desired": {
                "setpoint_c": 25.0,
                "mode": None,
                "fan": None,
                "advice_id": None,
                "command_id": None,
                "requested_by": None,
                "expires_at": None,
            }
        }
    }
