"""Authorization codes: good once, for a minute, for who asked for them."""

from datetime import timedelta

from cloud.errors import ConflictError
from cloud.ports.state import ABSENT, Put
from mobile_api.digests import digest
from mobile_api.records import CodeRecord
from mobile_api.services import services
from mobile_api.sessions import end_session, find_session

CODE_LIFETIME = timedelta(seconds=60)
"""A code is exchanged at once (RFC 6749, 4.1.2 allows ten minutes)."""


def store_code(code: str, record: CodeRecord) -> None:
    """Keep a new code, by its digest."""
    use = services()
    body = record.model_dump(mode="json")
    put = Put(f"code#{digest(code)}", "code", body, if_version=ABSENT, expires_at=use.now() + CODE_LIFETIME)
    use.state.transact([put])


def use_code(code: str, client_id: str) -> CodeRecord | None:
    """Use a code up.

    Returns:
        What it grants; None when it is unknown, over, another client's, or used before. In the last case
        the session that it opened is ended: somebody has copied the code (RFC 6749, 4.1.2).
    """
    use, pk = services(), f"code#{digest(code)}"
    item = use.state.get(pk, "code")
    if item is None:
        return None
    record = CodeRecord.model_validate(item.body)
    if record.client_id != client_id:
        return None
    if record.used:
        session = find_session(use.state, record.session_id, use.now())
        if session is not None:
            end_session(use.state, session)
        return None
    body = record.model_copy(update={"used": True}).model_dump(mode="json")
    try:
        use.state.transact([Put(pk, "code", body, if_version=item.version, expires_at=item.expires_at)])
    except ConflictError:
        return None
    return record
