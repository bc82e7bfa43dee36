"""Mail by Amazon SES (API v2)."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from cloud.errors import RejectedError, UnavailableError
from cloud.ports.mail import Mail, Mailer

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
"""A mail that SES does not take within half a minute is asked for again by its person [s]."""

_REFUSED = frozenset(
    {
        *("MessageRejected", "BadRequestException", "MailFromDomainNotVerifiedException"),
        *("NotFoundException", "AccountSuspendedException", "SendingPausedException"),
    }
)
"""Error codes of `SendEmail` after which the same mail would be refused again (SES API v2 reference)."""


class SesMailer(Mailer):
    """A `Mailer` that sends from an address that SES has verified.

    Args:
        client: A client of `sesv2`.
        sender: What stands in `From`.
    """

    def __init__(self, client: Any, sender: str) -> None:  # noqa: ANN401 (boto3 has no types)
        self._client = client
        self._sender = sender

    @override
    def send(self, mail: Mail) -> None:
        content = {
            "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
        }
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mail.to]},
                Content={"Simple": content},
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _REFUSED:
                raise RejectedError(f"SES refuses the mail ({code})") from error
            raise UnavailableError(f"SES did not take the mail ({code})") from error
        except BotoCoreError as error:
            raise UnavailableError(f"SES does not answer ({type(error).__name__})") from error


def ses_mailer(sender: str, endpoint_url: str | None = None) -> SesMailer:
    """A mailer over SES; credentials and region as boto3 finds them."""
    return SesMailer(boto3.client("sesv2", endpoint_url=endpoint_url, config=CONFIG), sender)
