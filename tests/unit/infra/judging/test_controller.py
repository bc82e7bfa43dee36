from pathlib import Path

import pytest

from cloud.advice import Installation
from infra.local.judging.controller import ControllerError, load_controller


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs.py").write_text(
        "class Whole:\n"
        "    def __init__(self, installation): self.home = installation\n"
        "    def observe(self, reading): pass\n"
        "    def forecast(self, hours): pass\n"
        "    def record(self, feedback): pass\n"
        "    def decide(self, at): return self.home.habit_setpoint_c\n"
        "class Half:\n"
        "    def observe(self, reading): pass\n"
        "    def decide(self, at): return None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("module")
def test_a_class_of_other_people_is_made_with_the_installation() -> None:
    made = load_controller("theirs:Whole")(Installation(23.0, 0.0, 0.0, "UTC"))

    assert callable(made.decide)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("theirs:Half", "no forecast, record"),
        ("theirs:Nobody", "no attribute"),
        ("nowhere:Whole", "nowhere"),
        ("", "[Ee]mpty"),
    ],
)
def test_what_is_no_controller_is_said_in_one_line(name: str, why: str) -> None:
    with pytest.raises(ControllerError, match=why):
        load_controller(name)
