"""AWS IoT's rules of a classic shadow.

"Guide" is the AWS IoT Core developer guide (Device Shadow service documents, MQTT topics, Interacting with
shadows, error messages); "sample" is what AWS itself answered in the README of its Java SDK's shadow sample.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.shadow import NOTHING, Answer, Json, Object, Operation, Request, Shadow, delta, respond

T = 12345


def _ask(operation: Operation, shadow: Shadow, document: Json, at_s: int = T) -> tuple[Shadow, list[Answer]]:
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    return respond(Request("dev-1", operation, payload), shadow, at_s)


def _update(shadow: Shadow, state: Json, at_s: int = T, **more: Json) -> tuple[Shadow, Object]:
    after, answers = _ask("update", shadow, {"state": state, **more}, at_s)
    return after, {answer.suffix: answer.document for answer in answers}


def _shadow(**state: Json) -> Shadow:
    return _update(NOTHING, state)[0]


def test_the_first_update_makes_the_shadow() -> None:
    """Sample: `update-reported {"Color":"green"}`: accepted, and documents without `previous`; no delta."""
    _, answers = _update(NOTHING, {"reported": {"Color": "green"}}, 1736882722, clientToken="c3ba")

    stamps = {"reported": {"Color": {"timestamp": 1736882722}}}
    assert answers == {
        "update/accepted": {
            "state": {"reported": {"Color": "green"}},
            "metadata": stamps,
            "version": 1,
            "timestamp": 1736882722,
            "clientToken": "c3ba",
        },
        "update/documents": {
            "current": {"state": {"reported": {"Color": "green"}}, "metadata": stamps, "version": 1},
            "timestamp": 1736882722,
            "clientToken": "c3ba",
        },
    }


def test_a_new_desired_value_is_announced_as_a_delta() -> None:
    """Sample: `update-desired {"Color":"red"}` on a shadow that was in sync at version 2."""
    shadow, _ = _update(NOTHING, {"reported": {"Color": "green"}}, 1736882722)
    shadow, _ = _update(shadow, {"desired": {"Color": "green"}}, 1736882875)

    _, answers = _update(shadow, {"desired": {"Color": "red"}}, 1736882961, clientToken="c244")

    reported = {"Color": {"timestamp": 1736882722}}
    assert answers["update/delta"] == {
        "state": {"Color": "red"},
        "metadata": {"Color": {"timestamp": 1736882961}},
        "timestamp": 1736882961,
        "version": 3,
        "clientToken": "c244",
    }
    assert answers["update/documents"] == {
        "previous": {
            "state": {"desired": {"Color": "green"}, "reported": {"Color": "green"}},
            "metadata": {"desired": {"Color": {"timestamp": 1736882875}}, "reported": reported},
            "version": 2,
        },
        "current": {
            "state": {"desired": {"Color": "red"}, "reported": {"Color": "green"}},
            "metadata": {"desired": {"Color": {"timestamp": 1736882961}}, "reported": reported},
            "version": 3,
        },
        "timestamp": 1736882961,
        "clientToken": "c244",
    }


def test_there_is_no_delta_once_the_device_has_confirmed() -> None:
    """Sample: `update-reported {"Color":"red"}` afterwards: no delta, since both are in sync again."""
    shadow = _shadow(desired={"Color": "red"}, reported={"Color": "green"})

    _, answers = _update(shadow, {"reported": {"Color": "red"}})

    assert list(answers) == ["update/accepted", "update/documents"]


def test_a_report_that_leaves_a_difference_is_answered_by_the_whole_delta() -> None:
    """Sample: `update-reported {"Status":"Awful"}`; guide, update/delta: all attributes that differ."""
    both = {"Status": "Great", "Color": "red"}
    shadow = _shadow(desired={**both, "Extra": 1}, reported=both)

    _, answers = _update(shadow, {"reported": {"Status": "Awful"}})

    assert answers["update/delta"]["state"] == {"Status": "Great", "Extra": 1}


def test_get_tells_everything_with_the_delta() -> None:
    """Guide, "Delta state", first example."""
    desired = {"color": "RED", "state": "STOP"}
    shadow = _shadow(desired=desired, reported={"color": "GREEN", "engine": "ON"})
    before = shadow

    after, answers = _ask("get", shadow, {"clientToken": "02c1"}, 123456789)

    stamp = {"timestamp": T}
    assert after is before
    assert answers == [
        Answer(
            "get/accepted",
            {
                "state": {
                    "desired": desired,
                    "reported": {"color": "GREEN", "engine": "ON"},
                    "delta": {"color": "RED", "state": "STOP"},
                },
                "metadata": {
                    "desired": {"color": stamp, "state": stamp},
                    "reported": {"color": stamp, "engine": stamp},
                    "delta": {"color": stamp, "state": stamp},
                },
                "version": 1,
                "timestamp": 123456789,
                "clientToken": "02c1",
            },
        )
    ]


def test_get_has_no_delta_when_nothing_differs() -> None:
    """Guide, response properties: `delta` is present only if desired differs from reported."""
    _, [answer] = _ask("get", _shadow(desired={"a": 1}, reported={"a": 1.0, "b": 2}), b"")

    assert "delta" not in answer.document["state"]
    assert "delta" not in answer.document["metadata"]


def test_a_nested_difference_carries_its_path() -> None:
    """Guide, "Delta state": "When nested objects differ, the delta contains the path all the way"."""
    shadow = _shadow(
        desired={"lights": {"color": {"r": 255, "g": 255, "b": 255}}},
        reported={"lights": {"color": {"r": 255, "g": 0, "b": 255}}},
    )

    assert delta(shadow) == (
        {"lights": {"color": {"g": 255}}},
        {"lights": {"color": {"g": {"timestamp": T}}}},
    )


@pytest.mark.parametrize(
    ("desired", "reported", "expected"),
    [
        ([1, 2], [1, 2], {}),
        ([1, 2], [1], {"x": [1, 2]}),  # guide: the entire desired array is copied into the delta
        ([{"a": 1}], [{"a": 2}], {"x": [{"a": 1}]}),
        (24, 24.0, {}),
        (1, True, {"x": 1}),
        ([0], [False], {"x": [0]}),
        ({"a": 1}, 5, {"x": {"a": 1}}),
        (5, {"a": 1}, {"x": 5}),
    ],
)
def test_what_differs(desired: Json, reported: Json, expected: Json) -> None:
    assert delta(_shadow(desired={"x": desired}, reported={"x": reported}))[0] == expected


def test_an_update_merges_deeply_and_stamps_only_what_it_names() -> None:
    shadow, _ = _update(NOTHING, {"desired": {"a": {"b": 1, "c": 2}, "d": 3}}, 100)

    shadow, _ = _update(shadow, {"desired": {"a": {"c": 4, "e": 5}}}, 200)

    assert shadow.state == {"desired": {"a": {"b": 1, "c": 4, "e": 5}, "d": 3}}
    old, new = {"timestamp": 100}, {"timestamp": 200}
    assert shadow.metadata == {"desired": {"a": {"b": old, "c": new, "e": new}, "d": old}}


def test_an_object_replaces_a_value_and_a_value_an_object() -> None:
    shadow = _shadow(desired={"a": 1, "b": {"x": 1}})

    shadow, _ = _update(shadow, {"desired": {"a": {"x": 1, "y": None}, "b": 2}}, 200)

    assert shadow.state == {"desired": {"a": {"x": 1}, "b": 2}}
    assert shadow.metadata == {"desired": {"a": {"x": {"timestamp": 200}}, "b": {"timestamp": 200}}}


def test_an_array_is_replaced_whole() -> None:
    """Guide, "Array values in shadow documents"."""
    shadow = _shadow(desired={"colors": ["RED", "GREEN", "BLUE"]})

    shadow, _ = _update(shadow, {"desired": {"colors": ["RED"]}})

    assert shadow.state == {"desired": {"colors": ["RED"]}}


def test_null_removes_a_property() -> None:
    """Guide, "Deleting a property from a shadow document"."""
    shadow = _shadow(desired={"engine": "ON", "a": {"b": 1, "c": 2}})

    shadow, answers = _update(shadow, {"desired": {"engine": None, "a": {"b": None}}})

    assert shadow.state == {"desired": {"a": {"c": 2}}}
    assert shadow.metadata == {"desired": {"a": {"c": {"timestamp": T}}}}
    assert answers["update/accepted"]["state"] == {"desired": {"engine": None, "a": {"b": None}}}


@pytest.mark.parametrize("change", [None, {"color": None}])
def test_a_section_without_content_disappears(change: Json) -> None:
    """Guide, "Empty shadow document properties", its example."""
    shadow = _shadow(desired={"color": "red"}, reported={"color": "green"})

    shadow, answers = _update(shadow, {"reported": {"color": "red"}, "desired": change})

    assert shadow.state == {"reported": {"color": "red"}}
    assert shadow.metadata == {"reported": {"color": {"timestamp": T}}}
    assert "update/delta" not in answers


def test_a_state_of_null_empties_the_shadow_but_does_not_delete_it() -> None:
    """Guide, "Deleting a shadow": "Setting the device's shadow state to null does not delete the shadow"."""
    shadow, answers = _update(_shadow(desired={"a": 1}), None)

    assert (shadow.state, shadow.version, shadow.deleted) == ({}, 2, False)
    assert "update/accepted" in answers


def test_delete_keeps_counting() -> None:
    """Guide: "deleting a shadow does not reset its version number to 0"; sample: answer of delete."""
    shadow, _ = _update(_shadow(desired={"a": 1}), {"desired": {"a": 2}})

    shadow, answers = _ask("delete", shadow, {"clientToken": "ec7e"}, 1736888506)
    assert answers == [
        Answer("delete/accepted", {"version": 2, "timestamp": 1736888506, "clientToken": "ec7e"})
    ]
    assert shadow.state == {}

    _, again = _update(shadow, {"desired": {"a": 3}})
    assert again["update/accepted"]["version"] == 3
    assert "previous" not in again["update/documents"]


@pytest.mark.parametrize("operation", ["get", "delete"])
@pytest.mark.parametrize("shadow", [NOTHING, Shadow({}, {}, 7, deleted=True)])
def test_without_a_shadow_there_is_nothing_to_get_or_delete(operation: Operation, shadow: Shadow) -> None:
    """Guide, error messages: 404; sample: the message."""
    after, answers = _ask(operation, shadow, b"whatever")

    message = "No shadow exists with name: 'dev-1'"
    assert after is shadow
    assert answers == [Answer(f"{operation}/rejected", {"code": 404, "message": message, "timestamp": T})]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[1]", b"{", b"x" * 9000])
def test_what_is_sent_with_get_is_ignored(payload: bytes) -> None:
    """Guide: "The content of the message is ignored"."""
    assert _ask("get", _shadow(desired={"a": 1}), payload)[1][0].suffix == "get/accepted"


def test_a_version_that_does_not_match_is_a_conflict() -> None:
    """Guide, "Optimistic locking": a document at version 10, an update with 9, then one with 10."""
    shadow = Shadow({"desired": {"colors": ["RED"]}}, {"desired": {"colors": {"timestamp": 1}}}, 10)
    token = "426bfd96-e720-46d3-95cd-014e3ef12bb6"

    after, answers = _update(shadow, {"desired": {"colors": ["BLUE"]}}, version=9, clientToken=token)
    assert after is shadow
    assert answers == {
        "update/rejected": {"code": 409, "message": "Version conflict", "timestamp": T, "clientToken": token}
    }

    after, _ = _update(shadow, {"desired": {"colors": ["BLUE"]}}, version=10)
    assert (after.version, after.state) == (11, {"desired": {"colors": ["BLUE"]}})


def _deep(levels: int) -> Json:
    value: Json = 1
    for _ in range(levels):
        value = {"k": value}
    return value


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        (b"{", 400, "Invalid JSON"),
        (b'{"state":{"desired":{"a":NaN}}}', 400, "Invalid JSON"),
        (b"[]", 400, "Invalid JSON"),
        (b"", 400, "Invalid JSON"),
        ({}, 400, "Missing required node: state"),
        ({"state": 1}, 400, "State node must be an object"),
        ({"state": {"desired": 1}}, 400, "Desired node must be an object"),
        ({"state": {"reported": []}}, 400, "Reported node must be an object"),
        ({"state": {}, "version": "1"}, 400, "Invalid version"),
        ({"state": {}, "version": -1}, 400, "Invalid version"),
        ({"state": {}, "version": True}, 400, "Invalid version"),
        ({"state": {}, "clientToken": 5}, 400, "Invalid clientToken"),
        ({"state": {}, "clientToken": "x" * 65}, 400, "Invalid clientToken"),
        ({"state": {"desired": _deep(7)}}, 400, "JSON contains too many levels of nesting; maximum is 6"),
        (b'{"state":' + b"[" * 4000, 400, "JSON contains too many levels of nesting; maximum is 6"),
        ({"state": {"delta": {}}}, 400, "State contains an invalid node"),
        ({"state": {"desired": {"c": [None, "RED"]}}}, 400, "State contains an invalid node"),
        (b'{"state":{"desired":{"a":"\xff"}}}', 415,
         "Unsupported documented encoding; supported encoding is UTF-8"),
        ({"state": {"desired": {"a": "x" * 8192}}}, 413, "The payload exceeds the maximum size allowed"),
    ],
)  # fmt: skip
def test_a_faulty_update_is_rejected_and_changes_nothing(document: Json, code: int, message: str) -> None:
    """Guide, "Device Shadow error messages"; arrays with null: "Array values in shadow documents"."""
    shadow = _shadow(desired={"a": 1})

    after, answers = _ask("update", shadow, document)

    assert after is shadow
    assert answers == [Answer("update/rejected", {"code": code, "message": message, "timestamp": T})]


def test_the_limits_themselves_are_accepted() -> None:
    token = "ü" * 32  # 64 bytes
    after, answers = _update(NOTHING, {"desired": _deep(6)}, version=0, clientToken=token)

    assert after.version == 1
    assert answers["update/accepted"]["clientToken"] == token


def test_a_state_that_grows_beyond_8_kb_is_too_large() -> None:
    """AWS IoT quotas: the state document is at most 8 KB; here two updates of 5 KB each."""
    shadow = _shadow(desired={"a": "x" * 5000})

    after, answers = _update(shadow, {"reported": {"a": "x" * 5000}})

    assert after is shadow
    assert answers["update/rejected"]["code"] == 413


def test_fields_that_are_only_asked_for_stay_in_the_delta() -> None:
    """Ours: `requested_by` and `expires_at` are never reported, so only `command_id` says what is new."""
    desired = {
        "setpoint_c": 25.0,
        "command_id": "c1",
        "requested_by": "app",
        "expires_at": "2025-07-01T12:00Z",
    }
    shadow = _shadow(desired=desired)

    _, answers = _update(shadow, {"reported": {"setpoint_c": 25.0, "command_id": "c1", "changed_by": "app"}})

    assert answers["update/delta"]["state"] == {
        "requested_by": "app",
        "expires_at": "2025-07-01T12:00Z",
    }


JSON_VALUES = st.recursive(
    st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, "a", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
SECTIONS = st.dictionaries(st.sampled_from("abc"), st.none() | JSON_VALUES, max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["desired", "reported"]), st.none() | SECTIONS), max_size=5))
def test_metadata_has_the_shape_of_the_state(changes: list[tuple[str, Json]]) -> None:
    shadow = NOTHING
    for section, change in changes:
        shadow = _update(shadow, {section: change})[0]
        assert _stamped(shadow.state) == shadow.metadata
        difference, stamps = delta(shadow)
        assert _stamped(difference) == stamps


@given(SECTIONS, SECTIONS)
def test_reporting_the_delta_ends_it(desired: Json, reported: Json) -> None:
    shadow = _shadow(desired=desired, reported=reported)

    shadow, answers = _update(shadow, {"reported": delta(shadow)[0]})

    assert "update/delta" not in answers


def _stamped(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _stamped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stamped(inner) for inner in value]
    return {"timestamp": T}
