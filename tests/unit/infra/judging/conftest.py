"""What tests of judged advice share."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """0.1 a kWh, and 0.4 from 16:00 to 21:00, in quarter-hours of June and July."""
    start = datetime(2020, 6, 1)  # noqa: DTZ001 (local time)
    stamps = [start + timedelta(minutes=15 * step) for step in range(61 * 96)]
    rows = [f"{at.isoformat()},{0.4 if 16 <= at.hour < 21 else 0.1}" for at in stamps]
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(["at,per_kwh", *rows]) + "\n")
    return path
