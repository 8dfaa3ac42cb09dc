"""From which network a request comes, for limits."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from gateway.configuration.server import ServerSettings
from gateway.event.address import read_node, sender_of
from gateway.web.client_ip import compile_client_ip


def network_of(server: ServerSettings) -> Callable[[Request], str]:
    """The function for these settings. It finds the address of a request as sources do, with the
    same trusted proxies, and returns it, or the first address of its /64; "" if it is not known."""
    client_ip = compile_client_ip(server.trusted_proxies, server.client_ip_header)

    def network(request: Request) -> str:
        peer = request.client.host if request.client else ""
        address = read_node(client_ip(peer, request.headers).address)
        return "" if isinstance(address, str) else sender_of(address)

    return network
