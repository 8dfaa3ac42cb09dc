"""uvicorn's HTTP protocol, made strict, and with a limit on everything that is not a body.

uvicorn and httptools keep a head of any size, join its parts again with each read, and keep any
number of pipelined requests: a sender could use up the memory and the time of a process before the
application sees the request. They accept requests with a doubtful host, version or framing. And
they lose the body of a request that asks for another protocol, as `curl --http2` does.
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.web.connections import (
    ANSWERED,
    BODY,
    BUSY,
    CLOSING,
    ENDING,
    HEAD,
    HEAD_SECONDS,
    IDLE,
    MALFORMED,
    REFUSED,
    SILENT,
    UNREAD,
    State,
)
from gateway.web.headers import MAX_LINES
from gateway.web.odd_http import (
    TOO_MANY_LINES,
    RefusedHead,
    fault_of,
    refused_head,
    without_upgrade,
)

MAX_BYTES = 131_072
"""Of a head, and of trailers: room for the headers that `gateway.web.headers` accepts, and for a
URL of the same length, which is the longest that httptools reads."""

MAX_AHEAD = 10
"""Pipelined requests of a connection that wait for the answer to the one before. uvicorn keeps all
that one read contains, which can be thousands, and reads on after each answer."""

_TOO_MANY_AHEAD = RefusedHead("too_many_ahead", b"")
"""Never written: the requests before it are answered, and then the connection ends. Their sender
has to repeat the others (RFC 9112, 9.3.2)."""

_TOO_LARGE = refused_head(
    "431 Request Header Fields Too Large",
    "headers_too_large",
    f"the request line and the headers are larger than {MAX_BYTES} bytes",
)
_TOO_SLOW = refused_head(
    "408 Request Timeout",
    "headers_too_slow",
    f"the request line and the headers took longer than {HEAD_SECONDS:.0f} s",
)
_MALFORMED = refused_head("400 Bad Request", "malformed_http", "this is not a valid HTTP request")


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol for one connection. It answers 431 after more than `MAX_BYTES` that
    neither completed a head nor belonged to a body, refuses a head in which `fault_of` finds a
    fault, and ignores `Upgrade`. `Connections` ends a connection that waits for too long."""

    held = 0
    """Bytes that were received of an incomplete request."""
    _read = 0
    _is_refused = False
    _fault: RefusedHead | None = None
    _asks_for_upgrade = False

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        size = len(data)
        self._read += size
        self.held += size
        try:
            self._parse(data)
        except httptools.HttpParserError:
            if self._fault is None:
                MALFORMED.add()
            self._refuse(self._fault or _MALFORMED)
            return
        if self._read > MAX_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._read and self.headers and len(self.headers) > MAX_LINES:
            self._refuse(TOO_MANY_LINES)

    def on_headers_complete(self) -> None:
        self._fault = fault_of(self.parser.get_http_version(), self.headers)
        if self._read > MAX_BYTES and self._head_bytes() > MAX_BYTES:  # a read can have all of it
            self._fault = _TOO_LARGE
        self._read = 0
        if len(self.pipeline) >= MAX_AHEAD:
            self._fault = _TOO_MANY_AHEAD
        if self._fault is not None:
            raise ValueError(self._fault.reason)  # so the parser stops here
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._asks_for_upgrade = True
            return
        super().on_headers_complete()
        self.headers = []  # trailers go here: they are no headers (RFC 9110, 6.5.1)

    def on_body(self, body: bytes) -> None:
        self._read = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._read = self.held = 0
        if not self._asks_for_upgrade:
            super().on_message_complete()
            self.cycle.more_body = False  # uvicorn leaves it True if the answer came first

    def on_response_complete(self) -> None:
        """uvicorn's own, without its timer for idle connections."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    @property
    def peer(self) -> str:
        return self.client[0] if self.client else ""

    def state(self) -> State:
        is_answered = self.cycle is None or self.cycle.response_complete
        if self._is_refused and is_answered:
            return ENDING
        if self.transport.is_closing():
            return CLOSING
        if self.cycle is None:
            return HEAD if self._read else SILENT
        if is_answered:
            if self.cycle.more_body:
                return ANSWERED
            return HEAD if self._read else IDLE
        if self.cycle.more_body and not self.cycle.response_started:
            return BODY
        return UNREAD if self.flow.write_paused else BUSY

    def end(self, state: State) -> None:
        if state is HEAD:
            self._refuse(_TOO_SLOW)
        elif state in (UNREAD, ENDING):
            self.transport.abort()
        else:
            self.close()

    def close(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()
        else:
            self.transport.close()

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _parse(self, data: bytes) -> None:
        """Feeds the parser. It stops at a head with `Upgrade`; then it gets that head again without
        `Upgrade`, and the rest."""
        rest: bytes | memoryview = data
        while True:
            try:
                self.parser.feed_data(rest)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if not self._asks_for_upgrade:  # CONNECT, which no endpoint answers
                    return
                rest = memoryview(rest)[upgrade.args[0] :]
            self._asks_for_upgrade = False
            method, version = self.parser.get_method(), self.parser.get_http_version()
            self.parser.feed_data(without_upgrade(method, self.url, version, self.headers))

    def _refuse(self, refused: RefusedHead) -> None:
        self._is_refused = True
        REFUSED.add(f"refused::{refused.reason}")
        if self.headers:
            self.headers.clear()  # they can take twenty times the memory of the bytes received
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(refused.answer)
            self.transport.write_eof()
        elif self.cycle.more_body:
            self.transport.abort()  # the answer would be taken for that of the request before
        else:
            self.cycle.keep_alive = False  # the last one that is answered
            self.flow.resume_reading()  # what comes after it is discarded
