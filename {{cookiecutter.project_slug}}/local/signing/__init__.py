"""Requests signed with AWS Signature Version 4, and the door that asks for them."""
