"""Topics: where each message travels. An id in a topic is the publisher's own; the broker enforces it."""

from edge.contract.quantities import DeviceId

TELEMETRY = "dt/ac/+/telemetry"
BATCH = "dt/ac/+/batch"
EVENT = "dt/ac/+/event"
CLAIM = "dt/ac/+/claim"
SHADOW_UPDATE = "$aws/things/+/shadow/update"
SHADOW_GET = "$aws/things/+/shadow/get"
SHADOW_DELETE = "$aws/things/+/shadow/delete"


def telemetry(device_id: DeviceId) -> str:
    """One reading, or an array of readings of this device."""
    return f"dt/ac/{device_id}/telemetry"


def batch(gateway_id: DeviceId) -> str:
    """An array of readings of devices that are registered behind this gateway."""
    return f"dt/ac/{gateway_id}/batch"


def event(device_id: DeviceId) -> str:
    """Events of this device."""
    return f"dt/ac/{device_id}/event"


def claim(asker_id: DeviceId) -> str:
    """A device or gateway asks for its claim code."""
    return f"dt/ac/{asker_id}/claim"


def claim_code(asker_id: DeviceId) -> str:
    """The answer."""
    return f"dt/ac/{asker_id}/claim/code"


def claim_devices(gateway_id: DeviceId) -> str:
    """The answer to a gateway that asks for its devices."""
    return f"dt/ac/{gateway_id}/claim/devices"


def shadow(device_id: DeviceId, suffix: str) -> str:
    """A shadow topic; `suffix` as in AWS: `update`, `get/accepted`, `update/delta`, ..."""
    return f"$aws/things/{device_id}/shadow/{suffix}"


def is_ours(topic: str) -> bool:
    """Whether `topic` is one of this contract, and no other make's."""
    return topic.startswith(("dt/ac/", "$aws/things/"))


def owner(topic: str) -> str:
    """The device or gateway id inside `topic`: the third level of every topic of this contract."""
    return topic.split("/", 3)[2]
