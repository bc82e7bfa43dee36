from pathlib import Path

import pytest
from pydantic import ValidationError

from device_sim import config
from device_sim.config import SimulatorSettings

README = Path(config.__file__).parent / "README.md"


def test_defaults_run_on_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIM_SPEED", "0")

    settings = SimulatorSettings()

    assert (settings.host, settings.port, settings.speed) == ("127.0.0.1", 1883, 0.0)


@pytest.mark.parametrize(
    ("name", "value"), [("SIM_STEP_S", "90"), ("SIM_HOMES", "0"), ("SIM_SPLIT", "holdout")]
)
def test_impossible_settings_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError):
        SimulatorSettings()


def test_the_readme_names_every_setting() -> None:
    text = README.read_text()

    assert [name for name in SimulatorSettings.model_fields if f"SIM_{name.upper()}" not in text] == []
