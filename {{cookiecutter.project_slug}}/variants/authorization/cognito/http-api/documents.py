"""The Lambda entry point of the documents that tell an MCP client where to sign in."""

import os

import authorization_server
import protected_resource
from responder import Responder

_origin = os.environ["PUBLIC_ORIGIN"]
_scopes = os.environ["SCOPES"].split()
_prm = protected_resource.document(origin=_origin, authorization_server=_origin, scopes=_scopes)
_asm = authorization_server.document(
    origin=_origin,
    sign_in_origin=os.environ["SIGN_IN_ORIGIN"],
    jwks_url=os.environ["JWKS_URL"],
    scopes=_scopes,
)

lambda_handler = Responder(
    dict.fromkeys(protected_resource.PATHS, _prm) | dict.fromkeys(authorization_server.PATHS, _asm)
)
