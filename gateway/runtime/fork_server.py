"""The fork server: starts processes of the gateway as forks of one that has imported the modules
that they share. A fork starts in milliseconds, while a new interpreter spends half a second of CPU
on imports, and it shares the memory of the imported modules.

The server is forked before there is an event loop or a thread, and never has one itself, so that a
fork finds every lock free. Lines of JSON go through a socket:

    {"arguments": [...], "environment": {...}}    to the server: start `gateway ARGUMENTS`
    {"started": PID} or {"failed": ERRNO}         its answers, in the order of the requests
    {"ended": PID, "status": STATUS}              as `asyncio.subprocess.Process.returncode`

Only on Linux: the libraries of macOS do not support a fork without a new program.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn, Self

from gateway.runtime.supervisor import Process, Program, spawn
from gateway.system.collector import paused, spare_shared_pages
from gateway.system.hangup import ignore_hangup
from gateway.system.processes import die_with_parent, show_command_line

log = logging.getLogger(__name__)

SUPPORTED = sys.platform == "linux"

_FOR_FORKS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Sent to all processes of a service at once; the server outlives its forks, so it ignores them."""


class ForkServer:
    """The supervisor's side of the fork server.

    command: runs `gateway` with the given arguments; called in each fork. prepare: imports in the
    server what forks with the given arguments share; called before each fork.
    """

    def __init__(
        self,
        command: Callable[[Sequence[str]], object],
        prepare: Callable[[Sequence[str]], object],
    ) -> None:
        self._connection, others = socket.socketpair()
        sys.stdout.flush()
        spare_shared_pages()
        self._pid = os.fork()
        if self._pid == 0:
            self._connection.close()
            _run_server(others, command, prepare)
        others.close()
        self._starting: deque[asyncio.Future[Process]] = deque()
        self._running: dict[int, ForkedProcess] = {}
        self._has_ended = False

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection(sock=self._connection)
        self._reading = asyncio.create_task(self._read(reader))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends the server. Its forks must have ended before."""
        self._reading.cancel()
        self._writer.close()
        with suppress(ChildProcessError):
            await asyncio.to_thread(os.waitpid, self._pid, 0)

    async def start(self, program: Program) -> Process:
        """Starts `program`, a command of the gateway, as a fork; with `spawn` if the server has
        ended. Raises OSError if it cannot be started."""
        if self._has_ended:
            return await spawn(program)
        request = {
            "arguments": program.command[program.command.index("gateway") + 1 :],
            "environment": program.whole_environment(),
        }
        started: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._starting.append(started)
        self._writer.write(json.dumps(request).encode() + b"\n")
        return await started

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while line := await reader.readline():
                self._take(json.loads(line))
        log.error("the fork server ended; processes are started without it from now on")
        self._has_ended = True
        for process in list(self._running.values()):  # the kernel ends them with it
            self._end(process.pid, -signal.SIGTERM)
        for started in self._starting:
            if not started.done():
                started.set_exception(ChildProcessError(0, "the fork server ended"))

    def _take(self, message: Mapping[str, int]) -> None:
        if "ended" in message:
            self._end(message["ended"], message["status"])
            return
        started = self._starting.popleft()
        if "failed" in message:
            started.set_exception(OSError(message["failed"], os.strerror(message["failed"])))
            return
        process = self._running[message["started"]] = ForkedProcess(message["started"])
        started.set_result(process)

    def _end(self, pid: int, status: int) -> None:
        process = self._running.pop(pid)
        process.returncode = status
        process.has_ended.set()


class ForkedProcess:
    """A process that the fork server started. Its interface is that of
    `asyncio.subprocess.Process`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.has_ended = asyncio.Event()

    async def wait(self) -> int:
        await self.has_ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signal: int) -> None:
        """Raises ProcessLookupError when it has ended."""
        if self.returncode is not None:
            raise ProcessLookupError(f"process {self.pid} has ended")
        os.kill(self.pid, signal)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run_server(
    connection: socket.socket,
    command: Callable[[Sequence[str]], object],
    prepare: Callable[[Sequence[str]], object],
) -> NoReturn:
    os.setsid()  # Ctrl-C is for the supervisor alone
    die_with_parent(signal.SIGKILL)
    for number in _FOR_FORKS:
        signal.signal(number, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    show_command_line(["gateway", "fork-server"])
    arguments = _serve(connection, prepare)
    command(arguments)
    sys.exit()


def _serve(connection: socket.socket, prepare: Callable[[Sequence[str]], object]) -> Sequence[str]:
    """Forks on request. Returns only in the forks, with their arguments; the server ends with its
    supervisor."""
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing is written
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    server, received = os.getpid(), bytearray()
    while True:
        ready, _, _ = select.select([connection.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            for ended in _reap():
                _tell(connection, ended)
        if connection.fileno() not in ready:
            continue
        chunk = connection.recv(65536)
        if not chunk:
            os._exit(0)
        received += chunk
        *lines, received = received.split(b"\n")
        for line in lines:
            request = json.loads(line)
            with paused():
                prepare(request["arguments"])
            spare_shared_pages()
            signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_FORKS)  # kept for the fork to heed
            try:
                pid = os.fork()
            except OSError as error:
                _tell(connection, {"failed": error.errno or 0})
            else:
                if pid == 0:
                    for descriptor in (connection.detach(), woken, waking):
                        os.close(descriptor)
                    _set_up_fork(server, request)
                    return list(request["arguments"])
                _tell(connection, {"started": pid})
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _FOR_FORKS)


def _set_up_fork(server: int, request: Mapping[str, Any]) -> None:
    os.setsid()
    die_with_parent()
    if os.getppid() != server:  # it ended before `die_with_parent` took effect
        os._exit(1)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, *_FOR_FORKS):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ignore_hangup()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FOR_FORKS)
    os.environ.clear()
    os.environ.update(request["environment"])
    show_command_line(["gateway", *request["arguments"]])


def _reap() -> list[dict[str, int]]:
    """A message for each child that has ended."""
    ended = []
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append({"ended": found[0], "status": os.waitstatus_to_exitcode(found[1])})
    return ended


def _tell(connection: socket.socket, message: Mapping[str, int]) -> None:
    with suppress(BrokenPipeError):  # the supervisor ended; the server ends when it reads next
        connection.sendall(json.dumps(message).encode() + b"\n")
