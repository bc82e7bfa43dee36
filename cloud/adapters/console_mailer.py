"""Mail on the console: for one machine without a mail service, where its operator passes a link on."""

from dataclasses import dataclass
from typing import TextIO

from typing_extensions import override

from cloud.errors import RejectedError
from cloud.ports.mail import Mail, Mailer


@dataclass(frozen=True, slots=True)
class ConsoleMailer(Mailer):
    """A `Mailer` that writes each message, whole and readable, to a stream."""

    out: TextIO

    @override
    def send(self, mail: Mail) -> None:
        if len(mail.to.splitlines()) != 1 or len(mail.subject.splitlines()) != 1:
            raise RejectedError("the mail has a header that no mail can have")
        text = f"--- mail\nTo: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}\n--- end"
        print(text, file=self.out, flush=True)
