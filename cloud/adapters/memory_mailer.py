"""Mail in memory: the test twin of every other mailer."""

from dataclasses import dataclass, field

from typing_extensions import override

from cloud.ports.mail import Mail, Mailer


@dataclass(slots=True)
class MemoryMailer(Mailer):
    """A `Mailer` that keeps what it was given for whoever holds this object."""

    sent: list[Mail] = field(default_factory=list[Mail])

    @override
    def send(self, mail: Mail) -> None:
        self.sent.append(mail)
