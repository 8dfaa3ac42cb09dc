"""The cheapest possible receiver: reads requests, answers as Meta, GA4 or a webhook's owner would.

    python tests/benchmarks/counting_sink.py PORT [--record]

With --record, GET /arrivals tells when each event came: lines of its id and the monotonic clock.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import cast

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
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
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            size = end + 4 + int(length or 0)
            if len(self.received) < size:
                return
            body = bytes(self.received[end + 4 : size])
            del self.received[:size]
            self.transport.write(self.answer(head, body))

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


def with_body(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    Receiver.records = "--record" in sys.argv
    uvloop.run(main(int(sys.argv[1])))
