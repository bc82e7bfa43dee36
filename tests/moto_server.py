"""`python tests/moto_server.py PORT`: moto's server, with what it lacks of DynamoDB's transactions.

moto checks the conditions of a transaction and then writes, and another thread may write in between; on AWS a
transaction is isolated.
"""

import sys
import threading
from functools import wraps
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.server import main


def _isolate() -> None:
    guard, transact = threading.Lock(), DynamoDBBackend.transact_write_items

    @wraps(transact)
    def isolated(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 (moto's own)
        with guard:
            transact(*arguments, **named)

    DynamoDBBackend.transact_write_items = isolated  # type: ignore[method-assign]


if __name__ == "__main__":
    _isolate()
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
