"""The fork server: the supervisor starts, ends and misses forks like any other processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.runtime.fork_server import SUPPORTED
from tests.support.gateway_process import wait_for
from tests.support.process_stats import children, command_line

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="only where a fork is safe")

DRIVER = """
import asyncio, os, signal, sys, time
from gateway.runtime.fork_server import ForkServer
from gateway.runtime.supervisor import Program

def command(words):
    what, *rest = words
    if what == "exit":
        sys.exit(int(rest[0]))
    if what == "environment":
        print(os.environ.get("OF_SUPERVISOR"), os.environ.get("OF_PROGRAM"), flush=True)
    if what == "sleep":
        time.sleep(60)
    if what == "fault":
        raise ValueError("a fault of the command")

def program(*words, **environment):
    return Program("one", [sys.executable, "-m", "gateway", *words], environment)

async def main():
    async with forks:
        await drive(forks)

def prepare(arguments):
    pass
"""
"""Starts a fork server outside of pytest: pytest's own process must not be forked."""

END = """
forks = ForkServer(command, prepare)
asyncio.run(main())
print("end")
"""


def driver(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER + code + END],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def said(code: str) -> tuple[list[str], str]:
    """What a driver with `code` in it printed, and its log."""
    output, log = driver(code).communicate(timeout=60)
    return output.splitlines(), log


def test_a_fork_ends_with_the_status_of_its_command() -> None:
    lines, log = said("""
async def drive(forks):
    for words in (("exit", "0"), ("exit", "3"), ("nothing",), ("fault",)):
        process = await forks.start(program(*words))
        print(await process.wait(), process.returncode)
""")
    assert lines == ["0 0", "3 3", "0 0", "1 1", "end"]
    assert "a fault of the command" in log


def test_forks_that_end_at_once_are_not_missed() -> None:
    """The supervisor is busy, so it reads the messages about their start and end together."""
    lines, _ = said("""
async def drive(forks):
    starting = [asyncio.create_task(forks.start(program("exit", str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    time.sleep(2)
    print(*[await (await each).wait() for each in starting])
""")
    assert lines == [" ".join(map(str, range(20))), "end"]


def test_a_fork_has_the_environment_of_the_moment() -> None:
    lines, _ = said("""
async def drive(forks):
    os.environ["OF_SUPERVISOR"] = "changed"
    await (await forks.start(program("environment", OF_PROGRAM="own"))).wait()
    del os.environ["OF_SUPERVISOR"]
    await (await forks.start(program("environment"))).wait()
""")
    assert lines == ["changed own", "None None", "end"]


def test_what_was_prepared_for_a_fork_is_there_and_in_those_that_follow() -> None:
    lines, _ = said("""
there = []

def prepare(arguments):
    there.extend(arguments)

def command(words):
    print(*there, flush=True)

async def drive(forks):
    for word in ("one", "two"):
        await (await forks.start(program(word))).wait()
""")
    assert lines == ["one", "one two", "end"]


def test_the_garbage_collector_works_in_a_fork() -> None:
    lines, _ = said("""
import gc

def prepare(arguments):
    print(gc.isenabled(), flush=True)

def command(words):
    print(gc.isenabled(), flush=True)

async def drive(forks):
    await (await forks.start(program())).wait()
""")
    assert lines == ["False", "True", "end"]


@pytest.mark.parametrize(("how", "status"), [("terminate", -15), ("kill", -9)])
def test_a_fork_ends_when_it_is_told_to_even_at_once(how: str, status: int) -> None:
    lines, _ = said(f"""
async def drive(forks):
    processes = await asyncio.gather(*(forks.start(program("sleep")) for _ in range(5)))
    for process in processes:
        process.{how}()
    print(*[await process.wait() for process in processes])
    try:
        processes[0].{how}()
    except ProcessLookupError:
        print("has ended")
""")
    assert lines == [" ".join([str(status)] * 5), "has ended", "end"]


def test_signals_to_the_whole_service_leave_the_server_to_its_supervisor() -> None:
    lines, _ = said("""
async def drive(forks):
    first = await forks.start(program("exit", "1"))
    await first.wait()
    os.kill(forks._pid, signal.SIGTERM)
    os.kill(forks._pid, signal.SIGINT)
    print(await (await forks.start(program("exit", "2"))).wait())
""")
    assert lines == ["2", "end"]


def test_a_fork_that_starts_is_not_ended_by_a_look_at_the_configuration() -> None:
    lines, _ = said("""
def command(words):
    time.sleep(0.5)

async def drive(forks):
    process = await forks.start(program("work"))
    process.send_signal(signal.SIGHUP)
    print(await process.wait())
""")
    assert lines == ["0", "end"]


def test_what_cannot_be_forked_is_an_error_of_the_system() -> None:
    lines, _ = said("""
def prepare(arguments):
    def fork():
        raise OSError(11, "no process left")
    os.fork = fork

async def drive(forks):
    try:
        await forks.start(program("exit", "0"))
    except OSError as error:
        print(error.errno, type(error).__name__)
""")
    assert lines == ["11 BlockingIOError", "end"]


def test_without_its_server_processes_are_started_on_their_own() -> None:
    lines, log = said("""
async def drive(forks):
    process = await forks.start(program("sleep"))
    os.kill(forks._pid, signal.SIGKILL)
    print(await process.wait())
    print(await (await forks.start(program("--version"))).wait())
""")
    assert lines[0] == "-15"
    assert "gateway, version" in lines[1]
    assert lines[2:] == ["0", "end"]
    assert "the fork server ended" in log


def test_forks_do_not_outlive_a_supervisor_that_is_killed() -> None:
    """Each has its own command line."""
    supervisor = driver("""
async def drive(forks):
    for _ in range(2):
        await forks.start(program("sleep"))
    await asyncio.sleep(60)
""")
    lines = ["gateway fork-server", "gateway sleep", "gateway sleep"]

    def shown() -> list[int]:
        pids = children(supervisor.pid)
        found = sorted(command_line(pid).strip() for pid in pids)
        return pids if found == lines else []

    pids = wait_for(shown, 60, "the forks to run")
    supervisor.kill()
    supervisor.communicate()
    wait_for(lambda: not any(map(is_running, pids)), 60, "the forks to end")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # before it is opened, or before it is read
        return False
    return state != "Z"


def test_a_terminal_stops_the_supervisor_alone() -> None:
    lines, _ = said("""
async def drive(forks):
    process = await forks.start(program("sleep"))
    print(os.getpgid(0) in (os.getpgid(process.pid), os.getpgid(forks._pid)))
    process.send_signal(signal.SIGTERM)
    await process.wait()
""")
    assert lines == ["False", "end"]
