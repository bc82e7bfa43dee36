"""Shares of a round: what is written of each device, whole, and how many devices fit in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cloud.advised_device import Tally
from cloud.ports.records import OUTBOX_PK
from cloud.ports.state import MAX_WRITES, Put, Write
from cloud.serving import Command


@dataclass(frozen=True, slots=True)
class Share:
    """A device's part of a round: written together or not at all."""

    writes: Sequence[Write]
    commands: Sequence[Command] = ()
    tally: Tally = field(default_factory=Tally)


def grouped(shares: Sequence[Share]) -> Iterator[list[Share]]:
    """Shares that fit in one transaction together with the progress."""
    group: list[Share] = []
    size = 1
    for share in shares:
        if group and size + len(share.writes) > MAX_WRITES:
            yield group
            group, size = [], 1
        group.append(share)
        size += len(share.writes)
    if group:
        yield group


def outbox_put(command: Command) -> Put:
    """What keeps a command until the shadows have it."""
    body = {"device_id": command.device_id, "desired": command.desired.model_dump_json()}
    return Put(OUTBOX_PK, command.sk, body)
