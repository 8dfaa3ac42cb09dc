"""The client for programs with threads."""

import atexit
import os
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from gateway_client.entries import Entry
from gateway_client.failures import Failure, NotAccepted, OnFailure, read_call, report
from gateway_client.requests import CLOSED, OUT_OF_TIME, deliver, post, request_headers
from gateway_client.sender import CLOSING_PAUSE, Sender, Settled, fill_sender


class Client:
    """Sends events to the `events` source of a gateway. All threads of a process share one.

    url: of the source, such as https://metrics.shop.example/events. key: one of its `keys`.
    on_failure: is called for each event that `event` has queued and that was not accepted, in any
    thread. max_events: how many may wait. timeout: seconds for each step of a request.
    transport: in tests, what answers instead of the gateway.

    After a fork the child has an empty queue and a connection of its own: the parent sends what it
    has queued. Raises `ValueError` for a `url` or `key` that cannot work.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        on_failure: OnFailure | None = None,
        max_events: int = 10_000,
        timeout: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url
        self._headers = request_headers(url, key)
        self._on_failure = on_failure
        self._max_events = max_events
        self._timeout = timeout
        self._transport = transport
        self._certificates = httpx.create_ssl_context()
        self._closing = False
        self._start_over()
        atexit.register(self.close)
        _start_over_after_fork(self)

    def _start_over(self) -> None:
        self._changed = threading.Condition()
        self._sender = Sender(self._max_events)
        self._thread: threading.Thread | None = None
        self._is_sending = False
        self._settled, self._settled_at = Settled(), 0.0
        self._http = httpx.Client(
            headers=self._headers,
            timeout=self._timeout,
            verify=self._certificates,
            transport=self._transport,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def event(self, name: str, fields: Mapping[str, Any] | None = None) -> str:
        """Queues an event and returns its id at once. It is lost if the process is killed before
        it is sent; what must not be lost belongs in an outbox (`send`)."""
        entry, failure = read_call(name, fields)
        if failure := failure or self._put(entry):
            report([failure], self._on_failure)
        return entry.event_id

    def _put(self, entry: Entry) -> Failure | None:
        with self._changed:
            if self._closing:
                return Failure(entry, CLOSED, refused=False)
            failure = self._sender.put(entry)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="gateway-client", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()
        return failure

    def send(self, events: Iterable[Mapping[str, Any]], timeout: float = 30.0) -> None:
        """Sends `events`, each with its `event_name`, and returns once the gateway has accepted
        all of them. Raises `NotAccepted` with those that it did not accept within `timeout`
        seconds, and `ValueError` for an event that JSON cannot express.

        Give each event an `event_id` of your own, so that a repeated call repeats the same event.
        """
        sender, full = fill_sender(events)
        if self._closing:
            failures = sender.give_up(CLOSED)
        else:
            failures = deliver(self._http, self._url, sender, timeout)
        if failures := failures + full:
            raise NotAccepted(failures)

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until no event is queued, at most `timeout` seconds; says whether that is so."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout)

    def close(self, timeout: float = 10.0) -> bool:
        """Like `flush`, and accepts no more events. Events that are still queued afterwards are
        reported as failures. Called at the end of the program, unless it is killed or ends with
        `os._exit`, as RQ's and multiprocessing's child processes do."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            is_idle = self._changed.wait_for(self._is_idle, timeout)
            left = [] if is_idle else self._sender.give_up(OUT_OF_TIME)
        atexit.unregister(self.close)
        report(left, self._on_failure)
        if is_idle:
            self._http.close()
        return is_idle

    def _is_idle(self) -> bool:
        return not self._sender and not self._is_sending

    def _run(self) -> None:
        while batch := self._next_batch():
            response = post(self._http, self._url, batch)
            with self._changed:
                if not self._sender:  # `close` gave up
                    self._is_sending = False
                    return
                self._settled = self._sender.settle(batch, response)
                self._settled_at = time.monotonic()
            report(self._settled.failures, self._on_failure)
            with self._changed:
                self._is_sending = False
                self._changed.notify_all()

    def _next_batch(self) -> list[Entry]:
        """What to send, once there is something and the pause is over; nothing at the end."""
        with self._changed:
            while True:
                if not self._sender and self._closing:
                    return []
                pause = self._pause()
                if self._sender and pause <= 0:
                    self._is_sending = True
                    return self._sender.batch()
                self._changed.wait(pause if self._sender else None)

    def _pause(self) -> float:
        """Seconds until the next try."""
        pause = self._settled.pause
        if self._closing and not self._settled.is_asked:
            pause = min(pause, CLOSING_PAUSE)
        return self._settled_at + pause - time.monotonic()


def _start_over_after_fork(client: Client) -> None:
    """A lock that another thread held is held forever in the child."""
    reference = weakref.ref(client)

    def start_over() -> None:
        if living := reference():
            living._start_over()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=start_over)
