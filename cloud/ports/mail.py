"""Mail: how a person is told something outside the app, such as a link that proves an address."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One message of plain text to one person."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """The way to people's mailboxes."""

    def send(self, mail: Mail) -> None:
        """Hand `mail` over; it may arrive late or, as mail may, not at all.

        Raises:
            RejectedError: It will never be accepted as it is: the address, or our own, is refused.
            UnavailableError: It was not handed over; the same mail may be sent again.
        """
        ...
