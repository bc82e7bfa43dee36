"""Logs of every kind, and a stand-in for Open-Meteo on loopback that answers as documented, or as asked."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cloud.adapters import sqlite_log
from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.ports.weather import WeatherHour
from tests.contract.cloud.any_log import AnyLog


def answer_of(hours: Sequence[WeatherHour]) -> dict[str, Any]:
    """The answer of the service to our question, https://open-meteo.com/en/docs: hourly arrays of one length.

    Temperature and humidity at the full hour, sunshine as the mean of the hour before it; the means of
    hours that come out are those that went in.
    """
    first = int(hours[0].at.timestamp())
    dry_bulb_c = _at_hours([hour.outdoor_dry_bulb_c for hour in hours])
    rh_pct = _at_hours([hour.outdoor_rh_pct or 0.0 for hour in hours])
    return {
        "latitude": 33.5,
        "longitude": -112.1,
        "generationtime_ms": 0.06,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 331.0,
        "hourly_units": {
            "time": "unixtime",
            "temperature_2m": "°C",
            "relative_humidity_2m": "%",
            "shortwave_radiation": "W/m²",
        },
        "hourly": {
            "time": [first + 3600 * n for n in range(len(hours) + 1)],
            "temperature_2m": dry_bulb_c,
            "relative_humidity_2m": rh_pct,
            "shortwave_radiation": [None, *(hour.ghi_w_m2 for hour in hours)],
        },
    }


def _at_hours(means: Sequence[float]) -> list[float]:
    """Values at both ends of each hour whose middles are `means`, on a line through the first two."""
    values = [means[0] - (means[1] - means[0]) / 2]
    for mean in means:
        values.append(2 * mean - values[-1])
    return values


@dataclass
class Answer:
    status: int
    body: bytes
    delay_s: float = 0.0
    claimed_length: int | None = None


class StandIn:
    """Answers each question with the next of its answers, and with the last one for ever.

    Attributes:
        url: Where it is.
        questions: What was asked: path and query.
    """

    def __init__(self) -> None:
        self.questions: list[str] = []
        self._answers = [Answer(404, b"{}")]
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand_in.serve(self)

            def log_message(self, *_: object) -> None:
                """A test is silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self._is_open = True

    def say(self, hours: Sequence[WeatherHour]) -> None:
        self.answer_in_turn(self.make(200, json.dumps(answer_of(hours))))

    @staticmethod
    def make(status: int, body: str, *, delay_s: float = 0.0, claimed_length: int | None = None) -> Answer:
        return Answer(status, body.encode(), delay_s, claimed_length)

    def answer_in_turn(self, *answers: Answer) -> None:
        self._answers = list(answers)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        self.questions.append(request.path)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        time.sleep(answer.delay_s)
        try:
            request.send_response(answer.status)
            length = len(answer.body) if answer.claimed_length is None else answer.claimed_length
            request.send_header("Content-Length", str(length))
            request.end_headers()
            request.wfile.write(answer.body)
        except OSError:
            pass  # nobody waits any more

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    stand_in.close()


@pytest.fixture(params=["memory", "sqlite", "sqlite_in_batches"])
def log(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnyLog]:
    if request.param == "memory":
        yield MemoryReadingLog()
        return
    if request.param == "sqlite_in_batches":
        monkeypatch.setattr(sqlite_log, "BATCH_ROWS", 1)
        monkeypatch.setattr(sqlite_log, "MAX_BATCH_ROWS", 3)
        monkeypatch.setattr(sqlite_log, "MAX_UNPACK_ROWS", 2)
    sqlite = SqliteReadingLog(tmp_path / "sub" / "ingest.sqlite")
    yield sqlite
    sqlite.close()


@pytest.fixture(params=["memory", "sqlite", "files", "s3"])
def log_or_files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyLog | LakeFiles]:
    """Where one machine keeps what it was told, and where Lambdas do."""
    if request.param == "memory":
        yield MemoryReadingLog()
    elif request.param == "sqlite":
        with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
            yield log
    elif request.param == "files":
        yield LocalFiles(tmp_path)
    else:
        yield request.getfixturevalue("make_s3_files")()
