"""Two tenants by turns in one warm environment: each has clients, answers and log lines of its own."""

from functools import partial

import pytest

import aws
import caller
import tenancy
from caller import Caller
from log_lines import recorded
from sdk import ResourceError
from telemetry import record

pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture(autouse=True)
def no_sessions(account: None) -> None:
    """None of another test, whose AWS is no more."""
    for made in (tenancy.session, tenancy._sts, tenancy._own_session):
        made.cache_clear()


def member(tenant: str | None) -> Caller:
    return Caller("alice", tenant=tenant, session=partial(tenancy.session, tenant))


def test_each_acts_with_clients_of_its_own_again_and_again() -> None:
    clients: dict[str, set[int]] = {"acme": set(), "beta": set()}
    for tenant in ("acme", "beta") * 3:
        with caller.acting_for(member(tenant)):
            client = aws.client("sts")
            assert client.get_caller_identity()["Arn"].endswith(f"/mcp-{tenant}")
        clients[tenant].add(id(client))
    assert [len(made) for made in clients.values()] == [1, 1]
    assert not clients["acme"] & clients["beta"]


def test_neither_acts_as_the_function_nor_the_function_as_them() -> None:
    own = aws.client("sts")
    with caller.acting_for(member("acme")):
        assert aws.client("sts") is not own
    assert aws.client("sts") is own
    assert "assumed-role" not in own.get_caller_identity()["Arn"]


def test_a_caller_without_a_tenant_is_told_so_and_reaches_nothing() -> None:
    @aws.explained()
    def count() -> int:
        return len(aws.s3().list_buckets()["Buckets"])

    aws.s3().create_bucket(Bucket="of-the-function")
    with caller.acting_for(member(None)), pytest.raises(ResourceError, match=r"for no tenant .* Do not retry"):
        count()
    with caller.acting_for(member("acme")):
        assert count() == 1


def test_each_line_of_the_log_names_its_tenant() -> None:
    with recorded() as lines:
        for tenant in ("acme", None, "beta"):
            with caller.acting_for(member(tenant)):
                record("tools/list", None, 1, "ok", 1)
    assert [line.get("tenant") for line in lines] == ["acme", None, "beta"]
