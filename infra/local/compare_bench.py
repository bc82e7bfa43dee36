"""Our ingest beside a consumer as people write it: `ac-advisor bench compare`.

The same broker, the same load generator and the same readings, in turns and in one run, so that what others
do on this machine meanwhile happens to all. Ours and the SQLite ones lose nothing: they
acknowledge after their commit.
"""

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from infra.local.ingest_bench import Fleet, NotKeptError, Site
from infra.local.mqtt_load import Burst, bursts
from infra.local.node_red_peer import NodeRedPeer, why_not_measured
from infra.local.plain_consumer import CLIENT_ID, TABLE
from infra.local.supervisor import Worker

ROUNDS: Final = 3
"""Each rate is measured so often, in turns; medians count."""

BATCH_SHARE: Final = 4
"""The consumer that commits in batches gets so many times fewer messages, so that a turn takes seconds."""

MESSAGE_SHARE: Final = 40
"""The same for the one that commits each message."""

Commit: TypeAlias = Literal["message", "batch"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Single readings from publish to committed and acknowledged, in one run.

    Attributes:
        ours_msgs_per_s: Our ingest; it also validates, holds ids against publishers, counts gaps.
        paho_sqlite_batch_msgs_per_s: paho, json and SQLite with a commit of all that waits.
        paho_sqlite_message_msgs_per_s: The same with a commit a message.
        ratio_to_batch: Ours over the former.
        ratio_to_message: Ours over the latter.
        node_red_influxdb_msgs_per_s: Node-RED and InfluxDB with joined writes; may lose what it has in hand.
        ratio_to_node_red_influxdb: Ours over that.
        node_red_influxdb: Why there is no figure of these; empty when there is.
    """

    ours_msgs_per_s: int
    paho_sqlite_batch_msgs_per_s: int
    paho_sqlite_message_msgs_per_s: int
    ratio_to_batch: float
    ratio_to_message: float
    node_red_influxdb_msgs_per_s: int | None
    ratio_to_node_red_influxdb: float | None
    node_red_influxdb: str


def compare(messages: int) -> Comparison:
    """Publish `messages` single readings a round to ours, and fewer to the others.

    Raises:
        LocalError: A process does not run, or what was published did not arrive.
    """
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        with site.running():
            return _compare(site, Path(folder), messages)


def _compare(site: Site, folder: Path, messages: int) -> Comparison:
    fleet, ours = Fleet(), list[float]()
    batch, message = _Plain(site, folder, "batch"), _Plain(site, folder, "message")
    by_batch, by_message = list[float](), list[float]()
    for _ in range(ROUNDS):
        with site.ingesting():
            ours.append(site.kept(bursts(fleet.singles(messages)), messages).per_s)
        site.forget()
        by_batch.append(batch.kept_per_s(bursts(fleet.singles(messages // BATCH_SHARE))))
        by_message.append(message.kept_per_s(bursts(fleet.singles(messages // MESSAGE_SHARE))))
    median = statistics.median(ours)
    why_not = why_not_measured()
    others = None if why_not else _by_node_red(NodeRedPeer(site, folder), fleet, messages // BATCH_SHARE)
    return Comparison(
        ours_msgs_per_s=round(median),
        paho_sqlite_batch_msgs_per_s=round(statistics.median(by_batch)),
        paho_sqlite_message_msgs_per_s=round(statistics.median(by_message)),
        ratio_to_batch=round(median / statistics.median(by_batch), 2),
        ratio_to_message=round(median / statistics.median(by_message), 2),
        node_red_influxdb_msgs_per_s=None if others is None else round(others),
        ratio_to_node_red_influxdb=None if others is None else round(median / others, 2),
        node_red_influxdb=why_not,
    )


def _by_node_red(peer: NodeRedPeer, fleet: Fleet, messages: int) -> float:
    with peer.consuming():
        peer.kept_per_s(bursts(fleet.singles(messages)))  # until its code is compiled
        return statistics.median(peer.kept_per_s(bursts(fleet.singles(messages))) for _ in range(ROUNDS))


class _Plain:
    """A consumer as people write it, that comes and goes; its file stays."""

    def __init__(self, site: Site, folder: Path, commit: Commit) -> None:
        self._site = site
        self._database = folder / f"plain-{commit}.sqlite"
        ready = folder / f"plain-{commit}.ready"
        environment = {
            **os.environ,  # noqa: TID251 (handed on to a child, as the stack does)
            "PLAIN_PORT": str(site.port),
            "PLAIN_USERNAME": site.service.name,
            "PLAIN_PASSWORD": site.service.password,
            "PLAIN_DATABASE": str(self._database),
            "PLAIN_READY": str(ready),
            "PLAIN_COMMIT": commit,
        }
        name = f"plain {commit} consumer"
        module = ("infra.local.plain_consumer",)
        self._worker = Worker(name, module, environment, ready, folder / f"plain-{commit}.log")
        self._kept = 0

    def kept_per_s(self, pieces: Sequence[Burst]) -> float:
        """Publish until all is committed and acknowledged to the broker [messages/s]."""
        messages = sum(piece.messages for piece in pieces)
        with self._consuming():
            began = time.perf_counter()
            self._site.publish(pieces)
            self._site.wait_for_acknowledgements()
            took_s = time.perf_counter() - began
        self._kept += messages
        missing = self._kept - self._rows()
        if missing:
            raise NotKeptError(f"readings were acknowledged and not kept by the {self._worker.name}", missing)
        return messages / took_s

    @contextmanager
    def _consuming(self) -> Iterator[None]:
        """With the consumer; its durable session ends with it."""
        self._worker.start()
        try:
            yield
        finally:
            self._worker.stop()
        self._site.forget(CLIENT_ID)

    def _rows(self) -> int:
        with closing(sqlite3.connect(self._database)) as database:
            return int(database.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0])  # noqa: S608 (our own name)
