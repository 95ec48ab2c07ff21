"""What a tenant's session may do on AWS, beside what the tenants' role says.

A session may do what both allow, and nothing that either denies.

Source: "Session policies" and "Define permissions based on attributes with ABAC authorization" in the IAM user guide.
"""

import json


def session_policy(tenant: str) -> str:
    """Return the inline session policy for `tenant`, as JSON of fewer than STS's 2,048 characters.

    It allows whatever the role does, in a session with this tenant's tag, and denies what is tagged for another one.
    It is silent where a request has no `aws:ResourceTag/tenant`: because the resource has no such tag, or because the
    service does not tell IAM of tags. Whether those may be used is for the role's policies to say.
    """
    whatever = {"Action": "*", "Resource": "*"}
    ours = {"StringEquals": {"aws:PrincipalTag/tenant": tenant}}
    # StringNotEquals also holds where there is no tag at all; "Null": "false" says that there is one.
    another = {"Null": {"aws:ResourceTag/tenant": "false"}, "StringNotEquals": {"aws:ResourceTag/tenant": tenant}}
    statements = [
        {"Effect": "Allow", **whatever, "Condition": ours},
        {"Effect": "Deny", **whatever, "Condition": another},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
