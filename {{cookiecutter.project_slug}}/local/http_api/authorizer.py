"""What stands in front of a route and decides who may pass."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local.bearer.refusal import Refusal
from local.template import Resource

# Where in a request its identity is: the place, and the name there.
IDENTITY_SOURCE = re.compile(r"\$request\.(header|querystring)\.([\w-]+)")


@dataclass(frozen=True)
class Grant:
    """A request may pass; `context` is what its event has in `requestContext.authorizer`."""

    context: Mapping[str, Any]


class Authorizer(Protocol):
    """Decides on the requests of all routes that name it."""

    async def authorize(self, event: Mapping[str, Any], scopes: Collection[str]) -> Grant | Refusal:
        """Decide on the request of an event of payload format 2.0, for a route with these scopes."""


# By a route's AuthorizationType: what makes the authorizer of a resource that the route names.
Authorizers = Mapping[str, Callable[[Resource], Authorizer]]
