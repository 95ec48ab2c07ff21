"""Fixtures: Lambda's context, and a stand-in for AWS."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from lambda_context import Context, anyio_backend, context

__all__ = ["Context", "account", "anyio_backend", "context"]


@pytest.fixture
def account() -> Iterator[None]:
    """An empty AWS account, and clients that talk to it."""
    import aws

    cached = (aws._own_session, aws._client)
    with mock_aws():
        for function in cached:
            function.cache_clear()
        yield
    for function in cached:
        function.cache_clear()
