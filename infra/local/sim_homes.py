"""The simulated homes as the serving state knows them: without a home, nobody learns from a device."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import (
    DEVICES_PK,
    DevicePointer,
    DeviceRecord,
    HomeRecord,
    device_pk,
    home_pk,
)
from cloud.ports.state import MAX_WRITES, Put
from cloud.serving import DEVICE_SK, HOME_SK
from device_sim.specification import Site

OWNER = "simulation"
"""Stands where an account's id would: nobody can sign in as it."""


def record_homes(data_dir: Path, sites: Iterable[Site]) -> None:
    """Write a home with one device for each site into the state of `data_dir`."""
    store = SqliteStateStore(data_dir / "state.sqlite")
    try:
        writes = (put for site in sites for put in home_puts(site))
        while batch := list(islice(writes, MAX_WRITES)):
            store.transact(batch)
    finally:
        store.close()


def home_puts(site: Site) -> Iterator[Put]:
    """What makes a home with one device of a site."""
    home = HomeRecord(
        home_id=f"h-{site.device_id}",
        owner_id=OWNER,
        name=site.device_id,
        latitude_deg=site.latitude_deg,
        longitude_deg=site.longitude_deg,
        timezone=site.timezone,
        share_presence=True,
    )
    device = DeviceRecord(
        device_id=site.device_id, home_id=home.home_id, nameplate_w=site.nameplate_w, inverter=site.inverter
    )
    yield Put(home_pk(home.home_id), HOME_SK, home.model_dump(mode="json"))
    yield Put(device_pk(site.device_id), DEVICE_SK, device.model_dump(mode="json"))
    yield Put(DEVICES_PK, site.device_id, DevicePointer(home_id=home.home_id).model_dump())
