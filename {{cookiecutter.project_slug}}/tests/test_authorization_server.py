"""The authorization server metadata that stands in for what Cognito lacks."""

import authorization_server
import protected_resource

ORIGIN = "https://mcp.example.com"


def document(*, registers: bool) -> dict[str, object]:
    return authorization_server.document(
        origin=ORIGIN,
        sign_in_origin="https://pool.example",
        jwks_url="https://keys.example",
        scopes=["a"],
        registers=registers,
    )


DOCUMENT = document(registers=True)


def test_a_client_finds_the_pkce_method_that_it_insists_on() -> None:
    assert DOCUMENT["code_challenge_methods_supported"] == ["S256"]


def test_the_issuer_is_the_one_that_the_protected_resource_names() -> None:
    resource = protected_resource.document(origin=ORIGIN, authorization_server=ORIGIN, scopes=["a"])
    assert resource["authorization_servers"] == [DOCUMENT["issuer"]]


def test_the_endpoints_are_cognitos_own() -> None:
    assert DOCUMENT["authorization_endpoint"] == "https://pool.example/oauth2/authorize"
    assert DOCUMENT["token_endpoint"] == "https://pool.example/oauth2/token"


def test_clients_register_here_unless_that_is_turned_off() -> None:
    assert DOCUMENT["registration_endpoint"] == f"{ORIGIN}/register"
    assert "registration_endpoint" not in document(registers=False)


def test_nothing_is_promised_that_cognito_does_not_do() -> None:
    assert "client_id_metadata_document_supported" not in DOCUMENT
    assert "authorization_response_iss_parameter_supported" not in DOCUMENT
