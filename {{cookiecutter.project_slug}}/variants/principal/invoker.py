"""Reads the caller from what the program that invokes the function says: for which tenant it does."""

from typing import Any

from caller import Caller


def of(context: Any) -> Caller:
    """Return the caller by the context of an invocation, as `{"tenant": …}` in its claims.

    Whoever may invoke the function is trusted to name the tenant; nothing of it is verified. With tenant isolation it
    is Invoke's TenantId, by which Lambda has chosen the execution environment, and else `tenant` in the client
    context's `custom`.

    Source: "Accessing tenant identifier in Lambda function code" in the Lambda developer guide.
    """
    tenant = getattr(context, "tenant_id", None)
    if tenant is None:
        # The runtime client leaves out what the caller has not sent, and does not check what it has.
        custom = getattr(getattr(context, "client_context", None), "custom", None)
        tenant = custom.get("tenant") if isinstance(custom, dict) else None
    return Caller(claims={"tenant": tenant}) if isinstance(tenant, str) else Caller()
