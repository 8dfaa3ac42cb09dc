"""What both carriers do with a peer that misbehaves: the same error and reason, in time."""

import asyncio
import contextlib
import socket
import sys
import time
import traceback

import pytest

from destinations.base import Request
from gateway.http import Ambiguous, ClientSettings, Invalid, NotSent, SendError, open_client

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"


async def hang(_, writer):
    await asyncio.sleep(60)


async def close(_, writer):
    writer.close()


async def reset(_, writer):
    writer.transport.abort()


async def drip_body(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1\r\na\r\n")
        await asyncio.sleep(0.02)


async def drip_head(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"x: a\r\n")
        await asyncio.sleep(0.05)


async def stop_in_body(_, writer):
    writer.write(HEAD + b"half of it")
    writer.close()


async def hang_in_body(_, writer):
    writer.write(HEAD + b"half of it")
    await asyncio.sleep(60)


async def bad_chunk(_, writer):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")


SLOW = "no complete response within 1 s"
BROKEN = "the connection ended without a complete and valid response"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (hang, SLOW),
        (drip_head, SLOW),
        (drip_body, SLOW),
        (hang_in_body, SLOW),
        (close, BROKEN),
        (reset, BROKEN),
        (stop_in_body, BROKEN),
        (bad_chunk, BROKEN),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", BROKEN),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 2_000_000 + b"\r\n\r\n", BROKEN),
    ],
    ids=lambda value: getattr(value, "__name__", "bytes" if isinstance(value, bytes) else ""),
)
async def test_a_request_that_may_have_been_processed(connect, serve, post, answer, reason):
    peer = await serve(answer)
    client = connect(timeout=1 if reason == SLOW else 30)
    started = time.monotonic()
    with pytest.raises(Ambiguous) as caught:
        await client.send(post(peer.url))
    assert caught.value.reason == reason
    assert time.monotonic() - started < 10
    await under_way(peer)
    assert len(peer.requests) == 1
    assert_no_secrets(caught)


def assert_no_secrets(caught: pytest.ExceptionInfo[SendError]) -> None:
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "token=" not in shown
    assert "hidden" not in shown


async def under_way(peer):
    """Returns once `peer` has a request."""
    async with asyncio.timeout(60):
        while not peer.requests:
            await asyncio.sleep(0.01)


async def test_a_peer_that_does_not_read(connect, serve, post):
    peer = await serve(silent=True)
    with pytest.raises(Ambiguous, match=SLOW):
        await connect(timeout=1).send(post(peer.url, body=b"x" * 20_000_000))


@pytest.mark.parametrize("query", ["a" * 70_000, "a" * 200_000])
async def test_a_url_that_is_too_long(connect, serve, post, query):
    peer = await serve(b"")
    with pytest.raises(Invalid, match="too long or not valid"):
        await connect().send(post(f"{peer.url}?{query}"))
    assert not peer.requests


async def test_nobody_listens(connect, post):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/?token=hidden"
        with pytest.raises(NotSent, match="the connection was refused") as caught:
            await connect().send(post(url))
    assert_no_secrets(caught)


async def test_a_name_that_does_not_exist(connect, post):
    url = "http://no-such-name.invalid/?token=hidden"
    with pytest.raises(NotSent, match="the host name was not found") as caught:
        await connect(connect_timeout=60, timeout=60).send(post(url))
    assert_no_secrets(caught)


@pytest.fixture
def full_backlog():
    """The port of a listener whose queue is full: a connection is neither accepted nor refused."""
    if sys.platform != "linux":
        pytest.skip("other systems refuse when the queue is full")
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_a_connection_that_nobody_takes(connect, post, full_backlog):
    client = connect(connect_timeout=0.3)
    started = time.monotonic()
    with pytest.raises(NotSent, match=r"no connection within 0\.3 s"):
        await client.send(post(f"http://127.0.0.1:{full_backlog}/"))
    assert time.monotonic() - started < 10


async def test_a_tls_handshake_that_nobody_answers(connect, serve, post):
    peer = await serve(silent=True)
    with pytest.raises(NotSent, match=r"no connection within 0\.3 s"):
        await connect(connect_timeout=0.3).send(post(f"https://127.0.0.1:{peer.port}/"))


async def test_a_tls_handshake_with_something_else(connect, serve, post):
    async def junk(reader, writer):
        writer.write(b"220 mail.example ESMTP\r\n" * 10)
        await writer.drain()
        await reader.read(1000)
        writer.close()

    server = await asyncio.start_server(junk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NotSent, match="the TLS handshake failed"):
        await connect().send(post(f"https://127.0.0.1:{port}/"))
    server.close()


async def test_a_certificate_that_is_not_trusted(connect, serve, post):
    peer = await serve(OK, tls=True)
    url = f"https://127.0.0.1:{peer.port}/?token=hidden"
    with pytest.raises(NotSent, match="the server's certificate is not valid") as caught:
        await connect().send(post(url))
    assert peer.requests == []
    assert_no_secrets(caught)


async def test_no_free_connection(connect, serve, post):
    peer = await serve(hang)
    client = connect(max_connections=1, timeout=30, connect_timeout=0.5)
    first = asyncio.create_task(client.send(post(peer.url)))
    await under_way(peer)
    with pytest.raises(NotSent, match=r"no connection within 0\.5 s"):
        await client.send(post(peer.url))
    assert len(peer.requests) == 1
    first.cancel()


NOT_REQUESTS = [
    ("POST", "", {}),
    ("POST", "/relative", {}),
    ("POST", "vendor.example/x", {}),
    ("POST", "ftp://127.0.0.1/", {}),
    ("POST", "file:///etc/passwd", {}),
    ("POST", "http://", {}),
    ("POST", "http://a b/", {}),
    ("POST", "http://[::1/", {}),
    ("POST", "http://127.0.0.1:99999/", {}),
    ("POST", "http://127.0.0.1:1/", {"x-secret": "hidden\r\nhost: other"}),
    ("POST", "http://127.0.0.1:1/", {"x-secret": "hidden\0"}),
    ("POST", "http://127.0.0.1:1/", {"not a name": "hidden"}),
    ("POST", "http://127.0.0.1:1/", {"": "hidden"}),
    ("PO ST", "http://127.0.0.1:1/", {}),
    ("", "http://127.0.0.1:1/", {}),
    ("POST", "http://127.0.0.1:1/\ud800", {}),
    ("POST", "http://127.0.0.1:1/", {"x-secret": "hidden\ud800"}),
]


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_request_that_is_none(connect, guarded):
    client = connect(allow_private_addresses=not guarded)
    for method, url, headers in NOT_REQUESTS:
        with pytest.raises(NotSent) as caught:
            await client.send(Request(method, url, headers, b"", (0,)))
        assert_no_secrets(caught)


async def test_a_kept_connection_that_the_peer_closed_is_replaced(connect, serve, post):
    answered, closed = asyncio.Event(), asyncio.Event()

    async def answer_once(_, writer):
        writer.write(OK)
        await answered.wait()
        writer.close()
        await writer.wait_closed()
        closed.set()

    peer = await serve(answer_once)
    client = connect()
    await client.send(post(peer.url))
    answered.set()
    await closed.wait()
    await asyncio.sleep(0.1)  # until the client notices
    assert (await client.send(post(peer.url))).status == 200
    assert (peer.connections, len(peer.requests)) == (2, 2)


@pytest.mark.parametrize("ending", [close, reset])
async def test_a_kept_connection_that_breaks_after_the_request_is_not_tried_again(
    connect, serve, post, ending
):
    async def answer(received, writer):
        if received.body == b"first":
            writer.write(OK)
        else:
            await ending(received, writer)

    peer = await serve(answer)
    client = connect()
    await client.send(post(peer.url, body=b"first"))
    with pytest.raises(Ambiguous, match=BROKEN):
        await client.send(post(peer.url, body=b"second"))
    await asyncio.sleep(0.1)
    assert [received.body for received in peer.requests] == [b"first", b"second"]
    assert peer.connections == 1


async def test_no_request_comes_twice_from_a_peer_that_closes_unannounced(connect, serve, post):
    async def answer_and_close(_, writer):
        writer.write(OK)
        writer.close()

    peer = await serve(answer_and_close)
    client = connect()
    for serial in range(100):
        with contextlib.suppress(SendError):
            await client.send(post(peer.url, body=b"%d" % serial))
    bodies = [received.body for received in peer.requests]
    assert len(bodies) == len(set(bodies))
    assert len(bodies) > 50


async def test_a_broken_exchange_does_not_spoil_the_next(connect, serve, post):
    async def answer(received, writer):
        await {b"hang": hang, b"stop": stop_in_body, b"reset": reset}.get(received.body, fine)(
            received, writer
        )

    async def fine(_, writer):
        writer.write(OK)

    peer = await serve(answer)
    client = connect(timeout=2)
    for body in (b"hang", b"stop", b"reset"):
        with pytest.raises(Ambiguous):
            await client.send(post(peer.url, body=body))
        assert (await client.send(post(peer.url, body=b"fine"))).body == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged",
        OK + b" and more",
        OK + b"\r\n",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ids=["a second answer", "more", "an empty line", "204 with a body", "204 with chunks"],
)
@pytest.mark.parametrize("proxied", [False, True])
async def test_what_follows_an_answer_is_no_part_of_the_next(connect, serve, post, answer, proxied):
    first, second = answer, b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext"

    async def reply(received, writer):
        writer.write(first if received.body == b"first" else second)

    peer = await serve(reply)
    proxy = {"proxy": f"http://127.0.0.1:{peer.port}"} if proxied else {}
    client = connect(max_connections=1, **proxy)
    responses = await asyncio.gather(
        *(client.send(post(peer.url, body=body)) for body in (b"first", b"second"))
    )
    assert responses[1].body == b"next"
    assert peer.connections == 2


async def test_a_cancelled_request_does_not_disturb_others(connect, serve, post):
    async def answer(received, writer):
        await (hang(received, writer) if received.body == b"hang" else asyncio.sleep(0))
        writer.write(OK)

    peer = await serve(answer)
    client = connect(max_connections=2)
    task = asyncio.create_task(client.send(post(peer.url, body=b"hang")))
    await under_way(peer)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await client.send(post(peer.url))).body == b"ok"


async def test_closing_ends_idle_connections(connect, post):
    ended = asyncio.Event()

    async def peer(reader, writer):
        await reader.readuntil(b"{}")
        writer.write(OK)
        await reader.read()
        ended.set()
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    client = connect()
    await client.send(post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
    await client.close()
    await asyncio.wait_for(ended.wait(), 60)
    server.close()


async def test_closing_ends_what_is_under_way(connect, serve, post):
    peer = await serve(hang)
    client = connect(timeout=60)
    task = asyncio.create_task(client.send(post(peer.url)))
    await under_way(peer)
    await client.close()
    with pytest.raises(Ambiguous):
        await asyncio.wait_for(task, 60)


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_closed_client_sends_nothing(connect, serve, post, guarded):
    peer = await serve(OK)
    client = connect(allow_private_addresses=not guarded)
    await client.close()
    with pytest.raises(NotSent, match="the client is closed"):
        await client.send(post(peer.url))
    await client.close()
    assert peer.connections == 0


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_client_belongs_to_an_event_loop(carrier, guarded):
    settings = ClientSettings(carrier=carrier, allow_private_addresses=not guarded)
    with pytest.raises(RuntimeError):
        await asyncio.to_thread(open_client, settings)
