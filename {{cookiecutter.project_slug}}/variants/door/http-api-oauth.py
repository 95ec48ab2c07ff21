"""The front door of this project: an HTTP API whose callers sign in with OAuth."""

from collections.abc import Mapping

from starlette.types import ASGIApp

from local.functions import LambdaFunction
from local.http_api.api import HttpApi
from local.http_api.jwt_authorizer import JwtAuthorizer
from local.sign_in.door import BearerDoor
from local.template import Stack


class Door(BearerDoor):
    """Serves the template's HTTP API."""

    def app(self, stack: Stack, functions: Mapping[str, LambdaFunction]) -> ASGIApp:
        """Return what answers for `stack`. Raises TemplateError for an API that would not deploy."""
        return HttpApi(stack, functions, {self.authority, *stack.domain_names}, {"JWT": JwtAuthorizer})
