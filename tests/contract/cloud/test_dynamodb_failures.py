"""What DynamoDB answers when all is not well, as moto never does: botocore's stubs in its words."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from botocore.stub import Stubber

from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.errors import CloudError, ConflictError, RejectedError, UnavailableError
from cloud.ports.state import Put
from cloud.quotas import TRANSACTION_TRIES
from tests.aws_stub import stubbed

Ask: TypeAlias = Callable[[DynamoDbStateStore], object]
ASKS: list[tuple[str, Ask]] = [
    ("get_item", lambda store: store.get("p", "a")),
    ("query", lambda store: store.query("p")),
    ("transact_write_items", lambda store: store.transact([Put("p", "a", {})])),
]


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with stubbed("dynamodb") as stub:
        yield stub


@pytest.fixture
def store(stub: Stubber) -> DynamoDbStateStore:
    return DynamoDbStateStore(stub.client, "state", sleep=lambda _: None)


@pytest.mark.parametrize("code", ["InternalServerError", "AccessDenied", "ResourceNotFoundException"])
@pytest.mark.parametrize(("operation", "ask"), ASKS)
def test_what_is_no_answer_is_unavailable(
    stub: Stubber, store: DynamoDbStateStore, operation: str, ask: Ask, code: str
) -> None:
    stub.add_client_error(operation, code)

    with pytest.raises(UnavailableError):
        ask(store)


@pytest.mark.parametrize(("reason", "tries", "error"), [
    ("ConditionalCheckFailed", 1, ConflictError),
    ("ItemCollectionSizeLimitExceeded", 1, RejectedError),
    ("TransactionConflict", TRANSACTION_TRIES, UnavailableError),
    ("ThrottlingError", TRANSACTION_TRIES, UnavailableError),
])  # fmt: skip
def test_each_reason_of_a_cancelled_transaction_says_what_to_do(
    stub: Stubber, store: DynamoDbStateStore, reason: str, tries: int, error: type[CloudError]
) -> None:
    for _ in range(tries):
        stub.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            modeled_fields={"CancellationReasons": [{"Code": "None"}, {"Code": reason}]},
        )

    with pytest.raises(error):
        store.transact([Put("p", "a", {}), Put("p", "b", {}, if_version=2)])
    stub.assert_no_pending_responses()


def test_pages_without_anything_that_lives_are_passed(stub: Stubber, store: DynamoDbStateStore) -> None:
    def item(sk: str, **more: dict[str, str]) -> dict[str, dict[str, str]]:
        return {"pk": {"S": "p"}, "sk": {"S": f".{sk}"}, "body": {"S": "{}"}, "version": {"N": "1"}, **more}

    def key(sk: str) -> dict[str, dict[str, str]]:
        return {"pk": {"S": "p"}, "sk": {"S": f".{sk}"}}

    stub.add_response("query", {"Items": [item("a", expires_at={"N": "1"})], "LastEvaluatedKey": key("a")})
    stub.add_response("query", {"Items": [], "LastEvaluatedKey": key("aa")})
    stub.add_response("query", {"Items": [item("b")]})

    assert [each.sk for each in store.query("p", limit=1)] == ["b"]
