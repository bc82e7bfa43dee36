"""Delivery of push messages: by one replica at a time, which holds a lease in the store.

What it tells is looked for, not queued: advice that is on offer, at a device where a tap carries it out, and
of which a browser has not been told. So nothing is lost with a replica, and what has passed is not told.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from flask import Flask

from cloud.errors import ConflictError
from cloud.ports.state import Item, Put, every
from mobile_api import background
from mobile_api.access import Principal, owned_devices, stored_advice
from mobile_api.background import Trouble
from mobile_api.leases import Lease
from mobile_api.preferences import preferences
from mobile_api.push import PUSH_PK, forget
from mobile_api.recommendations import view
from mobile_api.records import SubscriptionRecord, account_pk
from mobile_api.services import PushService, services
from mobile_api.sessions import find_session

LOOK_EVERY_S: Final = 10.0
"""How often it is looked for advice of which to tell [s]."""

MAX_ATTEMPTS: Final = 6
"""So often a message is tried; then the browser is not told of that advice."""

FIRST_RETRY_S: Final = 20.0
"""Then twice as long each time [s]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def start(app: Flask) -> None:
    """Deliver beside everything else, where push is offered."""
    with app.app_context():
        sender = services().push
    if sender is not None:
        background.start("push_delivery", PushDelivery(sender, app.app_context).look, LOOK_EVERY_S)


@dataclass(slots=True)
class PushDelivery:
    """The delivery of this replica, idle while another has the lease."""

    sender: PushService
    context: Callable[[], AbstractContextManager[object]]
    lease: Lease = field(default_factory=lambda: Lease("push"))
    _trouble: dict[str, Trouble] = field(default_factory=dict[str, Trouble])

    def look(self) -> int:
        """Tell every browser that has to be told now.

        Returns:
            How many messages were taken by push services.
        """
        with self.context():
            use = services()
            if not self.lease.is_held(use.state, use.now()):
                return 0
            return sum(self._tell(account_id, digest) for account_id, digest in list(_all_subscriptions()))

    def _tell(self, account_id: str, digest: str) -> bool:
        use = services()
        item = use.state.get(account_pk(account_id), f"push#{digest}")
        record = None if item is None else SubscriptionRecord.model_validate(item.body)
        session = None if record is None else find_session(use.state, record.session_id, use.now())
        gone = use.state.get(account_pk(account_id), "account") is None
        if item is None or record is None or session is None or gone:
            forget(use.state, account_id, digest)
            return False
        principal = Principal(account_id, session, frozenset(session.scopes))
        waiting = _waiting(principal)
        if all(record.told.get(device_id) == advice_id for device_id, advice_id in waiting.items()):
            return False
        return self._send(item, record, waiting)

    def _send(self, item: Item, record: SubscriptionRecord, waiting: dict[str, str]) -> bool:
        """Send one message, however many devices have advice; remember of what it told."""
        use, trouble = services(), self._trouble.get(record.digest)
        if trouble is not None and use.now() < trouble.again_at:
            return False
        outcome = self.sender.send(record)
        if outcome == "gone":
            log.info("push_subscription_removed")
            forget(use.state, record.account_id, record.digest)
            return False
        attempts = 1 if trouble is None else trouble.attempts + 1
        if outcome == "later" and attempts < MAX_ATTEMPTS:
            wait = timedelta(seconds=FIRST_RETRY_S * 2 ** (attempts - 1))
            self._trouble[record.digest] = Trouble(attempts, use.now() + wait)
            return False
        self._trouble.pop(record.digest, None)
        told = record.model_copy(update={"told": waiting}).model_dump()
        try:
            use.state.transact([Put(item.pk, item.sk, told, item.version, item.expires_at)])
        except ConflictError:
            log.info("push_subscription_changed")  # renewed or removed meanwhile: at worst it is told twice
        return outcome == "sent"


def _all_subscriptions() -> Iterator[tuple[str, str]]:
    for pointer in every(services().state, PUSH_PK):
        account_id, _, digest = pointer.sk.rpartition("#")
        yield account_id, digest


def _waiting(principal: Principal) -> dict[str, str]:
    """The advice that waits for a tap of this person, by device."""
    found = {}
    for device in owned_devices(principal):
        advice = stored_advice(device)
        if advice is None or preferences(device).autonomy != "one_tap":
            continue
        if view(advice).status == "offered":
            found[device.record.device_id] = advice.record.advice_id
    return found
