"""Protected resource metadata (RFC 9728): what the MCP server is, and who issues tokens for it."""

# RFC 9728 section 3.1 inserts the well-known part before the resource's path; some clients look at the root alone.
ROUTES = ("GET /.well-known/oauth-protected-resource/mcp", "GET /.well-known/oauth-protected-resource")


def document(*, origin: str, authorization_server: str, scopes: list[str]) -> dict[str, object]:
    """Return the metadata of the MCP endpoint at `origin`.

    Args:
        origin: Scheme and host of the server, without a slash at the end.
        authorization_server: Issuer identifier of the server that signs people in.
        scopes: The scopes that a token needs. A client that is told none may ask for none (RFC 9728 section 2).
    """
    return {
        # Clients compare it with the URL that they were given, character by character.
        "resource": f"{origin}/mcp",
        "authorization_servers": [authorization_server],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
    }
