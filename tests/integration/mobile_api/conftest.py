"""The API as a process over SQLite files, and a person with a phone."""

import base64
import hashlib
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import psutil
import pytest

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.admission import first_writes
from cloud.ports.records import (
    AdviceStatus,
    ClaimRecord,
    DeviceRecord,
    PlanRecord,
    PlanStepRecord,
    device_pk,
)
from cloud.ports.state import Put
from cloud.ports.telemetry import DeadLetter, IngestCommit
from edge.contract import Telemetry
from infra.local.broker import free_ports
from infra.local.sample_advice import sample_advice
from mobile_api.operators import grant_operator

EMAIL, PASSWORD = "ann@example.org", "a long enough one"
VERIFIER = "v" * 43
START_CPU_S = 30.0
"""A start takes a tenth of it; on a busy machine it takes long, but not more work [s of CPU]."""

START_TIMEOUT_S = 600.0
"""A process that waits for something that never comes works not at all."""

STOP_TIMEOUT_S = 60.0
Json: TypeAlias = Any


@dataclass(slots=True)
class ApiProcess:
    """`python -m mobile_api` on a free port."""

    data_dir: Path
    port: int
    state: SqliteStateStore
    log: SqliteReadingLog
    process: subprocess.Popen[bytes] | None = None
    token: str | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def ready_path(self) -> Path:
        return self.data_dir / "run" / "api.ready"

    def start(self) -> None:
        settings = {"API_DATA_DIR": str(self.data_dir), "API_PORT": str(self.port)}
        settings |= {"API_RATE_PER_MINUTE": "1000000", "API_ANONYMOUS_RATE_PER_MINUTE": "1000000"}
        settings |= self.settings
        self.process = subprocess.Popen([sys.executable, "-m", "mobile_api"], env=settings)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.ready_path.exists():
            assert self.process.poll() is None, "the API ended while it started"
            assert self._worked_s() < START_CPU_S, "the API is not ready with so much work"
            assert time.monotonic() < deadline, "the API is not ready in time"
            time.sleep(0.02)

    def _worked_s(self) -> float:
        """What it and its worker have worked so far [s of CPU]."""
        assert self.process is not None
        worked_s = 0.0
        with suppress(psutil.NoSuchProcess):  # it ends while we look
            own = psutil.Process(self.process.pid)
            for each in (own, *own.children(recursive=True)):
                worked_s += sum(each.cpu_times()[:2])
        return worked_s

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_S)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.ready_path.unlink()

    def exchange(self, method: str, path: str, body: object = None, form: Json = None) -> tuple[int, Json]:
        headers = {"Accept": "application/json", "Connection": "close"}
        payload = None
        if form is not None:
            payload, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        elif body is not None:
            payload, headers["Content-Type"] = json.dumps(body), "application/json"
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, payload, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        is_json = "json" in (response.getheader("Content-Type") or "")
        return response.status, json.loads(text) if is_json else text.decode()

    def sign_up(self) -> None:
        assert self.exchange("POST", "/v1/accounts", {"email": EMAIL, "password": PASSWORD})[0] == 201
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        client = {"client_id": "ac-advisor-app", "redirect_uri": "http://127.0.0.1/callback"}
        grant = {
            "response_type": "code",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "email": EMAIL,
            "password": PASSWORD,
        }
        status, granted = self.exchange("POST", "/oauth/authorize", form=client | grant)
        assert status == 200, granted
        code = {
            "grant_type": "authorization_code",
            "code": granted["authorization_code"],
            "code_verifier": VERIFIER,
        }
        status, tokens = self.exchange("POST", "/oauth/token", form=client | code)
        assert status == 200, tokens
        self.token = tokens["access_token"]

    def pair(self, device_id: str = "dev-1") -> None:
        home = {"name": "Flat", "latitude_deg": 45.0, "longitude_deg": 9.0, "timezone": "Europe/Rome"}
        _, made = self.exchange("POST", "/v1/homes", home)
        self.show_code(device_id)
        body = {"code": "ABCD2345", "home_id": made["home_id"], "name": "Living room"}
        assert self.exchange("POST", "/v1/devices/claim", body)[0] == 201

    def show_code(self, device_id: str = "dev-1") -> None:
        """A device is registered, and shows a code."""
        claim = ClaimRecord(code="ABCD2345", device_id=device_id)
        device = DeviceRecord(device_id=device_id)
        self.state.transact(
            [
                Put("claim#ABCD2345", "claim", claim.model_dump(mode="json")),
                Put(device_pk(device_id), "device", device.model_dump(mode="json")),
            ]
        )

    def show_gateway(self, gateway_id: str, *behind: str) -> None:
        """A gateway shows a code, and devices are registered behind it."""
        claim = ClaimRecord(code="GATE2345", device_id=gateway_id, kind="gateway")
        devices = [DeviceRecord(device_id=device_id, gateway_id=gateway_id) for device_id in behind]
        writes = [put for device in devices for put in first_writes(device)]
        self.state.transact([Put("claim#GATE2345", "claim", claim.model_dump(mode="json")), *writes])

    def refuse(self) -> None:
        """Something is refused, and the person of the home operates the service."""
        now = datetime.now(UTC)
        letter = DeadLetter(
            letter_id="7" * 32,
            received_at=now,
            topic="dt/ac/dev-9/telemetry",
            principal="dev-9",
            reason="unknown device",
            index=None,
            element=b'{"device_id": "dev-9"}',
        )
        self.log.commit(IngestCommit(dead_letters=[letter]))
        grant_operator(self.state, EMAIL, now)

    def report(self, hours: int = 6) -> None:
        now = datetime.now(UTC)
        readings = [
            Telemetry(
                device_id="dev-1",
                sampled_at=now - timedelta(minutes=5 * step),
                mode="cool",
                setpoint_c=24.0,
                indoor_dry_bulb_c=24.4,
                outdoor_dry_bulb_c=31.0,
                electric_power_w=640.0,
            )
            for step in range(12 * hours)
        ]
        self.log.commit(IngestCommit(readings=readings))

    def advise(self, status: AdviceStatus = "offered") -> None:
        now = datetime.now(UTC)
        advice = sample_advice("advice-1", "dev-1", now, timedelta(hours=2)).model_copy(
            update={"status": status}
        )
        steps = [(0, 25.5), (2, 26.0), (5, 24.5), (8, 24.0)]
        plan = PlanRecord(
            advice_id="advice-1",
            made_at=now,
            steps=tuple(
                PlanStepRecord(at=now + timedelta(hours=after_h), setpoint_c=setpoint_c, mode="cool")
                for after_h, setpoint_c in steps
            ),
        )
        items = {"advice": advice, "plan": plan}
        pk = device_pk("dev-1")
        self.state.transact([Put(pk, sk, each.model_dump(mode="json")) for sk, each in items.items()])


@contextmanager
def running(folder: Path, settings: dict[str, str]) -> Iterator[ApiProcess]:
    """The API over files in `folder`; its limits are off, unless the settings say otherwise."""
    (port,) = free_ports(1)
    state = SqliteStateStore(folder / "state.sqlite")
    log = SqliteReadingLog(folder / "ingest.sqlite")
    api = ApiProcess(folder, port, state, log, settings=settings)
    try:
        api.start()
        yield api
    finally:
        if api.process is not None and api.process.poll() is None:
            api.process.kill()
            api.process.wait()
        state.close()
        log.close()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiProcess]:
    with running(tmp_path, {}) as api:
        yield api
