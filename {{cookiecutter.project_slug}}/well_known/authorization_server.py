"""Authorization server metadata (RFC 8414) that Cognito lacks: the PKCE method, and the path where clients look."""

ROUTE = "GET /.well-known/oauth-authorization-server"


def document(
    *, origin: str, sign_in_origin: str, jwks_url: str, scopes: list[str], registers: bool
) -> dict[str, object]:
    """Return the metadata of the Cognito user pool as an authorization server whose issuer is `origin`.

    The issuer is this server and not Cognito, because a client compares it with the URL where it found the document
    (RFC 8414 section 3.3). The tokens still name Cognito in `iss`, which is why nothing here promises the `iss`
    parameter of RFC 9207.

    Args:
        origin: Scheme and host of the MCP server, without a slash at the end.
        sign_in_origin: Scheme and host of the user pool's domain.
        jwks_url: Where the user pool publishes its keys.
        scopes: The scopes that a client may ask for.
        registers: Whether this server registers clients.
    """
    registration: dict[str, object] = {"registration_endpoint": f"{origin}/register"} if registers else {}
    return {
        "issuer": origin,
        "authorization_endpoint": f"{sign_in_origin}/oauth2/authorize",
        "token_endpoint": f"{sign_in_origin}/oauth2/token",
        "revocation_endpoint": f"{sign_in_origin}/oauth2/revoke",
        "jwks_uri": jwks_url,
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        **registration,
    }
