"""Registry: the devices that live behind this gateway, and what their owners allow."""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge.contract import DeviceId
from edge.contract.quantities import SetpointC
from edge.contract.telemetry import describe
from edge.dialects.dialect import Source
from edge.errors import RegistrationError

log = structlog.get_logger()


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        msg = f"no time zone {name!r}"
        raise ValueError(msg) from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA name."""


MinuteOfDay = Annotated[int, Field(ge=0, lt=1440)]
"""Local minutes since midnight."""


class Registration(BaseModel):
    """A device behind this gateway.

    Attributes:
        device_id: Its id in topics and readings.
        share_presence: Whether `motion` may leave the site (a consent of the home).
        timezone: Where the device is; schedule points are local.
        schedule_min: Entries of its weekly schedule, local minutes from Monday 00:00; empty: it has none.
        min_setpoint_c: Lowest setpoint that the device can hold [°C].
        max_setpoint_c: Highest setpoint that the device can hold [°C].
        quiet_hours: First and last local minute of the day between which nothing beeps; null: none.
        compressor: Name of the outdoor unit that it shares with other indoor units; null: it has its own.
        offline_advice: Whether the last advice may be applied while the cloud is away.
        sources: Where it is heard if it is of another make; empty: it speaks the wire contract.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device_id: DeviceId
    share_presence: bool = False
    timezone: TimeZone = "UTC"
    schedule_min: tuple[Annotated[int, Field(ge=0, lt=10_080)], ...] = ()
    min_setpoint_c: SetpointC = 16
    max_setpoint_c: SetpointC = 30
    quiet_hours: tuple[MinuteOfDay, MinuteOfDay] | None = None
    compressor: str | None = None
    offline_advice: bool = False
    sources: tuple[Source, ...] = Field((), max_length=8)


Registry = dict[DeviceId, Registration]

_registrations = TypeAdapter(list[Registration])


class DeviceList:
    """The devices that a setting names; a file is read again whenever it has changed.

    Args:
        devices: As of `load_registry`.
        defaults: As of `load_registry`.

    Attributes:
        registry: The devices of now; always the same object, so that everybody who holds it keeps up.

    Raises:
        RegistrationError: The list cannot be read.
    """

    def __init__(self, devices: str, defaults: dict[str, Any]) -> None:
        self._devices = devices
        self._defaults = defaults
        self._stamp = self._look()
        self.registry: Registry = load_registry(devices, defaults)

    def refresh(self) -> bool:
        """Read the file again if it has changed; costs next to nothing if not.

        A file that cannot be read changes nothing, and is said once.

        Returns:
            Whether devices came, went or are registered otherwise.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            registry = load_registry(self._devices, self._defaults)
        except RegistrationError as error:
            log.warning("devices_not_read", reason=str(error))
            return False
        if registry == self.registry:
            return False
        self.registry.clear()
        self.registry.update(registry)
        log.info("devices_changed", devices=len(registry))
        return True

    def _look(self) -> tuple[int, int, int] | None:
        """What is another one when the file is another one; None without a file."""
        with contextlib.suppress(OSError):
            if self._devices.endswith(".json"):
                state = Path(self._devices).stat()
                return state.st_mtime_ns, state.st_size, state.st_ino
        return None


def load_registry(devices: str, defaults: dict[str, Any]) -> Registry:
    """The devices named by a setting.

    Args:
        devices: Ids separated by commas; or the path of a JSON file (it ends in `.json`) with a list of ids,
            a list of objects with the fields of `Registration`, or an object of such objects by id.
        defaults: Fields for devices that do not say them.

    Raises:
        RegistrationError: The file is missing or wrong, or an id or a time zone is none.
    """
    source = devices if devices.endswith(".json") else "the setting"
    try:
        named = json.loads(Path(devices).read_text()) if devices.endswith(".json") else _split(devices)
        registrations = _registrations.validate_python([{**defaults, **each} for each in _objects(named)])
    except ValidationError as error:
        raise RegistrationError(source, describe(error)) from error
    except (OSError, ValueError, TypeError) as error:
        raise RegistrationError(source, str(error)) from error
    return {registration.device_id: registration for registration in registrations}


def _split(devices: str) -> list[str]:
    return [name for name in (part.strip() for part in devices.split(",")) if name]


def _objects(named: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401 (JSON as somebody wrote it)
    if isinstance(named, dict):
        return [{**fields, "device_id": device_id} for device_id, fields in named.items()]
    return [{"device_id": each} if isinstance(each, str) else each for each in named]
