"""A consumer of telemetry as people write it, paho-mqtt, json and SQLite: what `bench compare` compares with.

Its session is durable and QoS 1, and what it acknowledges it has committed, so it loses nothing either.
`message` commits in the callback of each message; `batch` is the fair variant: one commit of what has come
meanwhile, and acknowledgements after it. Both have a write-ahead log and one fsync a commit, as ours has; in
SQLite's own default mode a commit takes longer.
"""

import json
import queue
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.contract import topics

CLIENT_ID: Final = "plain-0"
TABLE: Final = "readings"
MAX_BATCH: Final = 1000
"""Messages in one commit."""

FIELDS: Final = (
    "device_id",
    "sampled_at",
    "seq",
    "mode",
    "setpoint_c",
    "indoor_dry_bulb_c",
    "indoor_rh_pct",
    "outdoor_dry_bulb_c",
    "electric_power_w",
    "energy_total_kwh",
    "compressor_ratio",
)
_CREATE: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} ({', '.join(FIELDS)}, PRIMARY KEY (device_id, sampled_at))"
)
_MARKS: Final = ", ".join("?" * len(FIELDS))
_INSERT: Final = f"INSERT OR IGNORE INTO {TABLE} VALUES ({_MARKS})"  # noqa: S608 (our own names)

OnMessage = Callable[[Client, object, MQTTMessage], None]


class PlainSettings(BaseSettings):
    """Where the broker is, where readings go, and how they are committed."""

    model_config = SettingsConfigDict(env_prefix="PLAIN_", extra="forbid", frozen=True)

    port: int
    username: str
    password: SecretStr
    database: Path
    ready: Path
    commit: Literal["message", "batch"]


def main(options: PlainSettings) -> int:
    """Consume until SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    database = sqlite3.connect(options.database, isolation_level=None, check_same_thread=False)
    with closing(database):
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(_CREATE)
        if options.commit == "message":
            _consume(options, lambda _client, _data, message: _keep(database, [message]), manual_ack=False)
            stop.wait()
        else:
            waiting: queue.SimpleQueue[MQTTMessage] = queue.SimpleQueue()
            client = _consume(options, lambda _client, _data, message: waiting.put(message), manual_ack=True)
            while not stop.is_set():
                _keep_what_waits(database, waiting, client)
    return 0


def _keep_what_waits(
    database: sqlite3.Connection, waiting: "queue.SimpleQueue[MQTTMessage]", client: Client
) -> None:
    try:
        messages = [waiting.get(timeout=0.2)]
    except queue.Empty:
        return
    while len(messages) < MAX_BATCH and not waiting.empty():
        messages.append(waiting.get())
    _keep(database, messages)
    for message in messages:
        client.ack(message.mid, message.qos)


def _keep(database: sqlite3.Connection, messages: Sequence[MQTTMessage]) -> None:
    rows = [row for message in messages for row in _rows(message.payload)]
    database.execute("BEGIN IMMEDIATE")
    database.executemany(_INSERT, rows)
    database.execute("COMMIT")


def _rows(payload: bytes | bytearray) -> list[tuple[Any, ...]]:
    """The readings of a message; who validates nothing trusts its devices."""
    document = json.loads(payload)
    readings = document if isinstance(document, list) else [document]
    return [tuple(reading.get(name) for name in FIELDS) for reading in readings]


def _consume(options: PlainSettings, on_message: OnMessage, *, manual_ack: bool) -> Client:
    """A connected client; it works in a thread of its own."""
    client = Client(
        CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, clean_session=False, manual_ack=manual_ack
    )
    client.username_pw_set(options.username, options.password.get_secret_value())
    client.on_message = on_message
    client.on_connect = _subscribe
    client.on_subscribe = lambda *_: options.ready.touch()
    client.connect("127.0.0.1", options.port)
    client.loop_start()
    return client


def _subscribe(client: Client, *_: object) -> None:
    client.subscribe([(topics.TELEMETRY, 1), (topics.BATCH, 1)])


if __name__ == "__main__":
    sys.exit(main(PlainSettings()))
