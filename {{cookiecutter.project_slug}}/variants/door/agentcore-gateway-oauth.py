"""The front door of this project: an AgentCore Gateway whose callers sign in with OAuth."""

from collections.abc import Mapping

from starlette.types import ASGIApp

from local.functions import LambdaFunction
from local.gateway.gateway import Gateway
from local.sign_in.door import BearerDoor
from local.template import Stack


class Door(BearerDoor):
    """Serves a stand-in for the template's Gateway."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """The template's parameters that name what exists on AWS alone, and what stands in for it."""
        # The provider here binds its tokens to the URL that they are asked for.
        return {**super().parameters, "Audience": f"http://{self.authority}/mcp"}

    def app(self, stack: Stack, functions: Mapping[str, LambdaFunction]) -> ASGIApp:
        """Return what answers for `stack`. Raises TemplateError for a Gateway that would not deploy."""
        return Gateway(stack, functions, self.authority)
