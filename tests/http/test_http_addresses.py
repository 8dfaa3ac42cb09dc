"""Nothing reaches a private address when that is forbidden, however the address is written."""

import asyncio
import socket
import time

import pytest

from gateway.http import Ambiguous, ClientSettings, NotSent, SendError
from gateway.http.addresses import is_public, look_up, public_addresses
from gateway.http.client import BLOCKED, NAME_NOT_FOUND, Invalid
from gateway.http.fast import ADDRESS_SECONDS, GuardedFastClient
from gateway.http.httpx_carrier import HttpxClient

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def words(text: str) -> list[str]:
    return text.split()


PRIVATE = words("""
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255
    127.0.0.1 127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2
    172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
    198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255
    :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
    64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1
    2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1
    2002:7f00:1:: 2002:a00:1:: 2002:a9fe:a9fe:: 2002:c0a8:101::1
    4000::1 5f00::1 fc00::1 fd00:ec2::254 fd12:3456:789a::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1
""")
PUBLIC = words("""
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
    169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255
    198.20.0.0 223.255.255.255 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
    2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001::1 3ffe::1
""")


@pytest.mark.parametrize("address", PRIVATE)
def test_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "8.8.8.8:80", "[::1]"])
def test_what_is_no_address_is_not_public(text):
    assert not is_public(text)


LOOPBACK = words("""
    127.0.0.1 127.0.0.2 127.1 127.0.1 127.000.000.001 127.0.0.1. 2130706433 017700000001 0177.0.0.1
    0177.0.0.01 0x7f000001 0X7F000001 0x7f.0.0.1 0x7f.1 0x7f.0x0.0x0.0x1 0 0.0.0.0 0x0
    %31%32%37.0.0.1 127。0。0。1 ①②⑦.0.0.1
    localhost LOCALHOST LocalHost localhost. localhost.%20
    [::1] [::] [0:0:0:0:0:0:0:1] [0000::1] [::ffff:127.0.0.1] [::FFFF:7F00:1] [::ffff:7f00:1]
    [::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::]
""")


@pytest.mark.anyio
async def test_no_spelling_of_loopback_gets_through(connect, serve, post):
    peer = await serve(OK)
    client = connect(allow_private_addresses=False, timeout=60, connect_timeout=60)
    reasons = {}
    for host in LOOPBACK:
        for authority in (host, f"user:pw@{host}"):
            with pytest.raises(NotSent) as caught:
                await client.send(post(f"http://{authority}:{peer.port}/"))
            reasons[authority] = caught.value.reason
    assert peer.connections == 0
    assert set(reasons.values()) <= {BLOCKED, NAME_NOT_FOUND, Invalid().reason}  # none was tried
    assert list(reasons.values()).count(BLOCKED) >= 2 * 20


@pytest.mark.anyio
async def test_those_spellings_are_dangerous(connect, serve, post):
    """Without this, the test above proves nothing: many spellings arrive if they are allowed."""
    peer = await serve(OK)
    client = connect(timeout=0.5)
    for host in LOOPBACK:
        try:
            await client.send(post(f"http://{host}:{peer.port}/"))
        except SendError:
            continue
    assert len(peer.requests) >= 15


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "0x7f.1"])
async def test_the_reason_is_told(connect, post, host):
    with pytest.raises(NotSent, match=BLOCKED):
        await connect(allow_private_addresses=False).send(post(f"https://{host}/"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["2606:4700::1111", "::ffff:127.0.0.1"]],
)
async def test_a_name_with_a_private_address_is_refused(addresses):
    async def resolve(host: str) -> list[str]:
        return addresses

    with pytest.raises(NotSent, match=BLOCKED):
        await public_addresses("shop.test", resolve)


@pytest.mark.anyio
async def test_a_name_with_public_addresses_only():
    async def resolve(host: str) -> list[str]:
        return ["8.8.8.8", "2606:4700::1111"]

    assert await public_addresses("shop.test", resolve) == ["8.8.8.8", "2606:4700::1111"]


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["", "no-such-name.invalid", "a" * 300, "a\0b", "a..b", "\ud800"])
async def test_a_host_that_cannot_be_looked_up(host):
    with pytest.raises(NotSent, match="the host name was not found"):
        await look_up(host)


class Names:
    """Stands in for the checked look-up: its answers are the addresses to connect to."""

    def __init__(self, *answers: list[str] | NotSent) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await asyncio.sleep(0.01)
        if isinstance(answer, NotSent):
            raise answer
        return answer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def guarded(carrier):
    clients = []

    def guarded(names, **settings):
        settings = ClientSettings(carrier=carrier, allow_private_addresses=False, **settings)
        clients.append((GuardedFastClient if carrier == "fast" else HttpxClient)(settings, names))
        return clients[-1]

    yield guarded
    for client in clients:
        await client.close()


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["shop.test", "SHOP.test", "shop.test.", "user:pw@shop.test"])
async def test_the_checked_address_is_the_one_connected(guarded, serve, post, host):
    peer = await serve(OK)
    names = Names(["127.0.0.1"])
    client = guarded(names)
    assert (await client.send(post(f"http://{host}:{peer.port}/"))).body == b"ok"
    expected = host.rpartition("@")[2].lower()
    assert names.asked == [expected]
    assert peer.requests[0].headers["host"] == f"{expected}:{peer.port}"


@pytest.mark.anyio
async def test_tls_is_done_with_the_name_and_not_the_address(guarded, serve, post, trusted):
    peer = await serve(OK, tls=True)
    client = guarded(Names(["127.0.0.1"]))
    assert (await client.send(post(peer.url))).body == b"ok"
    assert peer.server_names == ["shop.test"]
    with pytest.raises(NotSent, match="the server's certificate is not valid"):
        await client.send(post(f"https://other.test:{peer.port}/"))
    assert peer.server_names == ["shop.test", "other.test"]
    assert len(peer.requests) == 1


@pytest.mark.anyio
async def test_a_name_that_turns_private_is_never_followed(guarded, serve, post):
    peer = await serve(OK)
    client = guarded(Names(["127.0.0.1"], NotSent(BLOCKED)))
    await client.send(post(f"http://shop.test:{peer.port}/"))
    await client.send(post(f"http://shop.test:{peer.port}/"))
    assert (peer.connections, len(peer.requests)) == (1, 2)
    with pytest.raises(NotSent, match=BLOCKED):
        await client.send(post(f"http://other.test:{peer.port}/"))


@pytest.mark.anyio
async def test_the_next_address_when_one_cannot_be_reached(guarded, serve, post):
    peer = await serve(OK)
    client = guarded(Names(["::1", "127.0.0.1"]), connect_timeout=1)
    request = post(f"http://shop.test:{peer.port}/")
    try:
        await client.send(request)
    except NotSent:
        await client.send(request)
    assert len(peer.requests) == 1


@pytest.mark.anyio
async def test_an_address_is_kept_when_only_the_places_are_taken(guarded, serve, post):
    refused = asyncio.Event()

    async def answer(received, writer):
        await refused.wait()
        writer.write(OK)

    peer = await serve(answer)
    client = guarded(Names(["127.0.0.1", "::1"]), max_connections=1, connect_timeout=0.5)
    request = post(f"http://shop.test:{peer.port}/")
    sending = [asyncio.create_task(client.send(request)) for _ in range(2)]
    (early,), (late,) = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(NotSent):
        early.result()
    refused.set()
    assert (await late).body == b"ok"
    assert (await client.send(request)).body == b"ok"
    assert peer.connections == 1


@pytest.mark.anyio
async def test_closing_during_a_look_up(guarded, post):
    client = guarded(Names(["127.0.0.1"]))
    task = asyncio.create_task(client.send(post("http://shop.test:1/")))
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(NotSent):
        await task


@pytest.mark.anyio
async def test_a_look_up_that_takes_too_long(guarded, post):
    async def never(host: str) -> list[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(NotSent, match=r"no connection within 0\.1 s"):
        await guarded(never, connect_timeout=0.1).send(post("http://shop.test/"))


@pytest.mark.anyio
async def test_the_deadline_covers_the_look_up(guarded, serve, post):
    async def slow(host: str) -> list[str]:
        await asyncio.sleep(1.5)
        return ["127.0.0.1"]

    async def hang(_, writer):
        await asyncio.sleep(60)

    peer = await serve(hang)
    client = guarded(slow, timeout=3)
    started = time.monotonic()
    with pytest.raises(Ambiguous, match="no complete response within 3 s"):
        await client.send(post(f"http://shop.test:{peer.port}/"))
    assert time.monotonic() - started < 4.4
    assert len(peer.requests) == 1


@pytest.mark.anyio
async def test_concurrent_requests_share_a_look_up_and_it_holds_for_a_while(serve, post):
    peer = await serve(OK)
    names, clock = Names(["127.0.0.1"]), Clock()
    client = GuardedFastClient(ClientSettings(allow_private_addresses=False), names, clock)
    request = post(f"http://shop.test:{peer.port}/")
    await asyncio.gather(*[client.send(request) for _ in range(20)])
    clock.now = ADDRESS_SECONDS - 1
    await client.send(request)
    assert len(names.asked) == 1
    connections = peer.connections
    clock.now = ADDRESS_SECONDS + 1
    await client.send(request)
    assert len(names.asked) == 2
    assert peer.connections == connections  # the address is the same, so is the connection
    await client.close()


@pytest.mark.anyio
async def test_a_name_is_checked_again_after_a_while(serve, post):
    peer = await serve(OK)
    names, clock = Names(["127.0.0.1"], NotSent(BLOCKED), ["127.0.0.1"]), Clock()
    client = GuardedFastClient(ClientSettings(allow_private_addresses=False), names, clock)
    request = post(f"http://shop.test:{peer.port}/")
    await client.send(request)
    clock.now = ADDRESS_SECONDS + 1
    with pytest.raises(NotSent, match=BLOCKED):
        await client.send(request)
    assert (await client.send(request)).body == b"ok"
    assert len(peer.requests) == 2
    await client.close()


@pytest.mark.anyio
async def test_a_host_that_moves_is_followed(serve, post):
    here = await serve(OK)
    with socket.socket() as elsewhere:  # another address of this machine, the same port
        try:
            elsewhere.bind(("127.0.0.2", here.port))
        except OSError:
            pytest.skip("this system has one loopback address only")
        names, clock = Names(["127.0.0.2"], ["127.0.0.1"]), Clock()
        client = GuardedFastClient(ClientSettings(allow_private_addresses=False), names, clock)
        request = post(f"http://shop.test:{here.port}/")
        with pytest.raises(NotSent, match="the connection was refused"):
            await client.send(request)
        clock.now = ADDRESS_SECONDS + 1
        assert (await client.send(request)).body == b"ok"
        await client.close()
