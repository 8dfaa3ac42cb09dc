"""Where a process listens: options, and bound sockets."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import click

from gateway.cli.options import fail

if TYPE_CHECKING:
    from gateway.runtime.address import Address

HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on.",
)
OPERATORS_HOST = click.option(
    "--operators-host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on for operators, who get /metrics and /readyz with reasons. An "
    "address that other machines can reach requires server.operators_token in the configuration.",
)
OPERATORS_PORT = click.option(
    "--operators-port",
    type=click.IntRange(1, 65535),
    default=8081,
    show_default=True,
    help="Port to listen on for operators.",
)
CONSOLE_HOST = click.option(
    "--console-host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on for the console.",
)
CONSOLE_PORT = click.option(
    "--console-port",
    type=click.IntRange(1, 65535),
    default=8082,
    show_default=True,
    help="Port to listen on for the console.",
)


def listen_for_console(address: Address) -> socket.socket:
    return _bind(address, False, "It is for the console: try --console-{}, or --no-console.")


def listen_at(
    public: Address, operators: Address, share_port: bool = False
) -> tuple[socket.socket, socket.socket]:
    """Sockets bound to the public address and to the operators' address."""
    if public.port == operators.port:
        fail(f"--port and --operators-port are both {public.port}; choose two different ports.")
    listening = _bind(public, share_port, "Try --{}.")
    return listening, _bind(operators, share_port, "It is for operators: try --operators-{}.")


def _bind(address: Address, share_port: bool, advice: str) -> socket.socket:
    """advice: what to do, with ``{}`` where the option for the host or the port belongs."""
    from gateway.runtime.address import listen

    try:
        return listen(address, share_port)
    except OSError as error:
        unknown_host = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        option = "host" if unknown_host else "port"
        where = f"{address.host}:{address.port}"
        fail(f"cannot listen on {where}: {error.strerror}. {advice.format(option)}")
