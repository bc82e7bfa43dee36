"""Two replicas on one store behind nginx: each is restarted under load, and nobody notices.

nginx has its defaults: a connection for each request, and the next replica where one does not take it, so
what was sent is never sent twice. But for `max_fails=0`: it would not look at a replica for ten seconds after
that, in which the other may be restarted.
"""

import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import INBOX_PK
from cloud.ports.state import Item
from infra.local.broker import free_ports
from tests.integration.mobile_api.conftest import running
from tests.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream replicas {{ {servers} }}
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://replicas; }} }}
}}
"""
CLIENTS = 4
CALM_S = 1.0

pytestmark = [
    pytest.mark.nginx,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]


@contextmanager
def nginx(folder: Path, replicas: list["ApiProcess"]) -> Iterator[int]:
    """nginx before the replicas; the port."""
    (port,) = free_ports(1)
    folder.mkdir()
    servers = " ".join(f"server 127.0.0.1:{replica.port} max_fails=0;" for replica in replicas)
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, servers=servers, port=port))
    command = [NGINX or "nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", "nginx.conf"]
    process = subprocess.Popen(command)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


@dataclass(slots=True)
class Load:
    """People who look at their advice and say how it feels, as fast as they are answered."""

    front: "ApiProcess"
    statuses: Counter[int | str] = field(default_factory=Counter[int | str])
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def on(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._press) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _press(self) -> None:
        while not self._ended.is_set():
            self._ask("GET", "/v1/devices/dev-1/recommendation")
            self._ask("POST", "/v1/devices/dev-1/feedback", {"kind": "a_bit_warm"})

    def _ask(self, method: str, path: str, body: object = None) -> None:
        try:
            status: int | str = self.front.exchange(method, path, body)[0]
        except OSError as error:
            status = type(error).__name__
        self.statuses[status] += 1


def _is_ready(replica: "ApiProcess") -> bool:
    try:
        return replica.exchange("GET", "/readyz")[0] == 200
    except OSError:
        return False


def _restart(replica: "ApiProcess") -> None:
    assert replica.process is not None
    replica.process.send_signal(signal.SIGTERM)
    assert replica.process.wait(10) == 0
    replica.start()
    wait_for(lambda: _is_ready(replica))


def _inbox(api: "ApiProcess") -> list[Item]:
    found: list[Item] = []
    while part := api.state.query(INBOX_PK, after=found[-1].sk if found else "", limit=1000):
        found += part
    return found


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[list["ApiProcess"]]:
    """Two on the same files and under the same address, with a home and advice."""
    (port,) = free_ports(1)
    with running(tmp_path, {"API_PUBLIC_URL": "http://127.0.0.1"}) as first:
        second = replace(first, port=port, process=None)
        second.start()
        with _ended(second):
            wait_for(lambda: _is_ready(second))
            first.sign_up()
            first.pair()
            first.report()
            first.advise()
            yield [first, second]


@contextmanager
def _ended(second: "ApiProcess") -> Iterator[None]:
    try:
        yield
    finally:
        if second.process is not None and second.process.poll() is None:
            second.process.kill()
            second.process.wait()


def test_a_restart_of_each_replica_fails_no_request_and_loses_none(
    replicas: list["ApiProcess"], tmp_path: Path
) -> None:
    with nginx(tmp_path / "nginx", replicas) as port:
        front = replace(replicas[0], port=port, process=None)
        wait_for(lambda: _is_ready(front))
        load = Load(front)
        with load.on():
            for replica in replicas:
                time.sleep(CALM_S)
                _restart(replica)
            time.sleep(CALM_S)

    kept = _inbox(replicas[0])
    print(f"{load.statuses.total()} requests, {dict(load.statuses)}; {len(kept)} kept")
    assert set(load.statuses) == {200, 202}
    assert len(kept) == load.statuses[202]
