"""A push message, as a browser's push service and the browser get it."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from cloud.adapters.memory_state import MemoryStateStore
from mobile_api.push_sender import PushSender, open_sender
from mobile_api.records import SubscriptionRecord


class PushService:
    """A stand-in on loopback that answers with a status and keeps what came."""

    def __init__(self) -> None:
        self.status = 201
        self.messages: list[tuple[dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.messages.append((dict(self.headers), body))
                self.send_response(service.status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """A test is silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def service() -> Iterator[PushService]:
    service = PushService()
    yield service
    service.close()


@pytest.fixture
def sender() -> PushSender:
    return open_sender(MemoryStateStore(), "mailto:ops@example.org", private_ok=True)


@pytest.fixture
def browser() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


SECRET = bytes(range(16))


def subscription(service: PushService, browser: ec.EllipticCurvePrivateKey) -> SubscriptionRecord:
    form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return SubscriptionRecord(
        account_id="a-1",
        session_id="s-1",
        endpoint=f"{service.origin}/send/1?of=us",
        p256dh=base64.urlsafe_b64encode(browser.public_key().public_bytes(*form)).decode().rstrip("="),
        auth=base64.urlsafe_b64encode(SECRET).decode().rstrip("="),
    )


def test_the_browser_reads_that_advice_waits_and_nothing_else(
    service: PushService, sender: PushSender, browser: ec.EllipticCurvePrivateKey
) -> None:
    assert sender.send(subscription(service, browser)) == "sent"

    ((headers, body),) = service.messages
    told = http_ece.decrypt(body, private_key=browser, auth_secret=SECRET, version="aes128gcm")
    assert json.loads(told) == {"kind": "advice"}
    assert (headers["Content-Encoding"], headers["TTL"]) == ("aes128gcm", "3600")


def test_the_push_service_can_tell_who_sends(
    service: PushService, sender: PushSender, browser: ec.EllipticCurvePrivateKey
) -> None:
    sender.send(subscription(service, browser))

    words = service.messages[0][0]["Authorization"].removeprefix("vapid ").replace(",", " ").split()
    fields = dict(word.split("=", 1) for word in words)
    assert fields["k"] == sender.public_key
    point = base64.urlsafe_b64decode(fields["k"] + "=")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(fields["t"], ECKey.import_key(pem), algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"]) == (service.origin, "mailto:ops@example.org")


@pytest.mark.parametrize(
    ("status", "outcome"), [(410, "gone"), (404, "gone"), (429, "later"), (503, "later"), (307, "later")]
)
def test_what_the_push_service_answers_is_understood_and_never_followed(
    service: PushService, sender: PushSender, browser: ec.EllipticCurvePrivateKey, status: int, outcome: str
) -> None:
    service.status = status

    assert sender.send(subscription(service, browser)) == outcome
    assert len(service.messages) == 1


def test_a_push_service_that_is_away_is_tried_later(
    service: PushService, sender: PushSender, browser: ec.EllipticCurvePrivateKey
) -> None:
    to = subscription(service, browser).model_copy(update={"endpoint": "http://127.0.0.1:1/x"})

    assert sender.send(to) == "later"
