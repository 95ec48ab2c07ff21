"""Cross-origin requests, as an HTTP API with a CORS configuration answers them.

Source: API Gateway developer guide, "Configure CORS for HTTP APIs".
"""

from collections.abc import Mapping
from typing import Any

Headers = list[tuple[str, str]]


class Cors:
    """The `CorsConfiguration` of an API; without one nothing is added and nothing is taken away."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        """Take the property as the template has it."""
        self._configuration = configuration

    @property
    def configured(self) -> bool:
        """Whether API Gateway, and not the function, speaks for the API."""
        return bool(self._configuration)

    def is_preflight(self, method: str, headers: Mapping[str, str]) -> bool:
        """Return whether API Gateway answers the request itself."""
        asks = "origin" in headers and "access-control-request-method" in headers
        return self.configured and method == "OPTIONS" and asks

    def preflight(self, headers: Mapping[str, str]) -> Headers:
        """Return what the answer to a preflight request has besides what is `added`: nothing for a foreign origin.

        That methods and headers are listed whatever the request asks for is unverified against AWS.
        """
        listed = [
            ("access-control-allow-methods", self._list("AllowMethods")),
            ("access-control-allow-headers", self._list("AllowHeaders")),
            ("access-control-max-age", str(self._configuration.get("MaxAge", ""))),
        ]
        return [(name, value) for name, value in listed if value] if self._origin(headers) else []

    def added(self, headers: Mapping[str, str]) -> Headers:
        """Return what is added to a response, for a request with these headers.

        The page says so of responses from an integration; that API Gateway's own errors have them too is unverified.
        """
        allowed = self._origin(headers)
        exposed = self._list("ExposeHeaders")
        return [*allowed, ("access-control-expose-headers", exposed)] if allowed and exposed else allowed

    def kept(self, name: str) -> bool:
        """Return whether a header of the function's response reaches the client."""
        return not (self.configured and name.lower().startswith("access-control-"))

    def _origin(self, headers: Mapping[str, str]) -> Headers:
        origin = headers.get("origin", "")
        allowed = self._configuration.get("AllowOrigins", [])
        scheme = origin.partition("://")[0]
        if not origin or not {origin, "*", f"{scheme}://*"} & set(allowed):
            return []
        found = [("access-control-allow-origin", "*" if "*" in allowed else origin)]
        if self._configuration.get("AllowCredentials"):
            found.append(("access-control-allow-credentials", "true"))
        return found

    def _list(self, name: str) -> str:
        return ",".join(self._configuration.get(name, []))
