"""The Lambda handler: registrations from the serving state, batches into the lake that the settings name.

`kinesis_handler(CloudSettings(), state)` is made once, when a Lambda starts; the lake's manifest is then read
on from where the last call left it.
"""

from collections.abc import Callable

from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import LakeBatches
from cloud.config import CloudSettings
from cloud.kinesis_batch import KinesisEvent, Response, ingest_batch
from cloud.ports.state import StateStore
from cloud.registrations import CachedRegistrations
from cloud.wiring.lake import lake_files

Handler = Callable[[KinesisEvent, object], Response]


def kinesis_handler(settings: CloudSettings, state: StateStore) -> Handler:
    """What Lambda calls with an event and a context."""
    files = lake_files(settings)
    store = LakeBatches(FileLake(files), files)
    registrations = CachedRegistrations(state)

    def handle(event: KinesisEvent, _context: object) -> Response:
        return ingest_batch(event, registrations, store)

    return handle
