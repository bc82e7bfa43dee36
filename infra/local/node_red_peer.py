"""Node-RED and InfluxDB 1 where they are installed: the other consumer that `bench compare` compares with.

An MQTT node with a durable session, a function that makes line protocol, up to 500 lines joined, and a
request to InfluxDB, which syncs its write-ahead log at each. Unlike ours it may lose what it has in hand:
Node-RED acknowledges a message before it is written.
"""

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from typing_extensions import override

from infra.local.broker import free_ports
from infra.local.child import ChildProcess
from infra.local.ingest_bench import TIMEOUT_S, NotKeptError, Site
from infra.local.mqtt_load import Burst

CLIENT_ID: Final = "node-red-0"
PROGRAMS: Final = ("node-red", "influxd")
START_TIMEOUT_S: Final = 60.0
SUBSCRIBE_S: Final = 1.0
"""Node-RED says that it is connected, not that it has subscribed [s]."""

POLL_S: Final = 0.05

_LINES: Final = """
const r = msg.payload;
const skip = ["device_id", "sampled_at", "mode"];
const fields = Object.keys(r).filter(k => !skip.includes(k)).map(k => k + "=" + r[k]).join(",");
msg.payload = `telemetry,device_id=${r.device_id},mode=${r.mode} ${fields} ${Date.parse(r.sampled_at)}`;
delete msg.topic;
return msg;
"""
_INFLUX: Final = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
"""
_SETTINGS: Final = """
module.exports = { uiHost: "127.0.0.1", uiPort: %d, credentialSecret: false, flowFile: "flows.json" };
"""


def why_not_measured() -> str:
    """Why these cannot be measured here; empty when they can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"not measured: {' and '.join(missing)} not installed"
    said = subprocess.run(["influxd", "version"], capture_output=True, text=True, check=False).stdout  # noqa: S607 (where the PATH says)
    return "" if "v1." in said else f"not measured: {said.strip()!r} is not InfluxDB 1"


class NodeRedPeer:
    """The two programs, with their files below a folder.

    Args:
        site: The broker.
        folder: For their files.
    """

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._influx_port, rpc_port, ui_port = free_ports(3)
        self._kept = 0
        influx, node_red = folder / "influx", folder / "node-red"
        for each in (influx, node_red):
            each.mkdir()
        configuration = influx / "influxdb.conf"
        configuration.write_text(_INFLUX.format(folder=influx, port=self._influx_port, rpc_port=rpc_port))
        self._influx = _Program(
            "influxd", ["influxd", "run", "-config", configuration], influx, "Listening on HTTP"
        )
        (node_red / "settings.js").write_text(_SETTINGS % ui_port)
        (node_red / "flows.json").write_text(json.dumps(_flow(site.port, self._influx_port)))
        login = {"broker": {"user": site.service.name, "password": site.service.password}}
        (node_red / "flows_cred.json").write_text(json.dumps(login))
        self._node_red = _Program(
            "node-red", ["node-red", "--userDir", node_red], node_red, "Connected to broker"
        )

    @contextmanager
    def consuming(self) -> Iterator[None]:
        """With both programs; the durable session ends with them.

        Raises:
            LocalError: One of them does not run.
        """
        self._influx.start()
        try:
            self._ask("CREATE DATABASE bench")
            self._node_red.start()
            time.sleep(SUBSCRIBE_S)
            yield
        finally:
            self._node_red.stop()
            self._influx.stop()
        self._site.forget(CLIENT_ID)

    def kept_per_s(self, pieces: Sequence[Burst]) -> float:
        """Publish until all can be counted in InfluxDB [messages/s].

        Raises:
            LocalError: Readings do not arrive.
        """
        messages = sum(piece.messages for piece in pieces)
        self._kept += messages
        began = time.perf_counter()
        self._site.publish(pieces)
        self._wait_for(self._kept)
        return messages / (time.perf_counter() - began)

    def _wait_for(self, count: int) -> None:
        deadline = time.perf_counter() + TIMEOUT_S
        while (found := self._count()) < count:
            if time.perf_counter() > deadline:
                raise NotKeptError("readings did not come to InfluxDB", count - found)
            time.sleep(POLL_S)

    def _count(self) -> int:
        series = self._ask("SELECT count(seq) FROM telemetry")["results"][0].get("series")
        return int(series[0]["values"][0][1]) if series else 0

    def _ask(self, statement: str) -> dict[str, list[dict[str, list[dict[str, list[list[int]]]]]]]:
        with closing(http.client.HTTPConnection("127.0.0.1", self._influx_port, timeout=30)) as connection:
            connection.request("POST", f"/query?db=bench&q={quote(statement)}")
            answer: dict[str, list[dict[str, list[dict[str, list[list[int]]]]]]]
            answer = json.loads(connection.getresponse().read())
            return answer


class _Program(ChildProcess):
    """A program that serves once its log says so."""

    def __init__(self, name: str, command: Sequence[str | Path], folder: Path, says: str) -> None:
        super().__init__(name, folder / f"{name}.log", START_TIMEOUT_S)
        self._command = command
        self._says = says

    @override
    def launch(self) -> None:
        self.log_path.unlink(missing_ok=True)
        self._spawn(self._command)

    @override
    def is_ready(self) -> bool:
        return self.log_path.exists() and self._says in self.log_path.read_text(errors="replace")


def _flow(mqtt_port: int, influx_port: int) -> list[dict[str, object]]:
    """The nodes as Node-RED keeps them."""
    return [
        {"id": "tab", "type": "tab", "label": "telemetry"},
        {
            "id": "broker",
            "type": "mqtt-broker",
            "broker": "127.0.0.1",
            "port": str(mqtt_port),
            "clientid": CLIENT_ID,
            "autoConnect": True,
            "protocolVersion": "4",
            "keepalive": "60",
            "cleansession": False,
        },
        {
            **_node("mqtt", "mqtt in", "lines"),
            "topic": "dt/ac/+/telemetry",
            "qos": "1",
            "datatype": "json",
            "broker": "broker",
        },
        {**_node("lines", "function", "join"), "func": _LINES, "outputs": 1},
        {
            **_node("join", "join", "request"),
            "mode": "custom",
            "build": "string",
            "property": "payload",
            "propertyType": "msg",
            "joiner": "\n",
            "joinerType": "str",
            "count": "500",
            "timeout": "0.05",
        },
        {
            **_node("request", "http request"),
            "method": "POST",
            "ret": "txt",
            "url": f"http://127.0.0.1:{influx_port}/write?db=bench&precision=ms",
        },
    ]


def _node(name: str, kind: str, *wires: str) -> dict[str, object]:
    """One with a place on the sheet; without, Node-RED takes it for a configuration."""
    targets = [f"node-{wire}" for wire in wires]
    return {"id": f"node-{name}", "type": kind, "z": "tab", "x": 100, "y": 100, "wires": [targets]}
