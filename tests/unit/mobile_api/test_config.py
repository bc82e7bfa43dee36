import pytest

from mobile_api.config import ApiSettings


def test_settings_come_from_the_environment_and_defaults_run_one_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_PORT", "9000")
    monkeypatch.setenv("API_CLOCK", "telemetry")

    settings = ApiSettings()

    assert (settings.host, settings.port, settings.threads, settings.clock) == (
        "127.0.0.1",
        9000,
        64,
        "telemetry",
    )
