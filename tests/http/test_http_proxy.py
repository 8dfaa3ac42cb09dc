"""Requests through a proxy."""

import pytest

from gateway.http import Ambiguous, NotSent

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_plain_http_goes_to_the_proxy_with_its_credentials(connect, serve, post):
    proxy = await serve(OK)
    client = connect(proxy=f"http://user:pw@127.0.0.1:{proxy.port}")
    assert (await client.send(post("http://vendor.test/a?b=c"))).body == b"ok"
    (received,) = proxy.requests
    assert received.line == "POST http://vendor.test/a?b=c HTTP/1.1"
    assert received.headers["host"] == "vendor.test"
    assert received.headers["proxy-authorization"] == "Basic dXNlcjpwdw=="


async def test_https_asks_the_proxy_for_a_tunnel_and_tells_it_no_more(connect, serve, post):
    proxy = await serve(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
    client = connect(proxy=f"http://user:pw@127.0.0.1:{proxy.port}")
    with pytest.raises(NotSent, match="the proxy refused the connection"):
        await client.send(post("https://vendor.test/a?token=hidden"))
    (received,) = proxy.requests
    assert received.line == "CONNECT vendor.test:443 HTTP/1.1"
    assert received.headers["proxy-authorization"] == "Basic dXNlcjpwdw=="
    assert "x-secret" not in received.headers


async def test_a_proxy_that_is_not_there(connect, post):
    client = connect(proxy="http://127.0.0.1:1")
    for url in ("http://vendor.test/", "https://vendor.test/"):
        with pytest.raises(NotSent, match="the connection was refused"):
            await client.send(post(url))


async def test_a_proxy_that_breaks_off(connect, serve, post):
    async def close(_, writer):
        writer.close()

    proxy = await serve(close)
    client = connect(proxy=f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(Ambiguous):
        await client.send(post("http://vendor.test/"))


async def test_proxy_variables_of_the_environment_are_not_used(connect, serve, post, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    peer = await serve(OK)
    assert (await connect().send(post(peer.url))).body == b"ok"
