"""What every mailer promises, asked of each: memory, console, and SES (moto's server; botocore's stubs)."""

import io
import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cloud.adapters.console_mailer import ConsoleMailer
from cloud.adapters.memory_mailer import MemoryMailer
from cloud.errors import RejectedError, UnavailableError
from cloud.ports.mail import Mail, Mailer

SENDER = "advisor@example.org"
MAIL = Mail("ann@example.org", "Your link: 25.5 °C", "Öffnen:\nhttps://app.example/reset?token=abc\n")


@dataclass
class Post:
    mailer: Mailer
    delivered: Callable[[], str]


@pytest.fixture(params=["memory", "console", "ses"])
def post(request: pytest.FixtureRequest) -> Post:
    if request.param == "memory":
        memory = MemoryMailer()
        return Post(memory, lambda: "\n".join(f"{m.to} {m.subject} {m.text}" for m in memory.sent))
    if request.param == "console":
        out = io.StringIO()
        return Post(ConsoleMailer(out), out.getvalue)
    return _ses(request.getfixturevalue("s3_endpoint"))


def _ses(endpoint: str) -> Post:
    boto3 = pytest.importorskip("boto3")
    from cloud.adapters.ses_mailer import SesMailer  # noqa: PLC0415 (imports boto3)

    client = boto3.client("sesv2", endpoint_url=endpoint)
    client.create_email_identity(EmailIdentity=SENDER)

    def delivered() -> str:
        with urllib.request.urlopen(f"{endpoint}/moto-api/data.json") as answer:  # noqa: S310 (loopback)
            found: dict[str, Any] = json.load(answer)
        return json.dumps(found["ses"]["Message"], ensure_ascii=False).replace("\\n", "\n")

    return Post(SesMailer(client, SENDER), delivered)


def test_a_mail_arrives_whole(post: Post) -> None:
    post.mailer.send(MAIL)

    delivered = post.delivered()
    assert MAIL.to in delivered
    assert "25.5 °C" in delivered
    assert "https://app.example/reset?token=abc" in delivered


def test_a_header_cannot_be_smuggled_in_on_the_console() -> None:
    out = io.StringIO()

    with pytest.raises(RejectedError):
        ConsoleMailer(out).send(Mail("ann@example.org\nBcc: eve@example.org", "x", "y"))

    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("MessageRejected", RejectedError),
        ("MailFromDomainNotVerifiedException", RejectedError),
        ("TooManyRequestsException", UnavailableError),
        ("LimitExceededException", UnavailableError),
    ],
)
def test_ses_answers_become_the_ports_errors(code: str, error: type[Exception]) -> None:
    pytest.importorskip("boto3")
    from cloud.adapters.ses_mailer import SesMailer  # noqa: PLC0415 (imports boto3)
    from tests.aws_stub import stubbed  # noqa: PLC0415 (likewise)

    with stubbed("sesv2") as stub:
        stub.add_client_error("send_email", code)
        with pytest.raises(error):
            SesMailer(stub.client, SENDER).send(MAIL)


def test_a_service_that_is_not_there_is_unavailable() -> None:
    boto3 = pytest.importorskip("boto3")
    from botocore.config import Config  # noqa: PLC0415 (comes with boto3)

    from cloud.adapters.ses_mailer import SesMailer  # noqa: PLC0415 (imports boto3)

    once = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    client = boto3.client(
        "sesv2",
        "eu-west-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nobody",
        endpoint_url="http://127.0.0.1:9",
        config=once,
    )

    with pytest.raises(UnavailableError):
        SesMailer(client, SENDER).send(MAIL)
