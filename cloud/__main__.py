"""`python -m cloud ROLE`: one process of the cloud; ROLE is `ingest`, `shadow` or `advisor`."""

import sys
from importlib import import_module

from cloud.config import CloudSettings
from cloud.logs import configure_logs

ROLES = ("ingest", "shadow", "advisor")


def main(arguments: list[str]) -> int:
    """Run one role until SIGTERM; only that role's modules are imported, which keeps each process small."""
    if len(arguments) != 1 or arguments[0] not in ROLES:
        print(f"usage: python -m cloud {{{','.join(ROLES)}}}", file=sys.stderr)  # noqa: T201 (a command's usage)
        return 2
    configure_logs()
    run = import_module(f"cloud.wiring.{arguments[0]}").run
    return int(run(CloudSettings()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
