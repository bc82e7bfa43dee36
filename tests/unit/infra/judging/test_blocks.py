import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cloud.champion import Champion
from infra.local.judging.arms import UnknownArmError
from infra.local.judging.blocks import UnknownFamilyError, play_trial
from infra.local.judging.controller import ControllerError
from infra.local.judging.play import Played
from infra.local.judging.trial import Trial

README = Path(__file__).parents[4] / "infra" / "README.md"
TRIAL = Trial(homes=3, seed=11, learning_days=1, search_days=0, advised_days=1, arms=("motion", "advisor"))


def same(one: Played, other: Played) -> bool:
    assert one.money is not None
    assert other.money is not None
    told = [[*arm.days.columns(), *(arm.claims or ()), arm.money] for arm in (one, other)]
    return all(np.array_equal(a, b) for a, b in zip(*told, strict=True))


def test_two_processes_play_and_bill_what_one_does_also_with_the_controller_of_the_readme(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    (tmp_path / "of_the_readme.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)
    trial = replace(TRIAL, controller="of_the_readme:OneDegree", tariff=str(file))
    told: list[tuple[int, int]] = []

    alone = play_trial(trial, Champion.from_package(), progress=lambda done, all_: told.append((done, all_)))
    shared = play_trial(trial, Champion.from_package(), processes=2)

    assert list(alone) == list(shared) == ["habit", "motion", "advisor", "controller"]
    assert all(same(alone[arm], shared[arm]) for arm in alone)
    assert told == [(n, 5) for n in range(1, 6)]  # a day learnt, and one of each arm
    assert alone["controller"].days.cooling_kwh.sum() < alone["habit"].days.cooling_kwh.sum()


@pytest.mark.parametrize("arm", ["advisor_without_brain", "advisor@", "2", "oracles", "controller"])
def test_an_unknown_arm_is_said_before_anything_is_played(arm: str) -> None:
    with pytest.raises(UnknownArmError, match=arm):
        play_trial(replace(TRIAL, arms=("+1", arm)), Champion.from_package(), processes=2)


def test_a_controller_that_is_none_is_said_before_anything_is_played() -> None:
    with pytest.raises(ControllerError, match="nowhere"):
        play_trial(replace(TRIAL, controller="nowhere:Nobody"), Champion.from_package(), processes=2)


def test_an_unknown_family_is_said() -> None:
    with pytest.raises(UnknownFamilyError, match="castles"):
        play_trial(replace(TRIAL, family="castles"), Champion.from_package())
