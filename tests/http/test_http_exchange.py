"""What both carriers do with a peer that behaves."""

import asyncio
import gzip

import httpx
import pytest
import respx

from destinations.base import Request, Response
from gateway.http import ClientSettings, open_client
from gateway.http.client import DEFAULT_HEADERS

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_a_request_arrives_as_it_was_made_and_with_nothing_else(connect, serve):
    peer = await serve(OK)
    headers = {"content-type": "application/json", "X-Signature": "v1,abc="}
    url = f"http://127.0.0.1:{peer.port}/a/b?c=d&e=%20"
    answer = await connect().send(Request("POST", url, headers, b'{"x": 1}', (0,)))
    assert answer == Response(200, {"content-length": "2"}, b"ok")
    (received,) = peer.requests
    assert received.line == "POST /a/b?c=d&e=%20 HTTP/1.1"
    assert received.body == b'{"x": 1}'
    assert received.headers == {
        **DEFAULT_HEADERS,
        "host": f"127.0.0.1:{peer.port}",
        "content-length": "8",
        "content-type": "application/json",
        "x-signature": "v1,abc=",
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_other_methods_and_empty_bodies(connect, serve, method):
    peer = await serve(OK)
    answer = await connect().send(Request(method, peer.url, {}, b"", (0,)))
    assert answer.body == b"ok"
    assert peer.requests[0].line.startswith(f"{method} /hook")
    assert peer.requests[0].body == b""


async def test_the_gateway_names_itself_unless_the_request_does(connect, serve, post):
    peer = await serve(OK)
    client = connect()
    await client.send(post(peer.url))
    await client.send(post(peer.url, {"User-Agent": "mine", "Accept": "x/y"}))
    ours, its_own = (received.headers for received in peer.requests)
    assert ours["user-agent"].startswith("event-gateway/")
    assert (its_own["user-agent"], its_own["accept"]) == ("mine", "x/y")


async def test_a_header_outside_ascii_goes_as_utf_8(connect, serve, post):
    peer = await serve(OK)
    await connect().send(post(peer.url, {"x-name": "Zoë 日"}))
    assert peer.requests[0].headers["x-name"] == "Zoë 日"


async def test_user_and_password_of_the_url_become_basic_authentication(connect, serve, post):
    peer = await serve(OK)
    client = connect()
    url = f"http://us%40er:p%3Aw@127.0.0.1:{peer.port}/"
    await client.send(post(url))
    await client.send(post(url, {"Authorization": "Bearer x"}))
    seen = [received.headers["authorization"] for received in peer.requests]
    assert seen == ["Basic dXNAZXI6cDp3", "Bearer x"]


@pytest.mark.parametrize(
    "location", ["/elsewhere", "http://127.0.0.1:1/", "http://[bad/", "ftp://x/", None]
)
async def test_a_redirect_is_an_answer_like_any_other(connect, serve, post, location):
    line = f"location: {location}\r\n" if location else ""
    peer = await serve(f"HTTP/1.1 302 Found\r\n{line}content-length: 0\r\n\r\n".encode())
    answer = await connect().send(post(peer.url))
    assert (answer.status, answer.headers.get("location")) == (302, location)
    assert len(peer.requests) == 1


async def test_every_status_is_returned(connect, serve, post):
    async def answer(received, writer):
        writer.write(
            b"HTTP/1.1 %s X\r\ncontent-length: 0\r\nRetry-After: 7\r\n\r\n" % received.body
        )

    peer = await serve(answer)
    client = connect()
    for status in (200, 201, 202, 204, 304, 400, 401, 404, 410, 429, 500, 503, 599):
        answer = await client.send(post(peer.url, body=b"%d" % status))
        assert (answer.status, answer.headers["retry-after"], answer.body) == (status, "7", b"")
    assert len(peer.requests) == 13


async def test_interim_answers_are_passed_over(connect, serve, post):
    peer = await serve(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n" + OK)
    assert (await connect().send(post(peer.url))).body == b"ok"


async def test_header_names_are_lower_case_repeats_are_joined_and_bytes_left_out(
    connect, serve, post
):
    peer = await serve(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-One: 1\r\nx-Two: a\r\nX-TWO: b\r\n"
        b"x-bytes: caf\xe9\r\nx-text: caf\xc3\xa9\r\n\r\n"
    )
    answer = await connect().send(post(peer.url))
    assert answer.headers == {"content-length": "0", "x-one": "1", "x-two": "a, b"}


async def test_long_headers_do_not_hurt(connect, serve, post):
    peer = await serve(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: " + b"a" * 60_000 + b"\r\n\r\n")
    assert len((await connect().send(post(peer.url))).headers["x"]) == 60_000


async def test_no_cookies_are_kept(connect, serve, post):
    peer = await serve(b"HTTP/1.1 200 OK\r\nset-cookie: id=1; path=/\r\ncontent-length: 0\r\n\r\n")
    client = connect()
    await client.send(post(peer.url))
    await client.send(post(peer.url))
    assert "cookie" not in peer.requests[1].headers


async def test_a_connection_is_used_again(connect, serve, post):
    peer = await serve(OK)
    client = connect()
    for _ in range(10):
        await client.send(post(peer.url))
    assert (peer.connections, len(peer.requests)) == (1, 10)


async def test_answers_of_concurrent_requests_are_not_mixed_up(connect, serve, post):
    under_way = most = 0

    async def echo(received, writer):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(len(received.body) % 7 / 1000)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(received.body))
        writer.write(received.body)
        under_way -= 1

    peer = await serve(echo)
    client = connect(max_connections=5)
    bodies = [b"x" * size for size in range(60)]
    answers = await asyncio.gather(*[client.send(post(peer.url, body=body)) for body in bodies])
    assert [answer.body for answer in answers] == bodies
    assert most <= 5


LIMIT = 1000
BODIES = {
    "shorter": (b"content-length: 999\r\n\r\n" + b"a" * 999, 999),
    "exact": (b"content-length: 1000\r\n\r\n" + b"a" * 1000, 1000),
    "longer": (b"content-length: 200000\r\n\r\n" + b"a" * 200_000, 1000),
    "announced but never sent": (b"content-length: 1000000\r\n\r\n" + b"a" * 1001, 1000),
    "chunked": (b"transfer-encoding: chunked\r\n\r\n" + b"5\r\naaaaa\r\n" * 50 + b"0\r\n\r\n", 250),
    "chunked, longer": (b"transfer-encoding: chunked\r\n\r\n" + b"5\r\naaaaa\r\n" * 500, 1000),
}


@pytest.mark.parametrize("case", BODIES)
async def test_a_body_is_read_up_to_the_limit(connect, serve, post, case):
    rest, length = BODIES[case]
    peer = await serve(b"HTTP/1.1 200 OK\r\n" + rest)
    client = connect(max_response_bytes=LIMIT, timeout=5)
    assert await client.send(post(peer.url)) == Response(
        200, {_name(rest): _value(rest)}, b"a" * length
    )


def _name(rest: bytes) -> str:
    return rest.partition(b": ")[0].decode()


def _value(rest: bytes) -> str:
    return rest.partition(b": ")[2].partition(b"\r\n")[0].decode()


async def test_a_body_that_the_end_of_the_connection_ends(connect, serve, post):
    async def answer(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        writer.close()

    peer = await serve(answer)
    assert (await connect().send(post(peer.url))).body == b"all of it"


async def test_an_endless_body_ends_at_the_limit_and_the_client_lives_on(connect, serve, post):
    async def endless(received, writer):
        if received.body == b"short":
            return writer.write(OK)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"a" * 4096 + b"\r\n")
            await writer.drain()

    peer = await serve(endless)
    client = connect(timeout=5)
    assert len((await client.send(post(peer.url))).body) == 1_048_576
    assert (await client.send(post(peer.url, body=b"short"))).body == b"ok"


async def test_a_compressed_body_is_never_inflated(connect, serve, post):
    bomb = gzip.compress(b"\0" * 10_000_000)
    peer = await serve(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
        + bomb
    )
    answer = await connect(max_response_bytes=5000).send(post(peer.url))
    assert answer.body == bomb[:5000]
    assert answer.headers["content-encoding"] == "gzip"
    assert peer.requests[0].headers["accept-encoding"] == "identity"


@respx.mock
async def test_respx_can_stand_in_for_a_vendor(post):
    route = respx.post("https://vendor.example/events").mock(
        return_value=httpx.Response(202, json={"accepted": 1})
    )
    client = open_client(ClientSettings(carrier="httpx"))
    answer = await client.send(post("https://vendor.example/events", body=b'{"a":1}'))
    assert (answer.status, answer.body) == (202, b'{"accepted":1}')
    assert route.calls.last.request.content == b'{"a":1}'
    await client.close()
