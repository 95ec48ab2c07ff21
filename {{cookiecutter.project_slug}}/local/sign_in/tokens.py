"""Access tokens: what is in them, and the key that signs them."""

import json
import secrets
import uuid
from collections.abc import Collection
from time import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.sign_in.client import Client


class TokenIssuer:
    """Signs tokens as `issuer`, with the claims of Cognito or those of RFC 9068.

    It signs with `key`, which it makes at the start and publishes as `kid`. In the claim `tenant_claim`, if it is set
    and tokens do not have it anyway, everybody is the tenant of their own name.
    """

    tenant_claim: str | None = None

    def __init__(self, issuer: str, audience: str | None, *, cognito: bool) -> None:
        """`audience` is what a token is for that was asked for no resource; Cognito has no such thing."""
        self._issuer = issuer
        self._audience = audience
        self._cognito = cognito
        self.rotate_key()

    def rotate_key(self) -> None:
        """Sign with a new key from now on, and publish only that."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = secrets.token_urlsafe(16)

    def jwks(self) -> dict[str, Any]:
        """Return the JSON Web Key Set (RFC 7517 section 5) with the public key."""
        key = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [key | {"kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def issue(
        self,
        client: Client,
        scopes: Collection[str],
        subject: str | None,
        resource: str | None,
        claims: dict[str, object],
    ) -> str:
        """Return a signed access token; its arguments are those of `IdentityProvider.issue`."""
        now = int(time())
        usual: dict[str, object] = {
            "iss": self._issuer,
            "sub": client.client_id if subject is None else str(uuid.uuid5(uuid.NAMESPACE_URL, f"user:{subject}")),
            "client_id": client.client_id,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "exp": now + client.access_seconds,
            "jti": str(uuid.uuid4()),
        }
        if self._cognito:
            # Cognito binds a resource for users only: a client's own token never has an audience.
            audience = None if subject is None else resource
            usual |= {"token_use": "access", "version": 2, "auth_time": now, "username": subject, "aud": audience}
        else:
            usual |= {"azp": client.client_id, "aud": resource or self._audience}
        payload = {name: value for name, value in (self._tenant(subject) | usual | claims).items() if value is not None}
        return jwt.encode(payload, self.key, "RS256", {"kid": self.kid, "typ": None if self._cognito else "at+jwt"})

    def _tenant(self, subject: str | None) -> dict[str, object]:
        if self.tenant_claim is None or subject is None:
            return {}
        # Cognito's groups are a list.
        return {self.tenant_claim: [subject] if self.tenant_claim == "cognito:groups" else subject}
