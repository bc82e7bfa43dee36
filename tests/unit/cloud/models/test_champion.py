"""The champion: what is shipped, and what is refused."""

from importlib import resources

import numpy as np
import pytest

from cloud.champion import (
    MANIFEST_FILE,
    RESERVOIR_FILE,
    Champion,
    FeatureMismatchError,
    package_reservoir,
    package_version,
)
from cloud.energy import ROUNDING_KWH, usable_energy_hours, wrong_slopes
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, OVERRIDE_FEATURES, OVERRIDE_TARGET
from cloud.model_integrity import digests
from cloud.override import exposed_hours
from cloud.trees import MAX_TREES, matrix

MAX_SHIPPED_BYTES = 800_000
MAX_PRESENCE_BYTES = 150_000
SETPOINTS = ["setpoint_c", "setpoint_3h_c", "setpoint_24h_c"]


@pytest.fixture(scope="module")
def champion() -> Champion:
    return Champion.from_package()


def test_what_is_shipped_is_what_its_manifest_says_and_small() -> None:
    shipped = package_version()
    folder = resources.files("cloud") / "base"
    names = [*shipped.files, MANIFEST_FILE, RESERVOIR_FILE]

    assert digests(shipped.files) == shipped.lineage.files
    assert sum(len((folder / name).read_bytes()) for name in names) < MAX_SHIPPED_BYTES


def test_files_and_back_is_the_same_champion(champion: Champion) -> None:
    again = Champion.from_files(champion.version, champion.to_files())
    rows = matrix(package_reservoir().head(50), ENERGY_FEATURES)

    assert again.to_files() == champion.to_files()
    assert (again.energy.predict(rows) == champion.energy.predict(rows)).all()


def test_models_of_other_features_are_refused(champion: Champion) -> None:
    files = champion.to_files()
    files["energy.txt"] = files["energy.txt"].replace(b"setpoint_rise_24h_k", b"setpoint_24h_c")

    with pytest.raises(FeatureMismatchError, match="setpoint_rise_24h_k"):
        Champion.from_files("v1", files)


def test_presence_of_other_features_is_refused(champion: Champion) -> None:
    files = champion.to_files()
    files["presence.txt"] = files["presence.txt"].replace(b"still_h", b"quiet_h")

    with pytest.raises(FeatureMismatchError, match="still_h"):
        Champion.from_files("v1", files)


def test_a_version_from_before_the_presence_model_still_serves(champion: Champion) -> None:
    files = champion.to_files()
    presence = [files.pop(name) for name in ("presence.txt", "presence_returns.txt")]
    older = Champion.from_files("v1", files)

    assert older.presence is None
    assert older.to_files() == files
    assert sum(map(len, presence)) <= MAX_PRESENCE_BYTES


def test_energy_and_override_cannot_be_swapped(champion: Champion) -> None:
    files = champion.to_files()

    with pytest.raises(FeatureMismatchError):
        Champion.from_files("v1", {"energy.txt": files["override.txt"], "override.txt": files["energy.txt"]})


def test_the_shipped_energy_follows_physics(champion: Champion) -> None:
    hours = package_reservoir()
    rows, warmer = matrix(hours, ENERGY_FEATURES), hours.copy()
    warmer[SETPOINTS] += 1.0

    assert champion.energy.trees.count <= MAX_TREES
    assert wrong_slopes(champion.energy, hours) == 0
    assert (
        champion.energy.predict(matrix(warmer, ENERGY_FEATURES))
        <= champion.energy.predict(rows) + ROUNDING_KWH
    ).all()


def test_the_reservoir_can_be_learnt_from(champion: Champion) -> None:
    hours = package_reservoir()
    usable = usable_energy_hours(hours)
    residual = usable[ENERGY_TARGET].sum() / champion.energy.predict(matrix(usable, ENERGY_FEATURES)).sum()

    assert len(usable) == len(hours) >= 5000
    assert exposed_hours(hours)[OVERRIDE_TARGET].sum() > 50
    assert residual == pytest.approx(1, abs=0.05)


def test_chances_are_chances(champion: Champion) -> None:
    rows = matrix(exposed_hours(package_reservoir()), OVERRIDE_FEATURES)
    chances = champion.override.predict(rows)

    assert ((chances >= 0) & (chances <= 1)).all()
    assert np.isfinite(champion.override.predict(np.full((1, len(OVERRIDE_FEATURES)), np.nan))).all()
