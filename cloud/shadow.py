"""Device shadow: what is asked of a device, what it confirms, and the rules that join the two.

These are the rules of AWS IoT's classic shadow (developer guide, "Device Shadow service documents", "MQTT
topics" and "error messages"), as functions on documents: a shadow and a request in, the next shadow and the
answers out. Two rules that surprise: an update with `null` removes, and a field of `desired` which `reported`
never names (as `requested_by` and `expires_at`) stays in every delta, so that a device must treat a delta
whose `command_id` it has seen as nothing new.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import msgspec

from cloud.errors import RejectedError
from edge.contract import DeviceId

MAX_STATE_BYTES = 8 * 1024
"""Size of a shadow's state, and of a request, as JSON without metadata [bytes] (AWS IoT quotas)."""

MAX_DEPTH = 6
"""Levels of objects inside `desired` or `reported` (AWS IoT, "Device Shadow error messages")."""

MAX_CLIENT_TOKEN_BYTES = 64
"""Length of a client token [bytes] (AWS IoT, "Client tokens in shadow documents")."""

SECTIONS = ("desired", "reported")

_TOO_LARGE = "The payload exceeds the maximum size allowed"
_TOO_DEEP = f"JSON contains too many levels of nesting; maximum is {MAX_DEPTH}"

Operation: TypeAlias = Literal["get", "update", "delete"]
Json: TypeAlias = Any
Object: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A message to the shadow service.

    Attributes:
        device_id: The device whose shadow is meant.
        operation: The last level of the topic.
        payload: The message as it came.
    """

    device_id: DeviceId
    operation: Operation
    payload: bytes


@dataclass(frozen=True, slots=True)
class Shadow:
    """A device's shadow.

    Attributes:
        state: `desired` and `reported`, each only when it holds something.
        metadata: For each value in `state`, at the same place, `{"timestamp": s}`, seconds since 1970.
        version: One more with each accepted update; goes on counting after a delete.
        deleted: Kept only so that a new shadow of that name goes on counting.
    """

    state: Object
    metadata: Object
    version: int
    deleted: bool = False


NOTHING = Shadow({}, {}, 0, deleted=True)
"""The shadow of a device that never had one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A message of the shadow service, on the shadow topic of the device that ends in `suffix`."""

    suffix: str
    document: Object


Outcome: TypeAlias = tuple[Shadow, list[Answer]]


class _RefusedError(RejectedError):
    """A request that is answered on `…/rejected`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def respond(request: Request, shadow: Shadow, at_s: int) -> Outcome:
    """What a request makes of a shadow.

    Args:
        request: The request as it came.
        shadow: The device's shadow; `NOTHING` when there never was one.
        at_s: Now, seconds since 1970.

    Returns:
        The shadow afterwards (the very same object when nothing changed), and the answers in the order in
        which they are published.
    """
    tail: Object = {"timestamp": at_s}
    try:
        document = _read(request)
        tail |= _client_token(document)
        return _OPERATIONS[request.operation](request, document, shadow, tail)
    except _RefusedError as refusal:
        body = {"code": refusal.code, "message": refusal.message} | tail
        return shadow, [Answer(f"{request.operation}/rejected", body)]


def delta(shadow: Shadow) -> tuple[Object, Object]:
    """The part of `desired` that `reported` does not equal, and its metadata; empty when there is none."""
    difference = _difference(shadow.state.get("desired", {}), shadow.state.get("reported", {}))
    return difference, _along(difference, shadow.metadata.get("desired", {}))


def _get(request: Request, _document: Object, shadow: Shadow, tail: Object) -> Outcome:
    _check_exists(request, shadow)
    difference, stamps = delta(shadow)
    whole = _stored(shadow)
    if difference:
        whole["state"] = shadow.state | {"delta": difference}
        whole["metadata"] = shadow.metadata | {"delta": stamps}
    return shadow, [Answer("get/accepted", whole | tail)]


def _delete(request: Request, _document: Object, shadow: Shadow, tail: Object) -> Outcome:
    _check_exists(request, shadow)
    after = Shadow({}, {}, shadow.version, deleted=True)
    return after, [Answer("delete/accepted", {"version": shadow.version} | tail)]


def _update(_request: Request, document: Object, shadow: Shadow, tail: Object) -> Outcome:
    changes = _changes(document)
    _check_version(document, shadow.version)
    after = replace(shadow, version=shadow.version + 1, deleted=False)
    for section, change in changes.items():
        after = _apply(after, section, change, tail["timestamp"])
    if len(msgspec.json.encode(after.state)) > MAX_STATE_BYTES:
        raise _RefusedError(413, _TOO_LARGE)
    return after, [*_announce(shadow, after, changes, tail)]


_OPERATIONS: dict[Operation, Callable[[Request, Object, Shadow, Object], Outcome]] = {
    "get": _get,
    "update": _update,
    "delete": _delete,
}


def _announce(before: Shadow, after: Shadow, changes: Object, tail: Object) -> Iterator[Answer]:
    at_s = tail["timestamp"]
    stamps = {section: _stamps(change, at_s) for section, change in changes.items() if change is not None}
    versioned = {"version": after.version} | tail
    yield Answer("update/accepted", {"state": changes, "metadata": stamps} | versioned)
    difference, stamps = delta(after)
    if difference:
        yield Answer("update/delta", {"state": difference, "metadata": stamps} | versioned)
    previous = {} if before.deleted else {"previous": _stored(before)}
    yield Answer("update/documents", previous | {"current": _stored(after)} | tail)


def _stored(shadow: Shadow) -> Object:
    return {"state": shadow.state, "metadata": shadow.metadata, "version": shadow.version}


def _read(request: Request) -> Object:
    """The JSON object that was sent; with `get` and `delete` whatever is sent is ignored if it is none."""
    try:
        return _decode(request.payload)
    except _RefusedError:
        if request.operation == "update":
            raise
        return {}


def _decode(payload: bytes) -> Object:
    if len(payload) > MAX_STATE_BYTES:
        raise _RefusedError(413, _TOO_LARGE)
    try:
        return msgspec.json.decode(payload.decode(), type=dict[str, Any])
    except UnicodeDecodeError as error:
        raise _RefusedError(415, "Unsupported documented encoding; supported encoding is UTF-8") from error
    except RecursionError as error:
        raise _RefusedError(400, _TOO_DEEP) from error
    except msgspec.DecodeError as error:
        raise _RefusedError(400, "Invalid JSON") from error


def _client_token(document: Object) -> Object:
    if "clientToken" not in document:
        return {}
    token = document["clientToken"]
    if not isinstance(token, str) or len(token.encode()) > MAX_CLIENT_TOKEN_BYTES:
        raise _RefusedError(400, "Invalid clientToken")
    return {"clientToken": token}


def _check_exists(request: Request, shadow: Shadow) -> None:
    if shadow.deleted:
        raise _RefusedError(404, f"No shadow exists with name: '{request.device_id}'")


def _changes(document: Object) -> Object:
    """The sections that an update changes, checked; `"state": null` removes both."""
    if "state" not in document:
        raise _RefusedError(400, "Missing required node: state")
    state = dict.fromkeys(SECTIONS) if document["state"] is None else document["state"]
    if not isinstance(state, dict):
        raise _RefusedError(400, "State node must be an object")
    for section, change in state.items():
        if section not in SECTIONS:
            raise _RefusedError(400, "State contains an invalid node")
        if change is not None and not isinstance(change, dict):
            raise _RefusedError(400, f"{section.capitalize()} node must be an object")
        _check_value(change, depth=0)
    return state


def _check_value(value: Json, depth: int) -> None:
    if not isinstance(value, dict | list):
        return
    if depth >= MAX_DEPTH:
        raise _RefusedError(400, _TOO_DEEP)
    if isinstance(value, list) and None in value:
        raise _RefusedError(400, "State contains an invalid node")
    for element in value.values() if isinstance(value, dict) else value:
        _check_value(element, depth + 1)


def _check_version(document: Object, current: int) -> None:
    version = document.get("version")
    if version is None:
        return
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise _RefusedError(400, "Invalid version")
    if version != current:
        raise _RefusedError(409, "Version conflict")


def _apply(shadow: Shadow, section: str, change: Object | None, at_s: int) -> Shadow:
    state = {name: value for name, value in shadow.state.items() if name != section}
    metadata = {name: value for name, value in shadow.metadata.items() if name != section}
    if change is not None:
        old, old_stamps = shadow.state.get(section, {}), shadow.metadata.get(section, {})
        merged, stamps = _merge(old, old_stamps, change, at_s)
        if merged:
            state[section], metadata[section] = merged, stamps
    return replace(shadow, state=state, metadata=metadata)


def _merge(old: Object, old_stamps: Object, change: Object, at_s: int) -> tuple[Object, Object]:
    """`old` with `change` in it: objects merge, null removes, all else (also an array) replaces."""
    merged, stamps = dict(old), dict(old_stamps)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
            stamps.pop(key, None)
        elif isinstance(value, dict):
            kept = isinstance(merged.get(key), dict)
            inner, inner_stamps = (merged[key], stamps[key]) if kept else ({}, {})
            merged[key], stamps[key] = _merge(inner, inner_stamps, value, at_s)
        else:
            merged[key], stamps[key] = value, _stamp(value, at_s)
    return merged, stamps


def _stamp(value: Json, at_s: int) -> Json:
    """The metadata of a value: one timestamp for each leaf, so an array has one for each element."""
    if isinstance(value, list):
        return [_stamp(element, at_s) for element in value]
    if isinstance(value, dict):
        return {key: _stamp(element, at_s) for key, element in value.items()}
    return {"timestamp": at_s}


def _stamps(change: Object, at_s: int) -> Object:
    """The metadata of a request's own fields."""
    return _merge({}, {}, change, at_s)[1]


def _difference(desired: Object, reported: Object) -> Object:
    difference: Object = {}
    for key, value in desired.items():
        if key not in reported:
            difference[key] = value
        elif isinstance(value, dict) and isinstance(reported[key], dict):
            inner = _difference(value, reported[key])
            if inner:
                difference[key] = inner
        elif not _same(value, reported[key]):
            difference[key] = value
    return difference


def _same(left: Json, right: Json) -> bool:
    """Equality of JSON values: 24 and 24.0 are one number, but 1 is not `true`."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _along(difference: Object, stamps: Object) -> Object:
    """The metadata of those fields that stand in `difference`."""
    return {
        key: _along(value, stamps[key]) if isinstance(value, dict) else stamps[key]
        for key, value in difference.items()
    }
