"""The local stack serves what the template declares, so what is broken there is broken here."""

from pathlib import Path

from e2e.conftest import Built, Stack
from e2e.test_refusals import post


def served(stack: Stack) -> int:
    return post(stack, stack.access_token).status_code


def test_a_broken_route_is_a_404(built: Built, tmp_path: Path) -> None:
    template = built.changed(tmp_path, lambda text: text.replace("RouteKey: POST /mcp", "RouteKey: POST /mpc"))
    with built.serve(template) as stack:
        assert served(stack) == 404


def test_a_broken_audience_is_a_401(built: Built, tmp_path: Path) -> None:
    def change(text: str) -> str:
        before, after = text.split("Audience:", 1)
        return before + "Audience:" + after.replace("}/mcp", "}/mpc", 1)

    with built.serve(built.changed(tmp_path, change)) as stack:
        assert served(stack) == 401


def test_a_broken_scope_is_a_403(built: Built, tmp_path: Path) -> None:
    def change(text: str) -> str:
        before, *routes = text.split("AuthorizationScopes:")
        return before + "".join(
            "AuthorizationScopes:" + route.replace("/mcp/invoke", "/mcp/other", 1) for route in routes
        )

    with built.serve(built.changed(tmp_path, change)) as stack:
        assert served(stack) == 403


def test_a_broken_handler_is_a_500(built: Built, tmp_path: Path) -> None:
    template = built.changed(tmp_path, lambda text: text.replace("app.lambda_handler", "app.lambda_handle"))
    with built.serve(template) as stack:
        assert served(stack) == 500


def test_a_missing_authorizer_lets_everybody_in_and_the_tests_would_see_it(built: Built, tmp_path: Path) -> None:
    template = built.changed(tmp_path, lambda text: text.replace("AuthorizationType: JWT", "AuthorizationType: NONE"))
    with built.serve(template) as stack:
        assert post(stack, None).status_code != 401
