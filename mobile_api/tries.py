"""Tries: how many wrong codes somebody may type, so that nobody finds one by typing them all."""

from datetime import timedelta

from cloud.ports.state import ABSENT, Delete, Put
from mobile_api.errors import TooManyAttemptsError
from mobile_api.records import TriesRecord, account_pk
from mobile_api.services import app_services

MAX_TRIES = 5
"""Wrong codes within `WINDOW`."""

WINDOW = timedelta(minutes=10)
"""As long as a claim code is good."""

_SK = "tries"


def spend_try(account_id: str) -> None:
    """Count a code as wrong before it is looked up, so that many at once are not more than five.

    Raises:
        TooManyAttemptsError: There were five wrong ones already.
        ConflictError: Another one is looked up at the same moment.
    """
    use, pk = app_services(), account_pk(account_id)
    item = use.state.get(pk, _SK)
    spent = 0 if item is None else TriesRecord.model_validate(item.body).count
    if item is not None and spent >= MAX_TRIES:
        raise TooManyAttemptsError((item.expires_at or use.now()) - use.now())
    version, ends_at = (ABSENT, None) if item is None else (item.version, item.expires_at)
    body = TriesRecord(count=spent + 1).model_dump()
    use.state.transact([Put(pk, _SK, body, version, expires_at=ends_at or use.now() + WINDOW)])


def give_back_try(account_id: str) -> None:
    """The code was a good one.

    Raises:
        ConflictError: Another one is looked up at the same moment.
    """
    use, pk = app_services(), account_pk(account_id)
    item = use.state.get(pk, _SK)
    if item is not None:
        body = TriesRecord(count=TriesRecord.model_validate(item.body).count - 1).model_dump()
        use.state.transact([Put(pk, _SK, body, item.version, expires_at=item.expires_at)])


def forget_tries(account_id: str) -> None:
    """Nothing is left of somebody who leaves."""
    app_services().state.transact([Delete(account_pk(account_id), _SK)])
