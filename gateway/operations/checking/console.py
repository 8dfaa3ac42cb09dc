"""What `gateway check` says about the console: who can reach it, and who can sign in."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration.settings import Settings

UNREACHABLE = (
    "Console: has users, but answers on this machine only, under a loopback address. Add the name "
    "under which browsers reach it to `console.hosts`, with a proxy in front that has TLS."
)
LINKS_ONLY = (
    "Console: can be reached under {hosts}, but nobody has a password and there is no "
    "`console.openid`. Only one-time links, which `gateway console link` prints, let anyone in."
)
BOTH_ROLES = (
    "Console: {values} is in `console.openid.operators` and in `viewers`. Whoever has it is an "
    "operator."
)


def console_notes(settings: Settings) -> Iterator[str]:
    console = settings.console
    if not console.enabled:
        return
    hosts = console.allowed_hosts
    if console.users and not hosts:
        yield UNREACHABLE
    if hosts and not console.users and console.openid is None:
        yield LINKS_ONLY.format(hosts=", ".join(sorted(hosts)))
    if console.openid is not None:
        both = [each for each in console.openid.operators if each in console.openid.viewers]
        if both:
            yield BOTH_ROLES.format(values=", ".join(both))
