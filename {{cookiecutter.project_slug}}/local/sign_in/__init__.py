"""Signing in with OAuth: an identity provider, its keys and tokens, and the door that asks for them."""
