"""Operators: accounts that may run the service. The command line makes the first one."""

from datetime import datetime
from typing import Final

from cloud.errors import NotFoundError
from cloud.ports.state import Delete, Put, StateStore, every
from mobile_api import audit
from mobile_api.account_store import change_account, find_by_email, one_form, read_account
from mobile_api.identity_records import OPERATORS_PK, AuditedAct
from mobile_api.records import AccountRecord

COMMAND_LINE: Final = "command line"


def grant_operator(state: StateStore, email: str, now: datetime) -> AccountRecord:
    """Make an account an operator's: its sessions may ask for `admin` from their next sign-in.

    Raises:
        NotFoundError: The address has no account.
    """
    account = change_account(state, _find(state, email).account_id, operator=True)
    state.transact([Put(OPERATORS_PK, account.account_id, {})])
    _note(state, "operator_granted", account, now)
    return account


def revoke_operator(state: StateStore, email: str, now: datetime) -> AccountRecord:
    """Take that away, with the next request of whatever token.

    Raises:
        NotFoundError: The address has no account.
    """
    account = _find(state, email)
    state.transact([Delete(OPERATORS_PK, account.account_id)])  # first what every request is checked by
    account = change_account(state, account.account_id, operator=False)
    _note(state, "operator_revoked", account, now)
    return account


def list_operators(state: StateStore) -> list[AccountRecord]:
    """Every operator."""
    found = [read_account(state, pointer.sk) for pointer in every(state, OPERATORS_PK)]
    return [account for account in found if account is not None]


def _find(state: StateStore, email: str) -> AccountRecord:
    account = find_by_email(state, one_form(email))
    if account is None:
        raise NotFoundError("account of", email)
    return account


def _note(state: StateStore, act: AuditedAct, account: AccountRecord, now: datetime) -> None:
    for log in (account.account_id, audit.OPERATORS):
        audit.note(state, act, account.account_id, now, by=COMMAND_LINE, log=log)
