"""The AWS side as code; the templates that it makes are in `infra/cloudformation`."""
