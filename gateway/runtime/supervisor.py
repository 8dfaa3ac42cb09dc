"""The supervisor: starts programs, starts them again when they end, and stops them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from gateway.system.hangup import ignore_hangup
from gateway.system.processes import die_with_parent
from gateway.system.tasks import wait_for_event

log = logging.getLogger(__name__)

MIN_WAIT, MAX_WAIT = 0.2, 5.0
STEADY_SECONDS = 10.0
GRACE_SECONDS = 20.0
BETWEEN_SECONDS = 1.0
"""Pause between restarting one program and the next, so that some are always at work."""
HEAD_START_SECONDS = 10.0
LOOK_SECONDS = 0.5
"""How long it takes at most until a program starts once it is wanted."""


class Process(Protocol):
    """A process at work. returncode: None until it has ended; negative after a signal."""

    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


async def spawn(program: Program) -> Process:
    """Starts `program` as a new process, not as a fork. Raises OSError if it cannot be started."""
    return await asyncio.create_subprocess_exec(
        *program.command,
        env=program.whole_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the supervisor alone
        preexec_fn=partial(_prepare, program.umask),
    )


@dataclass(frozen=True, slots=True)
class Program:
    """A program to keep running.

    name: for messages. command: with its arguments. environment: added to that of this process.
    is_ready: has to return True before the programs of the next stage start. advice: what to check
    when the program ends by itself. umask: for its files; by default that of this process; only
    `spawn` uses it. start: starts the program. is_early: whether to start it at once, whatever its
    stage. is_late: whether to start it only when the others of its stage are ready, or after
    `HEAD_START_SECONDS`.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] | None = None
    advice: str = ""
    umask: int | None = None
    start: Callable[[Program], Awaitable[Process]] = spawn
    is_early: bool = False
    is_late: bool = False

    def whole_environment(self) -> dict[str, str]:
        """The current environment of this process, with `environment`."""
        return {**os.environ, **self.environment}


class Supervisor:
    """Runs stages of programs: started in order, each stage ready before the next, and stopped in
    reverse order."""

    def __init__(self, stages: Sequence[Sequence[Program]]) -> None:
        self._stages = stages
        self._stopping = asyncio.Event()
        self._processes: dict[str, Process] = {}
        self._ending: set[str] = set()
        self._restarting: set[str] = set()
        self._unwanted: set[str] = set()

    async def run(self, started: Callable[[], None]) -> None:
        """Runs the programs until SIGINT, SIGTERM or `stop`. started: called once all are ready."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        keeping: dict[str, asyncio.Task[None]] = {}

        def keep(programs: Iterable[Program]) -> None:
            for each in programs:
                keeping[each.name] = asyncio.create_task(self._keep(each))

        keep(each for stage in self._stages for each in stage if each.is_early)
        for stage in self._stages:
            if self._stopping.is_set():
                break
            keep(each for each in stage if not each.is_early and not each.is_late)
            if late := [each for each in stage if each.is_late]:
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEAD_START_SECONDS):
                        await self._wait_until_ready(each for each in stage if not each.is_late)
                keep(late)
            await self._wait_until_ready(stage)
        if not self._stopping.is_set():
            started()
        await self._stopping.wait()
        for stage in reversed(self._stages):
            if running := [keeping[each.name] for each in stage if each.name in keeping]:
                await self._end(stage, running)

    def stop(self) -> None:
        self._stopping.set()

    @property
    def names(self) -> list[str]:
        """The names of all programs."""
        return [program.name for stage in self._stages for program in stage]

    def want(self, name: str, is_wanted: bool) -> None:
        """Sets whether the program of this name should run; by default, all should. One that is no
        longer wanted runs until it is restarted."""
        if is_wanted:
            self._unwanted.discard(name)
        else:
            self._unwanted.add(name)

    async def restart(self, names: Sequence[str]) -> None:
        """Ends the programs of these names, one after the other, so that they start again."""
        for name in names:
            process = self._processes.get(name)
            if process is None or process.returncode is not None or self._stopping.is_set():
                continue  # not running: if it is to run, it is started with the new configuration
            self._restarting.add(name)
            with suppress(ProcessLookupError):
                process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), GRACE_SECONDS)
            with suppress(ProcessLookupError):
                process.kill()
            await asyncio.sleep(BETWEEN_SECONDS)

    def send_signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to the program of this name, if it runs."""
        process = self._processes.get(name)
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(number)

    async def _keep(self, program: Program) -> None:
        """Keeps `program` running while it is wanted: starts it again whenever it ends, at longer
        intervals if it ends soon."""
        wait = MIN_WAIT
        while not self._stopping.is_set():
            if program.name in self._unwanted:
                await wait_for_event(self._stopping, LOOK_SECONDS)
                continue
            began = time.monotonic()
            ending = await self._run_once(program)
            if self._stopping.is_set():
                return
            if program.name in self._restarting:
                self._restarting.discard(program.name)
                continue
            steady = time.monotonic() - began > STEADY_SECONDS
            wait = MIN_WAIT if steady else min(2 * wait, MAX_WAIT)
            advice = f" {program.advice}" if program.advice else ""
            log.error("%s %s; restarting it in %.1f s.%s", program.name, ending, wait, advice)
            await wait_for_event(self._stopping, wait)

    async def _run_once(self, program: Program) -> str:
        """Starts `program`, waits for its end, and returns how it ended in words."""
        try:
            process = await program.start(program)
        except OSError as error:
            return f"could not be started ({error.strerror})"
        self._processes[program.name] = process
        if program.name in self._ending:  # its stage was stopped before the process existed
            with suppress(ProcessLookupError):
                process.terminate()
        status = await process.wait()
        if status < 0:
            return f"was killed by signal {-status}"
        return f"exited with status {status}"

    async def _wait_until_ready(self, programs: Iterable[Program]) -> None:
        for program in programs:
            while program.is_ready is not None and not self._stopping.is_set():
                if await asyncio.to_thread(program.is_ready):
                    break
                await asyncio.sleep(0.05)

    async def _end(self, stage: Sequence[Program], running: Sequence[asyncio.Task[None]]) -> None:
        self._ending.update(program.name for program in stage)
        self._signal(stage, signal.SIGTERM)
        _, overdue = await asyncio.wait(running, timeout=GRACE_SECONDS)
        if overdue:
            log.error(
                "%d programs did not stop within %.0f s; killing them", len(overdue), GRACE_SECONDS
            )
            self._signal(stage, signal.SIGKILL)
            await asyncio.wait(overdue)

    def _signal(self, stage: Sequence[Program], number: signal.Signals) -> None:
        for program in stage:
            self.send_signal(program.name, number)


def _prepare(umask: int | None) -> None:
    """Runs in the new process, before its program."""
    die_with_parent()
    ignore_hangup()
    if umask is not None:
        os.umask(umask)
