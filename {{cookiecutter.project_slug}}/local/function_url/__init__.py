"""A Lambda function URL, whose callers need two permissions."""
