"""The audit log, as an account's person and as operators read it."""

from typing import Literal

from pydantic import AwareDatetime, Field

from mobile_api.access import Principal
from mobile_api.audit import entries
from mobile_api.identity_records import AuditedAct
from mobile_api.operations import Operations, Page, Paging, Shown
from mobile_api.services import services

operations = Operations("accounts")


class OperatorsAuditQuery(Paging):
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


class AuditList(Shown):
    """Entries, the newest first."""

    items: list[AuditEntry]


@operations.get("/v1/accounts/me/audit")
def show_own_audit(principal: Principal, query: Paging, after: str) -> Page[AuditList]:
    """What was done to and with the account, newest first."""
    return _part(principal.account_id, query, after)


@operations.get("/v1/audit", scope="admin")
def show_audit(query: OperatorsAuditQuery, after: str) -> Page[AuditList]:
    """The log of an account, or of operators; for operators."""
    return _part(query.account_id or query.log, query, after)


def _part(log: str, query: Paging, after: str) -> Page[AuditList]:
    found = entries(services().state, log, after=after, limit=query.limit + 1)
    items = [AuditEntry(**record.model_dump()) for _, record in found[: query.limit]]
    return Page(AuditList(items=items), found[query.limit - 1][0] if len(found) > query.limit else None)
