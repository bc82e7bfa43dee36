"""A replay on a stack of its own: recorded homes connect as devices and publish into its lake."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from device_sim.wire.dialects.dialect import Message
from device_sim.wire.publisher import Credentials, FleetPublisher, own_lines
from edge.contract import Desired, topics
from infra.local.lake_count import rows_in_lake, seal
from infra.local.lockstep import Lockstep
from infra.local.replay import load, replay
from infra.local.stack import Stack
from infra.local.stack_settings import StackSettings

MAX_UNACKNOWLEDGED = 200
"""Messages on their way before the recording waits [messages]."""


def run_replay(
    directory: Path,
    format_name: str,
    timezone: ZoneInfo | None,
    settings: StackSettings,
    environment: Mapping[str, str],
) -> dict[str, Any]:
    """Publish a recording and wait until all of it is in the lake or in dead letters.

    Returns:
        Counts: rows of the files, rows of the lake, dead letters.

    Raises:
        LocalError: The stack does not come up, or readings do not arrive.
        RecordingError: The folder cannot be read.
    """
    recording = load(directory, format_name, timezone)
    stack = Stack(settings, environment)
    stack.register(recording.devices, behind_gateway=False)
    stack.start()
    try:
        follower = Lockstep(settings.data_dir, stack.state)
        before = follower.arrived()
        publisher = _connect(stack, recording.devices)

        def pump(timeout_s: float) -> None:
            stack.supervisor.require_running()
            publisher.pump(timeout_s)

        def publish(device_id: str, payload: bytes) -> None:
            while publisher.unacknowledged > MAX_UNACKNOWLEDGED:
                pump(0.05)
            publisher.publish(device_id, Message(topics.telemetry(device_id), payload))

        counts = replay(recording, publish)
        publisher.drain(60.0)
        follower.wait_ingested(before + counts.rows - counts.repeated_rows, pump)
        seal(settings.data_dir, stack.supervisor.worker("ingest"))
        publisher.close()
        return {
            "devices": counts.devices,
            "rows_in_files": counts.rows,
            "repeated_rows": counts.repeated_rows,
            "messages": counts.messages,
            "readings_in_lake": rows_in_lake(settings.data_dir),
            "readings_dead_lettered": follower.refused(),
            "data_dir": str(settings.data_dir),
        }
    finally:
        stack.stop()


def _connect(stack: Stack, devices: tuple[str, ...]) -> FleetPublisher:
    credentials = {
        device_id: Credentials(device_id, stack.identities.require(device_id).password)
        for device_id in devices
    }
    publisher = FleetPublisher(own_lines(credentials), "127.0.0.1", stack.settings.mqtt_port, _ignore)
    publisher.connect()
    return publisher


def _ignore(_device_id: str, _desired: Desired) -> None:
    """A recording cannot be told to do otherwise."""
