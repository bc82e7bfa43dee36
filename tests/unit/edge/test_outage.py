"""A day without the cloud: everything waits on disk, in order, and memory does not grow with it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from edge.adapters.memory import MemoryDevices, MemoryUplink, SetClock
from edge.adapters.sqlite_spool import SqliteSpool
from edge.contract import Telemetry, read_telemetry, write_telemetry
from edge.errors import UplinkUnavailableError
from edge.etiquette import Limits
from edge.forwarder import Forwarder
from edge.gateway import Gateway
from edge.offline import OfflineAdvice
from edge.ports import Message, Spool
from edge.registry import Registration
from edge.shadow_desk import ShadowDesk
from tests.records import record

MIDNIGHT = datetime(2026, 7, 1, tzinfo=UTC)
DAY_H = 24
DEVICES = [f"dev-{number:02d}" for number in range(50)]

OFTEN = timedelta(seconds=30)
"""Between two readings of a device in the run whose figures are kept."""

MAY_GROW_MB = 10
"""Resident memory from noon to midnight; 18,000 readings kept in it would be more, as would 72,000."""


def _reading(device_id: str, step: int, at: datetime) -> Telemetry:
    return Telemetry.model_validate(
        {
            "device_id": device_id,
            "sampled_at": at,
            "seq": step,
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 25.0 + step % 7 / 10,
        }
    )


def _device_of(reading: Telemetry) -> str:
    return reading.device_id


def _day_away(spool: Spool, uplink: MemoryUplink, every: timedelta) -> Iterator[float]:
    """Plays it; resident memory at the end of each hour [MB]."""
    registry = {name: Registration(device_id=name) for name in DEVICES}
    clock = SetClock(MIDNIGHT)
    offline = OfflineAdvice(timedelta(hours=24), lambda: True, {})
    desk = ShadowDesk(registry, clock, Limits(), {}, lambda: clock.at, offline)
    gateway = Gateway(
        registry, spool=spool, devices=MemoryDevices(), desk=desk, clock=clock, received_at=lambda: clock.at
    )
    forwarder = Forwarder("gw-1", spool, uplink)
    an_hour = timedelta(hours=1) // every
    for step in range(DAY_H * an_hour):
        clock.at = MIDNIGHT + step * every
        readings = [_reading(name, step, clock.at) for name in DEVICES]
        gateway.receive(
            [Message(f"dt/ac/{each.device_id}/telemetry", write_telemetry([each])) for each in readings]
        )
        if (step + 1) % an_hour == 0:
            with pytest.raises(UplinkUnavailableError):
                forwarder.forward()
            yield psutil.Process().memory_info().rss / 1e6
    uplink.down = False
    while forwarder.forward():
        pass


@pytest.mark.parametrize(
    "every",
    [timedelta(minutes=2), pytest.param(OFTEN, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
    ids=str,
)
def test_a_day_without_the_cloud_loses_nothing_and_needs_no_memory(
    every: timedelta, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """50 devices, 24 simulated hours, then the cloud is back."""
    spool, uplink = SqliteSpool(tmp_path / "spool.sqlite"), MemoryUplink(down=True)
    steps = timedelta(hours=DAY_H) // every

    rss_mb = list(_day_away(spool, uplink, every))

    assert spool.standing().readings == 0
    spool.close()
    got = [reading for parcel in uplink.delivered for reading in read_telemetry(parcel.body)[0]]
    seqs = {
        name: [reading.seq for reading in readings]
        for name, readings in groupby(sorted(got, key=_device_of), _device_of)
    }
    in_order = [name for name in DEVICES if seqs.get(name) == list(range(steps))]
    figures = {
        "devices": len(DEVICES),
        "readings": len(DEVICES) * steps,
        "lost": len(DEVICES) * steps - len({(each.device_id, each.seq) for each in got}),
        "devices_in_order": len(in_order),
        "rss_noon_mb": round(rss_mb[DAY_H // 2 - 1], 1),
        "rss_peak_mb": round(max(rss_mb), 1),
    }
    with capsys.disabled():
        print(f"\n{figures}")
    if every == OFTEN:
        record("edge_outage", ("-m", "slow", "tests/unit/edge/test_outage.py"), 0, figures, "pytest")
    assert in_order == DEVICES
    assert figures["lost"] == 0
    assert figures["rss_peak_mb"] - figures["rss_noon_mb"] < MAY_GROW_MB
