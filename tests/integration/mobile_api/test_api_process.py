"""The API as it is run: granian, SQLite, signals."""

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psutil

from cloud.ports.records import INBOX_PK, InboxEntry
from mobile_api.streams import MAX_STREAMS_EACH

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess


def _inbox(api: "ApiProcess") -> list[InboxEntry]:
    return [InboxEntry.model_validate(item.body) for item in api.state.query(INBOX_PK, limit=10_000)]


def test_the_whole_way_from_an_account_to_an_answer_in_the_inbox(api: "ApiProcess") -> None:
    api.sign_up()
    api.pair()
    assert api.exchange("GET", "/v1/devices/dev-1/recommendation")[0] == 503
    api.report()
    api.advise()

    status, shown = api.exchange("GET", "/v1/devices/dev-1/recommendation")
    assert (status, shown["status"], shown["setpoint_c"]) == (200, "offered", 25.5)
    status, history = api.exchange("GET", "/v1/devices/dev-1/telemetry?resolution=1h")
    assert status == 200
    assert 6 <= len(history["readings"]) <= 7
    status, accepted = api.exchange("POST", "/v1/recommendations/advice-1/accept")

    assert (status, accepted["status"]) == (200, "accepted")
    (entry,) = _inbox(api)
    assert (entry.kind, entry.advice_id, entry.device_id) == ("accepted", "advice-1", "dev-1")
    assert api.exchange("GET", "/readyz")[0] == 200


def test_sigterm_ends_it_cleanly_and_frees_the_port(api: "ApiProcess") -> None:
    assert api.stop() == 0

    assert not api.ready_path.exists()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", api.port))


def test_a_taken_port_is_said_in_one_line(api: "ApiProcess") -> None:
    settings = {"API_DATA_DIR": str(api.data_dir / "other"), "API_PORT": str(api.port)}

    second = subprocess.run(
        [sys.executable, "-m", "mobile_api"],
        env=settings,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"127.0.0.1:{api.port}" in second.stderr
    assert api.ready_path.exists()


def test_after_a_kill_nothing_is_left_running_and_everything_is_known_again(api: "ApiProcess") -> None:
    api.sign_up()
    api.pair()
    assert api.process is not None
    workers = psutil.Process(api.process.pid).children(recursive=True)
    assert len(workers) == 1

    api.kill()

    assert psutil.wait_procs(workers, timeout=5)[1] == []
    api.start()
    status, devices = api.exchange("GET", "/v1/devices")  # the same token: the signing key was kept
    assert (status, devices["items"][0]["device_id"]) == (200, "dev-1")


def test_it_waits_for_ingest_to_make_its_file(api: "ApiProcess") -> None:
    api.log.close()
    for file in api.data_dir.glob("ingest.sqlite*"):
        file.unlink()
    api.stop()
    api.start()

    status, problem = api.exchange("GET", "/readyz")

    assert (status, problem["title"]) == (503, "Service Unavailable")


def test_presses_at_the_same_moment_are_all_answered(api: "ApiProcess") -> None:
    api.sign_up()
    api.pair()
    answers: list[int] = []

    def press() -> None:
        for _ in range(5):
            body = {"kind": "a_bit_warm"}
            answers.append(api.exchange("POST", "/v1/devices/dev-1/feedback", body)[0])

    threads = [threading.Thread(target=press) for _ in range(8)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [202] * 40
    assert len(_inbox(api)) == 40
    assert time.monotonic() - started < 30


def test_sigterm_ends_streams_and_says_not_ready_while_it_still_answers(api: "ApiProcess") -> None:
    api.sign_up()
    api.pair()
    assert api.process is not None
    with closing(_open_stream(api)) as stream:
        assert _until(stream, b"event: health")
        assert api.exchange("GET", "/readyz")[0] == 200

        api.process.send_signal(signal.SIGTERM)

        assert _until(stream, b'{"reason":"draining"}')
    assert api.exchange("GET", "/readyz")[0] == 503
    assert api.process.wait(5) == 0


def test_what_was_begun_is_answered_while_it_ends(api: "ApiProcess") -> None:
    api.sign_up()
    api.pair()
    assert api.process is not None
    answers: list[int] = []

    def press() -> None:
        while True:
            try:
                answers.append(api.exchange("POST", "/v1/devices/dev-1/feedback", {"kind": "a_bit_warm"})[0])
            except (ConnectionRefusedError, ConnectionResetError):
                return  # reset: not accepted when the door closed; one that was begun would be in the inbox

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(answers) < 20:
        time.sleep(0.01)
    api.stop()
    for thread in threads:
        thread.join()

    assert set(answers) == {202}
    assert len(_inbox(api)) == len(answers)


def test_a_client_that_goes_away_frees_its_seat_when_there_is_something_to_say(api: "ApiProcess") -> None:
    api.sign_up()
    api.pair()
    for _ in range(MAX_STREAMS_EACH):
        with closing(_open_stream(api)) as stream:
            assert _until(stream, b"event: health")
    assert _status(api) == 429

    deadline = time.monotonic() + 10
    while _status(api) != 200:
        api.report(hours=1)
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _open_stream(api: "ApiProcess") -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", api.port), timeout=10)
    request = f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    stream.sendall(request.encode())
    return stream


def _status(api: "ApiProcess") -> int:
    """How a new stream is answered."""
    with closing(_open_stream(api)) as stream:
        return int(_until(stream, b"\r\n").split()[1])


def _until(stream: socket.socket, words: bytes) -> bytes:
    """What the stream has said when it has said `words`; empty when it ends before."""
    said = b""
    while words not in said:
        piece = stream.recv(65536)
        if not piece:
            return b""
        said += piece
    return said
