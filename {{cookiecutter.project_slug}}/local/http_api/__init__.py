"""An API Gateway HTTP API: its routes, CORS and authorizers."""
