"""The Lambda entry point of the documents that tell an MCP client where to sign in, and of client registration."""

import os

import authorization_server
import protected_resource
import registration
from registration import Registration
from responder import Responder, published

_origin = os.environ["PUBLIC_ORIGIN"]
_scopes = os.environ["SCOPES"].split()
_client_id = os.environ["CLIENT_ID"]
_prm = protected_resource.document(origin=_origin, authorization_server=_origin, scopes=_scopes)
_asm = authorization_server.document(
    origin=_origin,
    sign_in_origin=os.environ["SIGN_IN_ORIGIN"],
    jwks_url=os.environ["JWKS_URL"],
    scopes=_scopes,
    registers=bool(_client_id),
)
_routes = dict.fromkeys(protected_resource.ROUTES, published(_prm)) | {authorization_server.ROUTE: published(_asm)}
if _client_id:
    _routes[registration.ROUTE] = Registration(_client_id, os.environ["CALLBACK_URLS"].split(","), _scopes)

lambda_handler = Responder(_routes)
