"""Deletion on AWS, where no process of ours keeps lake, shadows or logins: a round of it, for a schedule.

The advisor forgets by itself; so all four doers of `cloud.ports.deletion` are somebody's. Killed at any
moment, the next round goes on.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Final

from cloud.adapters.iot_shadows import IotShadows
from cloud.adapters.iot_things import IotThings
from cloud.adapters.lake_batches import BatchesSaid
from cloud.config import CloudSettings
from cloud.deletion import open_requests, settle
from cloud.deletion_desk import DeletionDesk
from cloud.ports.deletion import DOERS, Doer
from cloud.ports.records import device_pk
from cloud.ports.state import StateStore
from cloud.wiring.lake import daily_quality, lake_files, open_lake, utc_now
from cloud.wiring.state import open_state
from edge.contract import DeviceId

SETTLING: Final = timedelta(minutes=3)
"""A function knows registrations of 2 s ago, and runs for two minutes (`infra/cdk/ingest.py`)."""


def forget_deleted(settings: CloudSettings, shadows: IotShadows, things: IotThings) -> dict[Doer, int]:
    """Carry out what is asked of ingest, of shadows, and of whoever lets devices in.

    Returns:
        How many requests are still open, by doer: what was asked in the last three minutes waits.

    Raises:
        UnavailableError: Something is still there; the next round goes on.
    """
    files = lake_files(settings)
    with closing(open_state(settings)) as state, closing(open_lake(settings)) as lake:
        quality = daily_quality(settings, lake)
        DeletionDesk(state, BatchesSaid(files, utc_now), lake, quality, _no_file, utc_now, SETTLING).look()
        _carry_out(state, "shadow", shadows.forget)
        _carry_out(state, "access", lambda device_id: _shut_out(state, things, device_id))
        return {doer: sum(1 for _ in open_requests(state, doer)) for doer in DOERS}


def _carry_out(state: StateStore, doer: Doer, forget: Callable[[DeviceId], None]) -> None:
    for item, request in list(open_requests(state, doer)):
        forget(request.device_id)
        settle(state, item)


def _shut_out(state: StateStore, things: IotThings, device_id: DeviceId) -> None:
    """A device that was let in anew meanwhile has a new certificate, and keeps it."""
    if state.get(device_pk(device_id), "device") is None:
        things.remove(device_id)


def _no_file() -> None:
    """DynamoDB's items are gone when they are deleted; its backups end by themselves."""
