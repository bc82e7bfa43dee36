"""Export: everything that is kept of a home, in one archive that explains itself."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, get_args

import structlog
from flask import Response

from cloud.ports.records import DAY_PREFIX, device_pk, home_pk
from cloud.ports.saving_records import SAVINGS_SK
from cloud.ports.state import every
from edge.contract import Telemetry
from edge.contract.event import EventKind
from mobile_api.access import OwnedHome, Principal, owned_device
from mobile_api.archive import Entry, zipped
from mobile_api.members import list_invitations, members
from mobile_api.operations import Operations
from mobile_api.pairing import PRIVATE_ITEMS
from mobile_api.problems import watched
from mobile_api.services import Services, services

README = """\
# Everything that is kept of this home

- `home.json`: what its people said of it, with their consents.
- `members.json`: who may act in it, and their roles.
- `kept.json`: who said by phone that they are home (by account), the measured saving with its interval, open
  invitations (without codes), and the gateways.
- `devices/<device_id>/device.json`: the device as it is registered.
- `devices/<device_id>/kept.json`: preferences, schedule, advice and plan that stand, commands of the last
  week, and `advisor_state`: what was learnt of the home, as the program keeps it (base64).
- `devices/<device_id>/days.json`: each local day that is over: whether it was advised or a measuring day
  (`arm`), electricity [kWh], measured hours [h], overrides and words of people.
- `devices/<device_id>/events.json`: what happened at it (setpoints changed, faults, windows, results of
  commands), the newest 200 of each kind.
- `devices/<device_id>/readings.csv`: every reading, ascending; RFC 4180, UTF-8, an empty field is null.

Columns of `readings.csv`: `sampled_at` is the end of the sampling interval (RFC 3339, UTC), `interval_s` its
length [s]; names end in their units: `_c` degrees Celsius, `_pct` percent, `_w` watts (mean over the
interval), `_kwh` kilowatt-hours (lifetime counter), `_ratio` 0 to 1. `motion` is there only where the home
has consented. One row per instant; what came last counts.
"""

COLUMNS = tuple(name for name in Telemetry.model_fields if name not in {"schema_version", "device_id"})

_MOST_READINGS = 24 * 60 * 60 * 1000
"""Of a device in a day: instants are whole milliseconds, so there are no more."""

_MEDIA_TYPE: Final = "application/zip"

operations = Operations("export")
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@operations.get("/v1/homes/<home_id>/export", right="own", media_type=_MEDIA_TYPE)
def export_home(home: OwnedHome, principal: Principal) -> Response:
    """Everything that is kept of a home, as one zip: JSON, readings as CSV, and a README that explains it.

    It is sent while it is made; one that was cut short cannot be opened.
    """
    entries = [*_of_home(home)]
    use = services()
    pointers = list(every(use.state, home_pk(home.record.home_id), "device#"))
    for pointer in pointers:
        device = owned_device(principal, pointer.sk.removeprefix("device#"))
        entries += _of_device(use, device.record.model_dump(mode="json"))
    log.info("home_exported", home_id=home.record.home_id)
    name = f'attachment; filename="{home.record.home_id}.zip"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(watched(zipped(entries)), mimetype=_MEDIA_TYPE, headers=headers)


def _of_home(home: OwnedHome) -> Iterator[Entry]:
    yield Entry("README.md", [README])
    yield Entry("home.json", [_json(home.record.model_dump(mode="json"))])
    yield Entry("kept.json", [_json(_kept_of_home(home))])
    yield Entry("members.json", [_json([each.model_dump(mode="json") for each in members(home)])])


def _kept_of_home(home: OwnedHome) -> dict[str, Any]:
    state, pk = services().state, home_pk(home.record.home_id)
    single = {sk: state.get(pk, sk) for sk in ("presence", SAVINGS_SK)}
    return {
        **{sk: item.body for sk, item in single.items() if item is not None},
        "invitations": [each.model_dump(mode="json") for each in list_invitations(home).items],
        "gateway_ids": [item.sk.removeprefix("gateway#") for item in every(state, pk, "gateway#")],
    }


def _of_device(use: Services, device: dict[str, Any]) -> Iterator[Entry]:
    device_id = str(device["device_id"])
    folder = f"devices/{device_id.replace(':', '_')}"  # no drive letter on any system
    yield Entry(f"{folder}/device.json", [_json(device)])
    yield Entry(f"{folder}/kept.json", _kept(use, device_id))
    yield Entry(f"{folder}/days.json", _days(use, device_id))
    yield Entry(f"{folder}/events.json", _events(use, device_id))
    yield Entry(f"{folder}/readings.csv", _readings(use, device_id))


def _kept(use: Services, device_id: str) -> Iterator[str]:
    pk = device_pk(device_id)
    single = {sk: use.state.get(pk, sk) for sk in PRIVATE_ITEMS}
    found = {sk: item.body for sk, item in single.items() if item is not None}
    yield _json({**found, "commands": [item.body for item in every(use.state, pk, "command#")]})


def _days(use: Services, device_id: str) -> Iterator[str]:
    yield _json([item.body for item in every(use.state, device_pk(device_id), DAY_PREFIX)])


def _events(use: Services, device_id: str) -> Iterator[str]:
    found = [
        event
        for kind in get_args(EventKind)
        for event in use.readings.events_of(device_id, kind, datetime.fromtimestamp(0, UTC))
    ]
    found.sort(key=lambda event: (event.occurred_at, event.event_id))
    yield _json([event.model_dump(mode="json") for event in found])


def _readings(use: Services, device_id: str) -> Iterator[str]:
    """All readings of a device as CSV, one UTC day at a time."""
    yield _csv([COLUMNS])
    for day in use.history.days(device_id):
        start = datetime.combine(day, time(), UTC)
        readings = use.history.readings(device_id, start, start + timedelta(days=1), _MOST_READINGS)
        yield _csv(map(_row, readings))


def _row(reading: Telemetry) -> list[object]:
    return [_written(getattr(reading, name)) for name in COLUMNS]


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _written(value: object) -> object:
    """As in the wire contract: instants as RFC 3339, booleans as in JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else value


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
