"""What `gateway check --permissions` says: the hosts that destinations may reach, and the fields
that they read."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.destination import build_destination
from gateway.configuration.settings import Settings


def permission_lines(settings: Settings) -> Iterator[str]:
    """A line for each destination."""
    for name, configured in settings.destinations.items():
        destination = build_destination(configured)
        hosts = ", ".join(sorted(set(destination.hosts()))) or "no host"
        fields = destination.fields
        if fields is not None:
            fields |= {source.partition(".")[0] for _, source in configured.mapping.sources()}
        read = "all fields" if fields is None else ", ".join(sorted(fields)) or "no fields"
        yield f"{name} ({destination.type}) may reach {hosts}. It reads {read}."
