"""The public keys of an issuer, found and cached as API Gateway does."""

import asyncio
import json
import urllib.request
from http.client import HTTPException
from time import monotonic
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

# API Gateway developer guide: keys are cached for two hours; "Quotas": discovery and JWKS have 1500 ms each.
CACHE_SECONDS = 7200
FETCH_SECONDS = 1.5
_LARGEST_DOCUMENT = 153_600
# Signature and times. Names are for the authorizers to compare, each by rules of its own; of `sub` and `jti` AWS asks
# nothing.
CHECKS: Options = {
    "require": ["exp"],
    "verify_iss": False,
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
}


class NoKeyError(Exception):
    """The key of a token cannot be had; the message says whether the issuer or the key is at fault."""


class KeySet:
    """The RSA keys that `issuer` publishes through its OpenID configuration, by `kid`."""

    def __init__(self, issuer: str) -> None:
        """Fetch nothing yet."""
        self._discovery = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched = -float(CACHE_SECONDS)
        self._fetching = asyncio.Lock()

    async def key(self, kid: str) -> RSAPublicKey:
        """Return the key named `kid`. Raises NoKeyError.

        A `kid` that is not cached is looked up anew, so that a rotated key works at once; whether AWS does so within
        the two hours is unverified.
        """
        async with self._fetching:
            if kid not in self._keys or monotonic() - self._fetched >= CACHE_SECONDS:
                self._keys = await asyncio.to_thread(self._fetch)
                self._fetched = monotonic()
        if kid not in self._keys:
            raise NoKeyError("the issuer has no key with the token's kid")
        return self._keys[kid]

    def _fetch(self) -> dict[str, RSAPublicKey]:
        try:
            published = _document(str(_document(self._discovery)["jwks_uri"]))["keys"]
            keys = {jwk["kid"]: RSAAlgorithm.from_jwk(jwk) for jwk in published if jwk["kty"] == "RSA"}
        except (OSError, HTTPException, ValueError, LookupError, TypeError, jwt.PyJWTError) as error:
            raise NoKeyError(f"no keys from {self._discovery} ({type(error).__name__})") from error
        return {kid: key for kid, key in keys.items() if isinstance(key, RSAPublicKey)}


def _document(url: str) -> dict[str, Any]:
    if not url.startswith(("https://", "http://")):
        raise ValueError(url)
    with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as response:  # noqa: S310 - the scheme is checked above
        document: dict[str, Any] = json.loads(response.read(_LARGEST_DOCUMENT))
    return document
