"""The audit log, as an account's person and as operators read it."""

from typing import Literal

from pydantic import AwareDatetime, Field

from mobile_api.access import Principal
from mobile_api.audit import entries
from mobile_api.identity_records import AuditedAct
from mobile_api.operations import Operations, Query, Shown
from mobile_api.services import services

operations = Operations("accounts")


class AuditQuery(Query):
    """Which part of the log."""

    after: str = Field("", max_length=40, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=100)


class OperatorsAuditQuery(AuditQuery):
    """Whose log; without an account, what operators did or which attempts no account stands behind."""

    account_id: str = Field("", max_length=40)
    log: Literal["operators", "nobody"] = "operators"


class AuditEntry(Shown):
    """One thing that was done."""

    act: AuditedAct
    at: AwareDatetime
    account_id: str | None
    by: str = Field(description="An account's id, or `command line`.")
    source: str = Field(description="The network that it came from, not the address.")
    client_id: str | None


class AuditPage(Shown):
    """Some entries, newest first."""

    items: list[AuditEntry]
    next: str | None


@operations.get("/v1/accounts/me/audit")
def show_own_audit(principal: Principal, query: AuditQuery) -> AuditPage:
    """What was done to and with the account, newest first."""
    return _page(principal.account_id, query)


@operations.get("/v1/audit", scope="admin")
def show_audit(query: OperatorsAuditQuery) -> AuditPage:
    """The log of an account, or of operators; for operators."""
    return _page(query.account_id or query.log, query)


def _page(log: str, query: AuditQuery) -> AuditPage:
    found = entries(services().state, log, after=query.after, limit=query.limit)
    items = [AuditEntry(**record.model_dump()) for _, record in found]
    return AuditPage(items=items, next=found[-1][0] if len(found) == query.limit else None)
