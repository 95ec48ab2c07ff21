"""The Lambda entry point of the documents that tell an MCP client where to sign in."""

import os

import protected_resource
from responder import Responder, published

_prm = protected_resource.document(
    origin=os.environ["PUBLIC_ORIGIN"],
    authorization_server=os.environ["ISSUER"],
    scopes=os.environ["SCOPES"].split(),
)

lambda_handler = Responder(dict.fromkeys(protected_resource.ROUTES, published(_prm)))
