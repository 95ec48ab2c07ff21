"""What `template.yaml` declares, served on this machine: no AWS account, no Docker. Nothing of it is deployed.

Start reading at `stack`, which wires the rest together.

- The template: `sam`, `template`, `parameters`, `intrinsics`, `identifiers`.
- Its functions: `functions`, `layers`, `environment`, `process`, `variables`, `runtime_api`, `outcome`; and what they
  stream: `response_stream`, `trailers`.
- Its front door: `door`, and what it imports; `request` and `response` are HTTP's part of every door.
- A stand-in for AWS: `aws`, and what the template declares in it: `declared`.
- The program: `__main__`, `options`, `build`, `changes`, `listener`, `tour`.
"""
