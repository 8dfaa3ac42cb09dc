"""The metrics and the status of a running gateway."""
