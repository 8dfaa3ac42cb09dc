"""Namespaces: the prefix of all keys, which separates gateways that share a Redis."""

DEFAULT_NAMESPACE = "gw"

NAMESPACE_PATTERN = r"^[A-Za-z0-9_]{1,32}$"
"""Allows no dash, which ends a namespace in the names of RQ's jobs, and no separator of keys."""
