"""What the API serves in a second, beside bare Flask on the same server: `ac-advisor bench api`.

Two processes with the same granian and the same threads, asked in turn, round after round: ours with SQLite,
authentication and metrics, and one route of plain Flask that answers the same JSON from memory. 32 streams of
live updates are open at ours all the while.
"""

import os
import socket
import statistics
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psutil

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import ClaimRecord, DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry
from infra.local import bare_flask
from infra.local.api_client import ApiClient
from infra.local.api_profile import Profile, profile_recommendation
from infra.local.broker import free_ports
from infra.local.http_load import Load, exchange, measure, request
from infra.local.onboarding import register
from infra.local.sample_advice import sample_advice
from infra.local.supervisor import Worker
from mobile_api.config import ApiSettings

PEOPLE: Final = 8
"""Accounts, each with a home, a device and a connection."""

STREAMS_EACH: Final = 4
"""Streams of live updates of each of them: 32 in all."""

ROUNDS: Final = 5
"""Each asks every question once; figures are medians of the rounds."""

HISTORY_SHARE: Final = 10
"""A day of history is asked for so many times less often: it is the longest answer."""

_HOME: Final = {"name": "Flat", "latitude_deg": 45.0, "longitude_deg": 9.0, "timezone": "Europe/Rome"}


@dataclass(frozen=True, slots=True)
class Figures:
    """One question: the medians of its rounds, and the median ratios to the bare route of the same round.

    `cpu_us` is what the server works for one request [µs], its streams and all else that it does included;
    `cpu_ratio` is the bare route's by that. On a machine that others use too it flatters, as the others do.
    """

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    ratio: float
    p99_ratio: float
    cpu_ratio: float


@dataclass(frozen=True, slots=True)
class ApiRates:
    """What was measured.

    Attributes:
        bare: The bare route.
        recommendation: `GET /v1/devices/{id}/recommendation`, whole.
        recommendation_etag: The same with an ETag that holds: 304.
        accept: `POST /v1/recommendations/{id}/accept` and `dismiss` in turn, so that each is written.
        history_day: `GET /v1/devices/{id}/telemetry` of a day in steps of 5 min.
        streams: Open streams of live updates.
        stream_events: What they were told meanwhile.
        client_busy_ratio: How busy the load generator was at the bare route: below 1, it waited for it.
        load_average: Of the machine over a minute, when it began: above its cores, others worked there.
        profile: Where the time of a recommendation goes, if that was asked.
    """

    bare: Figures
    recommendation: Figures
    recommendation_etag: Figures
    accept: Figures
    history_day: Figures
    streams: int
    stream_events: int
    client_busy_ratio: float
    load_average: float
    profile: Profile | None


Questions = Mapping[str, tuple[Sequence[Sequence[bytes]], int, tuple[int, ...]]]
"""By name: what each connection sends, how many requests in a round, what may be answered."""


def measure_api(requests: int, *, profile: bool = False) -> ApiRates:
    """Ask each question `requests` times a round; with `profile` a recommendation once more afterwards.

    Raises:
        LocalError: A process does not run, or answers as it should not.
    """
    load_average = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name))
        with site.running(), site.watched() as listeners:
            rounds = [_round(site, requests) for _ in range(ROUNDS)]
        streams, events = len(listeners.open), listeners.events
        found = site.profile(requests) if profile else None
    return ApiRates(
        **{
            name: _figures([each[name] for each in rounds], [each["bare"] for each in rounds])
            for name in rounds[0]
        },
        streams=streams,
        stream_events=events,
        client_busy_ratio=round(statistics.median(each["bare"].load.busy_ratio for each in rounds), 3),
        load_average=round(load_average, 1),
        profile=found,
    )


def rows_of(rates: ApiRates) -> dict[str, object]:
    """Every figure under a name of its own, for a table."""
    return dict(_flat("", asdict(rates)))


def _flat(name: str, figures: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in figures.items():
        if isinstance(value, dict):
            yield from _flat(f"{name}{key} ", value)
        elif value is not None:
            yield f"{name}{key}", value


@dataclass(frozen=True, slots=True)
class _Served:
    """What a server took in a round, and what it worked for each request [µs]."""

    load: Load
    cpu_us: float


def _round(site: "Site", requests: int) -> dict[str, _Served]:
    bare = _served(site.bare, site.bare_port, [[request("GET", "/")]] * PEOPLE, requests, (200,))
    questions = site.questions(requests).items()
    return {"bare": bare, **{name: _served(site.api, site.port, *question) for name, question in questions}}


def _served(
    worker: Worker, port: int, asked: Sequence[Sequence[bytes]], count: int, statuses: tuple[int, ...]
) -> _Served:
    before_s = _cpu_s(worker)
    load = measure(port, asked, count, statuses)
    return _Served(load, (_cpu_s(worker) - before_s) / count * 1e6)


def _cpu_s(worker: Worker) -> float:
    """What the processes of a server have worked so far [s]."""
    if worker.pid is None:
        raise worker.failure()
    times = [each.cpu_times() for each in psutil.Process(worker.pid).children(recursive=True)]
    return sum(each.user + each.system for each in times)


def _figures(rounds: Sequence[_Served], bare: Sequence[_Served]) -> Figures:
    loads = [each.load for each in rounds]
    pairs = [(each.load, other.load) for each, other in zip(rounds, bare, strict=True)]
    cpu_us, bare_us = (statistics.fmean(each.cpu_us for each in those) for those in (rounds, bare))
    return Figures(
        requests_per_s=round(statistics.median(each.requests_per_s for each in loads), 1),
        p50_ms=round(statistics.median(each.p50_ms for each in loads), 3),
        p99_ms=round(statistics.median(each.p99_ms for each in loads), 3),
        cpu_us=round(cpu_us, 1),  # a mean: the clock of a process ticks each 10 ms
        ratio=round(
            statistics.median(each.requests_per_s / other.requests_per_s for each, other in pairs), 3
        ),
        p99_ratio=round(statistics.median(each.p99_ms / other.p99_ms for each, other in pairs), 3),
        cpu_ratio=round(bare_us / cpu_us, 3),
    )


@dataclass(slots=True)
class Listeners:
    """Clients of streams; a thread reads what they are told."""

    open: list[socket.socket] = field(default_factory=list[socket.socket])
    events: int = 0
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def listen(self, port: int, token: str) -> None:
        """Open a stream."""
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(request("GET", "/v1/events", token))
        self.open.append(connection)
        thread = threading.Thread(target=self._read, args=(connection,), daemon=True)
        thread.start()
        self._threads.append(thread)

    def close(self) -> None:
        """Hang up."""
        for connection in self.open:
            connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for connection in self.open:
            connection.close()

    def _read(self, connection: socket.socket) -> None:
        while piece := connection.recv(1 << 16):
            self.events += piece.count(b"event: ")


class Site:
    """The API with people, and the bare route, each a process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port, self.bare_port = free_ports(2)
        self.people: list[tuple[str, str]] = []
        """The token and the device of each."""
        self.api = self._worker("api", ("mobile_api",), self.port)
        self.bare = self._worker(
            "bare", ("infra.local.bare_flask", str(folder / "bare"), str(self.bare_port)), 0
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """With both processes; everybody has advice and a day of readings."""
        with closing(SqliteReadingLog(self._folder / "api" / "ingest.sqlite")) as log:
            self.api.start()
            try:
                bare_flask.keep_answer(self._folder / "bare", self._move_in(log))
                self.bare.start()
                yield
            finally:
                self.bare.stop()
                self.api.stop()

    @contextmanager
    def watched(self) -> Iterator[Listeners]:
        """With all the streams."""
        listeners = Listeners()
        try:
            for token, _ in self.people * STREAMS_EACH:
                listeners.listen(self.port, token)
            yield listeners
        finally:
            listeners.close()

    def questions(self, requests: int) -> Questions:
        """What is asked in a round."""
        paths = [(token, f"/v1/devices/{device_id}") for token, device_id in self.people]
        advice = [(token, f"/v1/recommendations/advice-{device_id}") for token, device_id in self.people]
        whole = [[request("GET", f"{path}/recommendation", token)] for token, path in paths]
        tags = [exchange(self.port, each[0])[1]["etag"] for each in whole]
        known = [
            [request("GET", f"{path}/recommendation", token, If_None_Match=tag)]
            for (token, path), tag in zip(paths, tags, strict=True)
        ]
        presses = [
            [request("POST", f"{path}/{verdict}", token) for verdict in ("accept", "dismiss")]
            for token, path in advice
        ]
        day = [[request("GET", f"{path}/telemetry?{_day()}&resolution=5min", token)] for token, path in paths]
        return {
            "recommendation": (whole, requests, (200,)),
            "recommendation_etag": (known, requests, (304,)),
            "accept": (presses, requests, (200,)),
            "history_day": (day, requests // HISTORY_SHARE, (200,)),
        }

    def profile(self, calls: int) -> Profile:
        """Of a recommendation, over what the process has left."""
        token, device_id = self.people[0]
        folder = self._folder / "api"
        settings = ApiSettings(
            data_dir=folder, port=self.port, rate_per_minute=1_000_000, log_level="warning"
        )
        return profile_recommendation(
            folder, settings, token, f"/v1/devices/{device_id}/recommendation", calls
        )

    def _move_in(self, log: SqliteReadingLog) -> bytes:
        """Accounts, homes, devices, advice, readings; what the first one is advised."""
        client = ApiClient(self.port)
        with closing(SqliteStateStore(self._folder / "api" / "state.sqlite")) as state:
            for number in range(PEOPLE):
                client.token = None
                register(client, f"person{number}@example.org")
                home = client.call("POST", "/v1/homes", _HOME)
                device_id = f"dev-{number}"
                _show_code(state, device_id)
                client.call(
                    "POST", "/v1/devices/claim", {"code": f"CODE{number:04}", "home_id": home["home_id"]}
                )
                advice = sample_advice(
                    f"advice-{device_id}", device_id, datetime.now(UTC), timedelta(hours=6)
                )
                state.transact([Put(device_pk(device_id), "advice", advice.model_dump(mode="json"))])
                for reading in _readings(device_id):
                    log.commit(IngestCommit(readings=[reading]))  # as they come: many at once are kept apart
                self.people.append((str(client.token), device_id))
        token, device_id = self.people[0]
        return exchange(self.port, request("GET", f"/v1/devices/{device_id}/recommendation", token))[2]

    def _worker(self, name: str, module: Sequence[str], port: int) -> Worker:
        folder = self._folder / name
        environment = {
            **os.environ,  # noqa: TID251 (handed on to a child, as the stack does)
            "API_DATA_DIR": str(folder),
            "API_LOG_LEVEL": "warning",
            "API_RATE_PER_MINUTE": "1000000",  # counted as ever, and never used up
        } | ({"API_PORT": str(port)} if port else {})
        return Worker(name, module, environment, folder / "run" / "api.ready", self._folder / f"{name}.log")


def _show_code(state: SqliteStateStore, device_id: str) -> None:
    code = f"CODE{int(device_id.removeprefix('dev-')):04}"
    claim = ClaimRecord(code=code, device_id=device_id)
    device = DeviceRecord(device_id=device_id)
    state.transact(
        [
            Put(f"claim#{code}", "claim", claim.model_dump(mode="json")),
            Put(device_pk(device_id), "device", device.model_dump(mode="json")),
        ]
    )


def _day() -> str:
    """The query of the last 24 h, to the hour."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return f"from={end - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"


def _readings(device_id: str) -> list[Telemetry]:
    """Two days, one every 5 min."""
    now = datetime.now(UTC).replace(microsecond=0)
    return [
        Telemetry(
            device_id=device_id,
            sampled_at=now - timedelta(minutes=5 * (576 - step)),
            mode="cool",
            setpoint_c=24.0,
            indoor_dry_bulb_c=24.4,
            indoor_rh_pct=50.0,
            outdoor_dry_bulb_c=31.0,
            electric_power_w=640.0,
            energy_total_kwh=0.053 * step,
        )
        for step in range(576)
    ]
