"""Properties: what is written is read back the same; whatever is sent, nothing raises and nothing is lost."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from edge.contract import (
    ChangedBy,
    Desired,
    Event,
    EventKind,
    Fan,
    Mode,
    Reported,
    RequestedBy,
    ShadowUpdate,
    Telemetry,
    read_telemetry,
    update_document,
    write_telemetry,
)
from edge.contract.quantities import MODES_WITH_SETPOINT

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A shared machine may be slow; that is no fault of the contract."""

LETTERS = 'aZ0 "/\\\n\t\x00\x7f\u00e9\u20ac\u2028\U0001f600'
"""Plain, to be escaped in JSON, and of one to four bytes in UTF-8."""

texts = st.text(LETTERS, max_size=40)
device_ids = st.text("AZaz09:_-", min_size=1, max_size=128)
instants = st.builds(
    lambda at, offset: at.replace(tzinfo=timezone(timedelta(minutes=offset))),
    st.datetimes(datetime(1970, 1, 2), datetime(2999, 1, 1)),  # noqa: DTZ001 (the offset follows)
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def words(alias: object) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(alias))


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high) | st.integers(int(low), int(high))


@st.composite
def readings(draw: st.DrawFn) -> dict[str, Any]:
    mode = draw(words(Mode))
    setpoint = numbers(5, 35)
    return {
        "device_id": draw(device_ids),
        "sampled_at": draw(instants).isoformat(),
        "interval_s": draw(numbers(1, 3600)),
        "seq": draw(maybe(st.integers(0, 2**63 - 1))),
        "mode": mode,
        "fan": draw(maybe(words(Fan))),
        "setpoint_c": draw(setpoint if mode in MODES_WITH_SETPOINT else maybe(setpoint)),
        "indoor_dry_bulb_c": draw(maybe(numbers(-40, 60))),
        "indoor_rh_pct": draw(maybe(numbers(0, 100))),
        "outdoor_dry_bulb_c": draw(maybe(numbers(-60, 60))),
        "electric_power_w": draw(maybe(numbers(0, 20_000))),
        "energy_total_kwh": draw(maybe(st.floats(0, allow_infinity=False))),
        "compressor_ratio": draw(maybe(numbers(0, 1))),
        "motion": draw(maybe(st.booleans())),
        "changed_by": draw(maybe(words(ChangedBy))),
        "advice_id": draw(maybe(texts)),
    }


def json_values(depth: int = 20) -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
    return st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=depth
    )


finite_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(readings(), max_size=8))
@patiently
def test_telemetry_is_read_back_as_it_was_written(documents: list[dict[str, Any]]) -> None:
    sent, refusals = read_telemetry(json.dumps(documents).encode())
    assert refusals == []
    assert len(sent) == len(documents)

    received, refusals = read_telemetry(write_telemetry(sent))

    assert refusals == []
    assert received == sent


@given(readings())
@patiently
def test_every_field_of_a_reading_keeps_its_value(document: dict[str, Any]) -> None:
    reading = Telemetry.model_validate_json(json.dumps(document))

    kept = json.loads(write_telemetry([reading]))[0]

    assert reading.sampled_at == _cut_to_milliseconds(datetime.fromisoformat(document["sampled_at"]))
    for name, value in document.items():
        if name not in {"sampled_at", "interval_s"} and value is not None:
            assert kept[name] == value
    assert kept.get("interval_s", 300.0) == document["interval_s"]
    assert "indoor_dry_bulb_c" in kept


@given(readings())
@patiently
def test_a_reading_alone_and_in_an_array_is_judged_the_same(document: dict[str, Any]) -> None:
    alone = read_telemetry(json.dumps(document).encode())
    beside_a_bad_one, refusals = read_telemetry(json.dumps([document, {}]).encode())

    assert alone == (beside_a_bad_one, [])
    assert [refusal.index for refusal in refusals] == [1]


@given(st.lists(readings() | json_values(), max_size=6))
@settings(patiently, max_examples=200)
def test_every_element_becomes_a_reading_or_a_refusal_with_its_index(elements: list[Any]) -> None:
    payload = json.dumps(elements).encode()

    accepted, refusals = read_telemetry(payload)

    whole = [refusal for refusal in refusals if refusal.index is None]
    assert not whole
    assert len(accepted) + len(refusals) == len(elements)
    assert len({refusal.index for refusal in refusals}) == len(refusals)
    for refusal in refusals:
        assert refusal.index is not None
        assert read_telemetry(json.dumps(elements[refusal.index]).encode())[0] == []


@given(st.binary(max_size=300) | json_values().map(lambda value: json.dumps(value).encode()))
@settings(patiently, max_examples=300)
def test_whatever_is_sent_is_answered_and_nothing_is_raised(payload: bytes) -> None:
    accepted, refusals = read_telemetry(payload)

    assert accepted or refusals or payload.strip().startswith(b"[")
    for refusal in refusals:
        assert refusal.reason
        assert "\n" not in refusal.reason


@given(readings(), st.data())
@patiently
def test_a_reading_cut_or_damaged_anywhere_never_raises(
    document: dict[str, Any], data: st.DataObject
) -> None:
    payload = json.dumps([document, document]).encode()
    at = data.draw(st.integers(0, len(payload) - 1))
    damage = data.draw(st.sampled_from([b"", b"\x00", b"\xff", b'"', b"[", b"}", b"-", b"\\u"]))

    for damaged in (payload[:at] + damage, payload[:at] + damage + payload[at + 1 :]):
        accepted, refusals = read_telemetry(damaged)
        assert len(accepted) + len(refusals) >= 1


@given(
    device_ids,
    st.text(LETTERS, min_size=1, max_size=128),
    instants,
    words(EventKind),
    st.dictionaries(texts, finite_json, max_size=4),
)
@patiently
def test_an_event_is_read_back_as_it_was_written(
    device_id: str, event_id: str, occurred_at: datetime, kind: EventKind, detail: dict[str, Any]
) -> None:
    event = Event(device_id=device_id, event_id=event_id, occurred_at=occurred_at, kind=kind, detail=detail)

    received = Event.model_validate_json(event.model_dump_json())

    assert received == event
    assert received.occurred_at == _cut_to_milliseconds(occurred_at)


desired = st.builds(
    Desired,
    setpoint_c=maybe(numbers(5, 35)),
    mode=maybe(words(Mode)),
    fan=maybe(words(Fan)),
    advice_id=maybe(texts),
    command_id=maybe(texts),
    requested_by=maybe(words(RequestedBy)),
    expires_at=maybe(instants),
)
reported = st.builds(
    Reported,
    setpoint_c=maybe(numbers(5, 35)),
    mode=maybe(words(Mode)),
    fan=maybe(words(Fan)),
    changed_by=maybe(words(ChangedBy)),
    advice_id=maybe(texts),
    command_id=maybe(texts),
)


@given(maybe(desired), maybe(reported))
@patiently
def test_a_shadow_update_is_read_back_as_it_was_written(
    wanted: Desired | None, confirmed: Reported | None
) -> None:
    update = ShadowUpdate.model_validate_json(update_document(desired=wanted, reported=confirmed))

    assert set(update.state) == {
        name for name, section in (("desired", wanted), ("reported", confirmed)) if section is not None
    }
    if wanted is not None:
        assert Desired.model_validate(update.state["desired"]) == wanted
    if confirmed is not None:
        assert Reported.model_validate_json(json.dumps(update.state["reported"])) == confirmed


@given(st.dictionaries(texts, finite_json, max_size=4), maybe(st.integers()), maybe(texts))
@patiently
def test_a_shadow_update_keeps_what_it_does_not_know(
    state: dict[str, Any], version: int | None, client_token: str | None
) -> None:
    update = ShadowUpdate(state=state, version=version, client_token=client_token)

    assert ShadowUpdate.model_validate_json(update.model_dump_json(by_alias=True)) == update


@pytest.mark.parametrize("model", [Telemetry, Event, Desired, Reported, ShadowUpdate])
@given(document=json_values())
@patiently
def test_no_document_makes_a_model_raise_anything_but_its_own_refusal(
    model: type[BaseModel], document: object
) -> None:
    with suppress(ValidationError):
        model.model_validate_json(json.dumps(document))


def _cut_to_milliseconds(at: datetime) -> datetime:
    utc = at.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
