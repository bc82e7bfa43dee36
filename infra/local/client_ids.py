"""Client ids: which MQTT client id belongs to whom.

Whoever connects with a client id takes over its session, and may delete it with everything that waits in it.
So an id belongs to one login: a login's name to that login, those of the gateway and the services to them,
and any other one to who has used it first, over restarts, too.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

import structlog

MAX_IDS_EACH: Final = 8
"""Client ids of its own choice that are kept for one login; then its oldest one is free again."""

GATEWAY_PARTS: Final = ("site", "neighbours", "claim")
"""What a gateway's client ids end in, after its id and a hyphen."""

_SERVICES: Final = re.compile(r"(ingest|shadow|advisor)(-.*)?", re.DOTALL)

log = structlog.get_logger()


class Login(Protocol):
    """As much of an identity as is needed here."""

    @property
    def name(self) -> str:
        """Its user name."""
        ...

    @property
    def role(self) -> str:
        """What it is."""
        ...

    @property
    def account(self) -> str:
        """Where it lives: sessions of two accounts never meet."""
        ...


def is_reserved(client_id: str, gateway_ids: Iterable[str]) -> bool:
    """Whether only a service or a gateway may use it, so that no device can have this name."""
    return _SERVICES.fullmatch(client_id) is not None or any(
        client_id == f"{gateway_id}-{part}" for gateway_id in gateway_ids for part in GATEWAY_PARTS
    )


class ClientIds:
    """Remembers whose they are.

    Args:
        path: The file of those that are nobody's name: account, then client id, then login.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, dict[str, str]] = _read(path)

    def admit(self, client_id: str, login: Login, everybody: Mapping[str, Login]) -> bool:
        """Whether `login` may use it; from then on nobody else may."""
        if client_id in everybody:
            return client_id == login.name
        gateways = [each.name for each in everybody.values() if each.role == "gateway"]
        if is_reserved(client_id, gateways):
            return login.role == "service" or client_id.rpartition("-")[0] == login.name
        return self._keep(client_id, login)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget the logins that are not among these."""
        kept = {
            account: {client_id: name for client_id, name in held.items() if name in names}
            for account, held in self._held.items()
        }
        if kept != self._held:
            self._held = kept
            self._write()

    def _keep(self, client_id: str, login: Login) -> bool:
        held = self._held.setdefault(login.account, {})
        if client_id not in held:
            mine = [each for each, name in held.items() if name == login.name]
            for oldest in mine[: max(0, len(mine) - MAX_IDS_EACH + 1)]:
                del held[oldest]
            held[client_id] = login.name
            self._write()
        return held[client_id] == login.name

    def _write(self) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_text(json.dumps(self._held))
            temporary.replace(self._path)
        except OSError as error:  # it holds for this process
            log.warning("client_ids_not_written", reason=str(error))


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        return {account: dict(held) for account, held in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        log.warning("client_ids_not_read", reason=str(error))
        return {}
