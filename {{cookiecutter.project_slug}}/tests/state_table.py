"""The table of template.yaml in the empty account, and what is sent to it."""

import time
from typing import Any

import aws


class StateTable:
    """An empty table; `sent` has the name and the parameters of each request that the server makes."""

    def __init__(self) -> None:
        self._client = aws.client("dynamodb")
        self._client.create_table(
            TableName="state",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "handle", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("owner", "handle")],
        )
        self.sent: list[tuple[str, Any]] = []
        self._client.meta.events.register("provide-client-params.dynamodb", self._note)

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        self.sent.append((model.name, params))

    def lose_the_next_answer(self, operation: str) -> None:
        """Have botocore repeat a request that DynamoDB has carried out, as it does when no answer comes."""

        def repeat(attempts: int, **_: Any) -> int | None:
            return 0 if attempts == 1 else None

        self._client.meta.events.register_first(f"needs-retry.dynamodb.{operation}", repeat)

    def items(self) -> list[dict[str, Any]]:
        """Return what is in the table, unnoticed."""
        noticed = list(self.sent)
        found: list[dict[str, Any]] = self._client.scan(TableName="state")["Items"]
        self.sent[:] = noticed
        return found

    def age(self, seconds: int) -> None:
        """Have everything expire `seconds` from now."""
        noticed = list(self.sent)
        for item in self.items():
            self._client.put_item(TableName="state", Item={**item, "expires": {"N": str(int(time.time()) + seconds)}})
        self.sent[:] = noticed
