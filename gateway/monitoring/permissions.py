"""Permissions: the hosts that destinations may reach, and the fields that they read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.configuration.settings import Settings


@dataclass(frozen=True, slots=True)
class Permissions:
    """The permissions of one destination. hosts: those that it may reach. fields: those of the
    event that it reads; None for all."""

    type: str
    hosts: Sequence[str]
    fields: Sequence[str] | None

    def __str__(self) -> str:
        hosts = ", ".join(self.hosts) or "no host"
        read = "all fields" if self.fields is None else ", ".join(self.fields) or "no fields"
        return f"may reach {hosts}. It reads {read}."


def permissions_of(configured: ForwardingSettings) -> Permissions:
    destination = build_destination(configured)
    fields = destination.fields
    if fields is not None:
        fields |= {source.partition(".")[0] for _, source in configured.mapping.sources()}
    hosts = sorted(set(destination.hosts()))
    return Permissions(destination.type, hosts, None if fields is None else sorted(fields))


def permission_lines(settings: Settings) -> Iterator[str]:
    """A line for each destination."""
    for name, configured in settings.destinations.items():
        permissions = permissions_of(configured)
        yield f"{name} ({permissions.type}) {permissions}"
