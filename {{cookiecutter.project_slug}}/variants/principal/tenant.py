"""Reads the caller from what AWS has verified, and whom it acts for."""

from dataclasses import replace
from functools import partial
from typing import Any

import tenancy
import verified
from caller import Caller


def of(told: Any) -> Caller:
    """Return the caller that `verified.of` finds in what AWS has told, with its tenant and the tenant's session.

    A caller without a tenant is one too: it may see what there is, and nothing that it calls reaches AWS.
    """
    who = verified.of(told)
    tenant = tenancy.tenant_of(who.claims)
    return replace(who, tenant=tenant, session=partial(tenancy.session, tenant))
