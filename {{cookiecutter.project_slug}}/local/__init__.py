"""What `template.yaml` declares, served on this machine: no AWS account, no Docker. Nothing of it is deployed.

Start reading at `stack`, which wires the rest: `sam`, `template`, `parameters`, `intrinsics` and `identifiers` read the
template; `functions`, `environment`, `process` and `runtime_api` run its functions; `http_api`, `routes`, `request`,
`response`, `cors`, `authorizer` and `jwks` are its API; `identity`, `oauth`, `sign_in` and `sign_in_page` sign people
in; `aws` stands in for AWS; `build`, `changes`, `listener`, `tour` and `__main__` make it a program.
"""
