"""The client for asyncio."""

import asyncio
import atexit
import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from gateway_client.entries import Entry
from gateway_client.failures import Failure, NotAccepted, OnFailure, read_call, report
from gateway_client.requests import (
    CLOSED,
    OUT_OF_TIME,
    deliver,
    deliver_async,
    post_async,
    request_headers,
)
from gateway_client.sender import CLOSING_PAUSE, Sender, Settled, fill_sender


class AsyncClient:
    """Sends events to the `events` source of a gateway, for programs with asyncio.

    The parameters are those of `Client`. Use it as an asynchronous context manager, or `close` it:
    then its events are sent before the loop ends. Events that are left when the program ends are
    sent then, unless it is killed. It belongs to one event loop at a time and to its thread.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        on_failure: OnFailure | None = None,
        max_events: int = 10_000,
        timeout: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._headers = request_headers(url, key)
        self._on_failure = on_failure
        self._timeout = timeout
        self._transport = transport
        self._certificates = httpx.create_ssl_context()
        self._sender = Sender(max_events)
        self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()
        atexit.register(self._send_rest)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def event(self, name: str, fields: Mapping[str, Any] | None = None) -> str:
        """Like `Client.event`: queues an event and returns its id at once."""
        entry, failure = read_call(name, fields)
        if failure := failure or self._put(entry):
            report([failure], self._on_failure)
        return entry.event_id

    def _put(self, entry: Entry) -> Failure | None:
        if self._is_closed:
            return Failure(entry, CLOSED, refused=False)
        failure = self._sender.put(entry)
        self._start()
        return failure

    async def send(self, events: Iterable[Mapping[str, Any]], timeout: float = 30.0) -> None:
        """Like `Client.send`: returns once the gateway has accepted all of `events`. Raises
        `NotAccepted` and `ValueError`."""
        sender, full = fill_sender(events)
        if self._is_closed:
            failures = sender.give_up(CLOSED)
        else:
            failures = await deliver_async(self._start(), self._url, sender, timeout)
        if failures := failures + full:
            raise NotAccepted(failures)

    async def flush(self, timeout: float = 10.0) -> bool:
        """Waits until no event is queued, at most `timeout` seconds; says whether that is so."""
        self._start()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=timeout)
        return not self._sender

    async def close(self, timeout: float = 10.0) -> bool:
        """Like `flush`, and accepts no more events. Events that are still queued afterwards are
        reported as failures."""
        http = self._start()
        self._is_closed = True
        self._closing.set()
        is_idle = await self.flush(timeout)
        if self._task is not None:
            self._task.cancel()
        atexit.unregister(self._send_rest)
        report(self._sender.give_up(OUT_OF_TIME), self._on_failure)
        await http.aclose()
        return is_idle

    def _start(self) -> httpx.AsyncClient:
        """Sees to it that what is queued is being sent in the running event loop, and returns the
        connection of that loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._task: asyncio.Task[None] | None = None
            self._closing = asyncio.Event()
            self._http = httpx.AsyncClient(
                headers=self._headers,
                timeout=self._timeout,
                verify=self._certificates,
                transport=self._transport,
            )
        if self._sender and (self._task is None or self._task.done()):
            self._task = loop.create_task(self._run())
        return self._http

    async def _run(self) -> None:
        while batch := self._sender.batch():
            response = await post_async(self._http, self._url, batch)
            settled = self._sender.settle(batch, response)
            report(settled.failures, self._on_failure)
            await self._wait(settled)

    async def _wait(self, settled: Settled) -> None:
        """Until the next try; `close` cuts short a pause for which the gateway did not ask."""
        if settled.is_asked:
            await asyncio.sleep(settled.pause)
        elif settled.pause:
            with contextlib.suppress(TimeoutError):
                longest = max(settled.pause - CLOSING_PAUSE, 0)
                await asyncio.wait_for(self._closing.wait(), longest)
            await asyncio.sleep(min(settled.pause, CLOSING_PAUSE))

    def _send_rest(self) -> None:
        """At the end of the program."""
        if self._sender and self._process == os.getpid():
            with httpx.Client(
                headers=self._headers, timeout=self._timeout, verify=self._certificates
            ) as http:
                report(deliver(http, self._url, self._sender, 10.0), self._on_failure)
