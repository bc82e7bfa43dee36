"""Parts of a study: kept, joined in their order, and played once by the same code."""

import json
from pathlib import Path

import pytest

from infra.local.study_parts import Parts, differences

ORDER = ("a", "b", "c")
SETTING = {"homes": 3, "seed": 1, "source_sha256": "x"}


def test_parts_that_were_played_apart_are_joined_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    Parts(path, SETTING).keep("c", {"error": 0.3}, ORDER)

    Parts(path, SETTING).keep("a", {"error": 0.1}, ORDER)

    assert list(Parts(path, SETTING).done().items()) == [("a", {"error": 0.1}), ("c", {"error": 0.3})]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "value"), [("homes", 4), ("seed", 2), ("source_sha256", "y")])
def test_what_another_setting_has_made_is_not_joined(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "study.json"
    Parts(path, SETTING).keep("a", {"error": 0.1}, ORDER)
    other = Parts(path, SETTING | {name: value})

    assert other.done() == {}
    other.keep("b", {"error": 0.2}, ORDER)

    assert other.done() == {"b": {"error": 0.2}}


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"setting": 3}', '{"parts": {}}'])
def test_any_other_file_counts_for_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "study.json"
    path.write_text(content)

    assert Parts(path, SETTING).done() == {}


def test_without_a_file_nothing_is_kept() -> None:
    parts = Parts(None, SETTING)
    parts.keep("a", {}, ORDER)

    assert parts.done() == {}


def test_the_same_part_differs_in_nothing_but_what_it_took() -> None:
    row = {"rounds": [{"day": 3, "seconds": 1.2, "outcome": "kept"}], "saved": {"loop": [0.1, 0.2]}}
    again = json.loads(json.dumps(row))
    again["rounds"][0]["seconds"] = 9.9

    assert differences(row, again) == []


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"rounds": [{"day": 4}], "loop": [0.1]}, ["rounds[0].day"]),
        ({"rounds": [{"day": 3}], "loop": [0.1, 0.2]}, ["loop"]),
        ({"rounds": [{"day": 3}]}, ["loop"]),
        ({"rounds": [{"day": 3}], "loop": [0.1], "more": 1}, ["more"]),
    ],
)
def test_where_two_rows_differ_is_told(changed: dict[str, object], where: list[str]) -> None:
    assert differences({"rounds": [{"day": 3}], "loop": [0.1]}, changed) == where
