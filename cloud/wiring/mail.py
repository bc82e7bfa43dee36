"""The mailer that the settings name."""

import sys
from typing import Literal

from cloud.adapters.console_mailer import ConsoleMailer
from cloud.ports.mail import Mailer


def open_mailer(kind: Literal["console", "ses"], sender: str) -> Mailer:
    """Mail to the console (stderr), or by SES from `sender`."""
    if kind == "console":
        return ConsoleMailer(sys.stderr)
    from cloud.adapters.ses_mailer import ses_mailer  # noqa: PLC0415 (boto3 comes with the extra `aws`)

    return ses_mailer(sender)
