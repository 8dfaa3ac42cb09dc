"""What keeps apart the gateways that share a Redis: the beginning of their keys."""

DEFAULT_NAMESPACE = "gw"

NAMESPACE_PATTERN = r"^[A-Za-z0-9_]{1,32}$"
"""Neither a dash, which ends a namespace in the names of RQ's jobs, nor what divides keys."""
