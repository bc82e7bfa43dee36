"""A day without the cloud: everything waits on disk, in order, and memory does not grow with it."""

import resource
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest

from edge.adapters.memory import MemoryDevices, MemoryUplink, SetClock
from edge.adapters.sqlite_spool import SqliteSpool
from edge.contract import Telemetry, read_telemetry, write_telemetry
from edge.errors import UplinkUnavailableError
from edge.etiquette import Limits
from edge.forwarder import Forwarder
from edge.gateway import Gateway
from edge.offline import OfflineAdvice
from edge.ports import Message
from edge.registry import Registration
from edge.shadow_desk import ShadowDesk

MIDNIGHT = datetime(2026, 7, 1, tzinfo=UTC)
DEVICES = [f"dev-{number:02d}" for number in range(50)]
STEP = timedelta(minutes=2)
STEPS = 24 * 30


def _reading(device_id: str, step: int) -> Telemetry:
    return Telemetry.model_validate(
        {
            "device_id": device_id,
            "sampled_at": MIDNIGHT + step * STEP,
            "seq": step,
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 25.0 + step % 7 / 10,
        }
    )


def _device_of(reading: Telemetry) -> str:
    return reading.device_id


def test_a_day_without_the_cloud_loses_nothing_and_needs_no_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """50 devices, 24 simulated hours; the printed peak may grow by what is remembered of repeats only."""
    registry = {name: Registration(device_id=name) for name in DEVICES}
    clock = SetClock(MIDNIGHT)
    spool, uplink = SqliteSpool(tmp_path / "spool.sqlite"), MemoryUplink(down=True)
    offline = OfflineAdvice(timedelta(hours=24), lambda: True, {})
    desk = ShadowDesk(registry, clock, Limits(), {}, lambda: clock.at, offline)
    gateway = Gateway(
        registry, spool=spool, devices=MemoryDevices(), desk=desk, clock=clock, received_at=lambda: clock.at
    )
    forwarder = Forwarder("gw-1", spool, uplink)
    peaks_kb = []

    for step in range(STEPS):
        clock.at = MIDNIGHT + step * STEP
        gateway.receive(
            [Message(f"dt/ac/{name}/telemetry", write_telemetry([_reading(name, step)])) for name in DEVICES]
        )
        if step % 30 == 29:
            with pytest.raises(UplinkUnavailableError):
                forwarder.forward()
            peaks_kb.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    waited = spool.standing().readings
    uplink.down = False
    while forwarder.forward():
        pass

    got = [reading for parcel in uplink.delivered for reading in read_telemetry(parcel.body)[0]]
    seqs = {
        name: [reading.seq for reading in readings]
        for name, readings in groupby(sorted(got, key=_device_of), _device_of)
    }
    spool.close()
    with capsys.disabled():
        noon_mb, peak_mb = peaks_kb[11] / 1024, peaks_kb[-1] / 1024
        print(f"\nreadings {waited}, peak RSS {peak_mb:.0f} MB, at noon {noon_mb:.0f} MB")
    assert waited == len(DEVICES) * STEPS
    assert seqs == {name: list(range(STEPS)) for name in DEVICES}
    assert peaks_kb[-1] - peaks_kb[11] < 32 * 1024
