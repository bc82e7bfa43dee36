from datetime import UTC, datetime, timedelta

import pytest

from edge.contract import Telemetry
from edge.windows import WindowChange, Windows

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def _changes(
    temperatures: list[float], *, outdoor_c: float, modes: str, step_min: int = 5
) -> list[WindowChange]:
    """What a room's readings, 5 min apart, say; `modes` has a letter for each: o off, c cool, h heat."""
    windows = Windows()
    names = {"o": "off", "c": "cool", "h": "heat"}
    changes = []
    for number, (indoor_c, letter) in enumerate(zip(temperatures, modes, strict=True)):
        reading = Telemetry.model_validate(
            {
                "device_id": "dev-1",
                "sampled_at": NOON + number * timedelta(minutes=step_min),
                "mode": names[letter],
                "setpoint_c": None if letter == "o" else 24.0,
                "indoor_dry_bulb_c": indoor_c,
                "outdoor_dry_bulb_c": outdoor_c,
            }
        )
        changes.append(windows.observe(reading))
    return [change for change in changes if change is not None]


@pytest.mark.parametrize(
    ("complaint", "temperatures", "outdoor_c", "modes"),
    [
        ("it took its own cooling for an open window", [28, 27, 25.5, 24.5, 24], 20, "ccccc"),
        ("it took its own heating for an open window", [17, 18.5, 20, 21, 21], 30, "hhhhh"),
        ("it took the rebound after cooling for an open window", [24, 24, 24.5, 25.5, 26.5], 33, "ccooo"),
        ("it took a slow evening for an open window", [26, 25.8, 25.6, 25.4, 25.2], 12, "ooooo"),
    ],
)
def test_complaints_about_windows_that_were_closed(
    complaint: str, temperatures: list[float], outdoor_c: float, modes: str
) -> None:
    assert _changes(temperatures, outdoor_c=outdoor_c, modes=modes) == [], complaint


def test_it_cooled_the_street(make_hot: list[float]) -> None:
    """The room warms up although the unit cools: hot air comes in, until somebody closes the window."""
    assert _changes(make_hot, outdoor_c=36, modes="c" * len(make_hot)) == ["window_open", "window_closed"]


@pytest.fixture
def make_hot() -> list[float]:
    return [25, 25, 26, 27, 28, 28, 27.5, 26.5, 26]


def test_it_heated_the_garden() -> None:
    cold = [21, 21, 20, 19, 18, 18, 18.5, 19.5, 20]

    assert _changes(cold, outdoor_c=2, modes="h" * 9) == ["window_open", "window_closed"]


def test_a_window_in_winter_with_the_unit_off() -> None:
    rooms = [20.0] * 8 + [19, 18, 17, 17, 17, 17]

    assert _changes(rooms, outdoor_c=0, modes="o" * 14) == ["window_open", "window_closed"]


def test_without_an_outdoor_sensor_nothing_is_said() -> None:
    windows = Windows()
    for number in range(5):
        reading = Telemetry.model_validate(
            {
                "device_id": "dev-1",
                "sampled_at": NOON + number * timedelta(minutes=5),
                "mode": "off",
                "indoor_dry_bulb_c": 25.0 - 2 * number,
            }
        )
        assert windows.observe(reading) is None
