"""A stand-in for the Lambda Invoke API, and a client's transport over it."""
