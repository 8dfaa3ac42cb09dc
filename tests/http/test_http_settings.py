"""The settings of the client, and when one may be opened."""

import subprocess
import sys
import textwrap

import pytest
from pydantic import ValidationError

from gateway.http import ClientSettings, open_client
from gateway.http.client import HttpSettings


def test_every_field_is_described():
    assert [name for name, f in HttpSettings.model_fields.items() if not f.description] == []


def test_defaults():
    settings = ClientSettings()
    assert (settings.carrier, settings.timeout, settings.connect_timeout) == ("fast", 10, 5)
    assert settings.allow_private_addresses


@pytest.mark.parametrize(
    "wrong",
    [
        {"carrier": "requests"},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": "soon"},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"connect_timeout": 0},
        {"max_response_bytes": 0},
        {"max_connections": 0},
        {"proxy": "proxy.internal:3128"},
        {"proxy": "socks5://proxy.internal:1080"},
        {"proxy": "http://"},
        {"proxy": "http://h:port"},
        {"proxy": "http://h:99999"},
        {"proxy": "http://user:hidden@[::1"},
        {"proxy": "http://user:hidden@pro xy:3128"},
        {"proxy": "http://user:hidden@999.1.1.1:3128"},
        {"proxy": "http://user:hidden@pro%20xy:3128"},
        {"proxy": "http://user:hidden@proxy:3128\n"},
        {"proxy": " http://user:hidden@proxy:3128"},
        {"proxy": "http://user:1#hidden@proxy:3128"},
        {"proxy": "http://user:1?hidden@proxy:3128"},
        {"proxy": "http://user:hidden@proxy:3128/path"},
        {"proxy": "http://user:hidden@proxy:3128", "allow_private_addresses": False},
        {"retries": 3},
    ],
)
def test_wrong_settings_are_refused_without_repeating_secrets(wrong):
    with pytest.raises(ValidationError) as caught:
        ClientSettings(**wrong)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("carrier", ["fast", "httpx"])
@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxy.internal",
        "HTTP://proxy.internal:3128/",
        "https://user:p%40ss%2F@proxy:3128",
        "http://[::1]:3128",
        "http://pro_xy:3128",
        "http://bücher.example:3128",
    ],
)
@pytest.mark.anyio
async def test_a_proxy_that_is_accepted_can_be_used(carrier, proxy):
    await open_client(ClientSettings(carrier=carrier, proxy=proxy)).close()


def test_the_proxy_is_a_secret():
    settings = ClientSettings(proxy="http://user:hidden@proxy.internal:3128")
    assert "hidden" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_importing_starts_nothing_and_clients_of_parent_and_child_do_not_meet():
    """What a worker does: import everything, fork, and open clients in the children."""
    script = """
        import asyncio, os
        from destinations.base import Request
        from gateway.http import (ClientSettings, open_client)

        assert len(os.listdir("/proc/self/task")) == 1, "a thread before the fork"

        async def main():
            async def connected(reader, writer):
                await reader.readuntil(b"\\r\\n\\r\\n")
                writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok")
                writer.close()
            server = await asyncio.start_server(connected, "127.0.0.1", 0)
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            for carrier in ("fast", "httpx"):
                client = open_client(ClientSettings(carrier=carrier))
                assert (await client.send(Request("POST", url, {}, b"", (0,)))).body == b"ok"
                await client.close()

        children = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                asyncio.run(main())
                os._exit(0)
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        asyncio.run(main())
        asyncio.run(main())
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=240)
