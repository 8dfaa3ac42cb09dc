"""The cheapest possible receiver: reads requests, answers as Meta, GA4 or a webhook's owner would.

    python tests/benchmarks/counting_sink.py PORT [--record]

With --record, GET /arrivals lists when each event came: its id and the time (monotonic clock).
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import cast

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
CHUNKED = b"\r\ntransfer-encoding: chunked"
EVENT_ID = re.compile(rb'"event_id":\s?"([^"]+)"')


class Receiver(asyncio.Protocol):
    arrivals: dict[bytes, float] = {}
    records = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.received = cast(asyncio.Transport, transport), bytearray()

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.received[:end]).lower()
            found = (
                chunked(self.received, end + 4) if CHUNKED in head else self.sized(head, end + 4)
            )
            if found is None:
                return
            body, size = found
            del self.received[:size]
            self.transport.write(self.answer(head, body))

    def sized(self, head: bytes, begin: int) -> tuple[bytes, int] | None:
        """The body from `begin` on and where it ends, or None while it is incomplete."""
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        end = begin + int(length or 0)
        return (bytes(self.received[begin:end]), end) if len(self.received) >= end else None

    def answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"get /arrivals "):
            lines = (b"%b %f\n" % arrival for arrival in self.arrivals.items())
            return with_body(b"".join(lines))
        if self.records:
            now = time.monotonic()
            for event_id in EVENT_ID.findall(body):
                self.arrivals.setdefault(event_id, now)
        if head.startswith(b"post /v"):  # the Graph API; it says how many events it took
            return with_body(b'{"events_received":%d}' % body.count(b'"event_name"'))
        return NO_CONTENT


def chunked(received: bytearray, begin: int) -> tuple[bytes, int] | None:
    """As `Receiver.sized`, of a body in chunks without trailers. Source: RFC 9112, 7.1"""
    body = b""
    while (line := received.find(b"\r\n", begin)) >= 0:
        size = int(received[begin:line].partition(b";")[0], 16)
        begin, end = line + 2, line + 2 + size
        if len(received) < end + 2:
            return None
        if not size:
            return body, end + 2
        body += received[begin:end]
        begin = end + 2
    return None


def with_body(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    Receiver.records = "--record" in sys.argv
    uvloop.run(main(int(sys.argv[1])))
