"""What `template.yaml` declares, served on this machine: no AWS account, no Docker."""
