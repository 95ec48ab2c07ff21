"""What `template.yaml` declares, served on this machine: no AWS account, no Docker. Nothing of it is deployed.

Start reading at `stack`, which wires the rest together.

- The template: `sam`, `template`, `parameters`, `intrinsics`, `identifiers`.
- Its functions: `functions`, `environment`, `process`, `variables`, `runtime_api`.
- Its API: `http_api`, `routes`, `request`, `response`, `cors`, `authorizer`, `jwks`.
- Signing in: `identity`, `oauth`, `tokens`, `sign_in`, `sign_in_page`.
- A stand-in for AWS: `aws`.
- The program: `__main__`, `build`, `changes`, `listener`, `tour`.
"""
