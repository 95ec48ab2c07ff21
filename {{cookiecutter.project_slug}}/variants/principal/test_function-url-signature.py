"""The caller: the AWS principal whose signature Lambda has verified, and nothing else."""

from typing import Any

import pytest

import principal
from caller import Caller

ARN = "arn:aws:sts::123456789012:assumed-role/agent/session"
IAM = {
    "accessKey": "ASIAEXAMPLE",
    "accountId": "123456789012",
    "callerId": "AROAEXAMPLE:session",
    "cognitoIdentity": None,
    "principalOrgId": None,
    "userArn": ARN,
    "userId": "AROAEXAMPLE:session",
}


def test_the_principal_that_signed_is_the_caller() -> None:
    who = principal.of({"authorizer": {"iam": IAM}})
    assert (who.subject, who.client_id) == (ARN, None)
    assert who.claims == {
        "accountId": "123456789012",
        "callerId": "AROAEXAMPLE:session",
        "userArn": ARN,
        "userId": "AROAEXAMPLE:session",
    }


@pytest.mark.parametrize("context", [None, [], {}, {"authorizer": None}, {"authorizer": {"iam": []}}])
def test_without_a_verified_signature_there_is_nobody(context: Any) -> None:
    assert principal.of(context) == Caller()
