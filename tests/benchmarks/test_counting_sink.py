"""The sink reads what clients of several kinds send, in whatever pieces it comes."""

from __future__ import annotations

import asyncio

import pytest

from tests.benchmarks.counting_sink import NO_CONTENT, Receiver

LENGTH = b'POST /a HTTP/1.1\r\nContent-Length: 18\r\n\r\n{"event_id": "n1"}'
CHUNKS = (
    b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'7\r\n{"event\r\nB\r\n_id": "n2"}\r\n0\r\n\r\n'
)


class Transport(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_every_request_is_answered_and_its_events_are_known(
    monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    arrivals: dict[bytes, float] = {}
    monkeypatch.setattr(Receiver, "arrivals", arrivals)
    monkeypatch.setattr(Receiver, "records", True)
    transport, receiver, sent = Transport(), Receiver(), LENGTH + CHUNKS + LENGTH
    receiver.connection_made(transport)
    for begin in range(0, len(sent), piece):
        receiver.data_received(sent[begin : begin + piece])
    assert transport.written == 3 * NO_CONTENT
    assert list(arrivals) == [b"n1", b"n2"]
