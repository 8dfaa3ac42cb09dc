"""Problems of a gateway, in sentences for operators."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.event.words import counted, duration, number
from gateway.monitoring.status import DestinationStatus, Status
from gateway.sources.recognition import UNKNOWN

FULL = "full, rejecting events"
UNBALANCED = "accepted is not the sum of withheld, delivered, rejected, expired and pending"
ADDRESS_REASONS = {
    "no_header": "without a forwarding header",
    "unreadable": "with an unreadable one",
    "hidden": "with an address that a proxy hides",
    "proxy": "with the address of a proxy only",
}


def destination_problems(each: DestinationStatus, now: float) -> Iterator[tuple[str, str]]:
    """The problems of one destination, each with its reason: a limit that is reached, pauses, a
    failed audit, the last error, the end of the API version, credentials, the last warning. now:
    Unix seconds."""
    if each.full is not None:
        yield FULL, each.full
    if each.pause is not None:
        yield f"paused ({each.pauses} in a row)", each.pause.reason
    elif each.pauses:
        yield (
            f"{each.pauses} pauses in a row",
            "the last pause is over, no delivery has succeeded yet",
        )
    if not each.balanced:
        yield "audit failed", UNBALANCED
    if each.last_error is not None:
        age = duration(max(0.0, now - each.last_error.at))
        yield f"last error, {age} ago", each.last_error.reason
    if each.version_warning:
        yield "API version", each.version_warning
    if each.credential_warning:
        yield "credential", each.credential_warning
    if each.last_warning is not None:
        age = duration(max(0.0, now - each.last_warning.at))
        yield f"last warning, {age} ago", each.last_warning.words


def address_problems(status: Status) -> Iterator[str]:
    """Problems with the addresses of visitors, and what to do."""
    reasons = [
        f"{number(count)} {ADDRESS_REASONS[reason]}"
        for reason, count in status.unknown_addresses.items()
        if count
    ]
    if reasons:
        total = counted(sum(status.unknown_addresses.values()), "request")
        yield (
            f"{total} from trusted proxies did not state the visitor's address: "
            f"{', '.join(reasons)}. The place of these visitors is unknown. Make your proxy send "
            "X-Forwarded-For, or name its header in `server.client_ip_header`."
        )
    if status.untrusted_proxy_requests:
        yield (
            f"{counted(status.untrusted_proxy_requests, 'request')} came through a proxy in your "
            "network that is not trusted, so they have the proxy's address instead of the "
            "visitor's. Add it to `server.trusted_proxies`: the log of the web process names it."
        )


def unclaimed_problems(status: Status) -> Iterator[str]:
    """How many requests of known protocols no source answered, and what to do."""
    counts = {kind: count for kind, count in status.unclaimed_requests.items() if kind != UNKNOWN}
    if counts:
        kinds = ", ".join(f"{number(count)} like `{kind}`" for kind, count in counts.items())
        total = counted(sum(counts.values()), "request")
        yield (
            f"{total} of known protocols came to a path where no "
            f"source answers: {kinds}. Run `gateway refused list` to see where they went."
        )
