"""The supervisor: programs are started in order, kept running, and stopped in reverse order."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.runtime import supervisor as supervisor_module
from gateway.runtime.supervisor import Program, Supervisor
from tests.support.gateway_process import wait_for
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

SCRIPT = """
import signal, sys, time
name, diary = sys.argv[1:3]
def note(what):
    with open(diary, "a") as file:
        file.write(f"{what} {name}\\n")
def stop(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in name else stop)
note("started")
if "short" in name:
    sys.exit(3)
time.sleep(60)
"""


class Diary:
    """The file to which the programs write a line for each start and stop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()

    def program(self, name: str, **more: Any) -> Program:
        command = [sys.executable, "-S", "-c", SCRIPT, name, str(self.path)]
        return Program(name, command, **more)

    def has(self, line: str, times: int = 1) -> Callable[[], bool]:
        return lambda: self.lines().count(line) >= times


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path / "diary")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "MIN_WAIT", 0.01)
    monkeypatch.setattr(supervisor_module, "BETWEEN_SECONDS", 0.5)
    monkeypatch.setattr(supervisor_module, "LOOK_SECONDS", 0.1)


class Running:
    def __init__(self, *stages: list[Program]) -> None:
        self.supervisor = Supervisor(stages)
        self.started = asyncio.Event()
        self.task = asyncio.create_task(self.supervisor.run(self.started.set))

    async def process(self, name: str) -> asyncio.subprocess.Process:
        """The process of the program `name`, once the supervisor knows it: a program may run
        before that."""
        processes = self.supervisor._processes
        await until(lambda: name in processes)
        return processes[name]

    async def stop(self) -> None:
        self.supervisor.stop()
        async with asyncio.timeout(60):
            await self.task


@pytest.fixture
async def run() -> AsyncIterator[Callable[..., Running]]:
    """Runs a supervisor with the given stages, and stops it at the end, whatever happens."""
    made: list[Running] = []

    def run(*stages: list[Program]) -> Running:
        made.append(Running(*stages))
        return made[-1]

    yield run
    for running in made:
        if not running.task.done():
            await running.stop()


async def test_stages_start_in_order_and_stop_in_reverse(
    run: Callable[..., Running], diary: Diary
) -> None:
    first = diary.program("first", is_ready=diary.has("started first"))
    second = diary.program("second", is_ready=diary.has("started second"))
    running = run([first], [second])
    async with asyncio.timeout(60):
        await running.started.wait()
    assert diary.lines() == ["started first", "started second"]
    await running.stop()
    assert diary.lines()[2:] == ["stopped second", "stopped first"]


async def test_an_early_program_does_not_wait_for_the_stage_before_and_stops_before_it(
    run: Callable[..., Running], diary: Diary
) -> None:
    both = {"started first", "started early"}
    first = diary.program("first", is_ready=lambda: both <= set(diary.lines()))
    early = diary.program("early", is_early=True)
    running = run([first], [early, diary.program("late")])
    async with asyncio.timeout(60):
        await running.started.wait()
    await until(diary.has("started late"))
    assert set(diary.lines()[:2]) == both
    await running.stop()
    assert diary.lines()[-1] == "stopped first"
    assert diary.lines().count("started early") == 1


async def test_a_late_program_waits_for_the_others_of_its_stage(
    run: Callable[..., Running], diary: Diary
) -> None:
    late = diary.program("late", is_late=True)
    one = diary.program("one", is_ready=diary.has("started one"))
    running = run([late, one])
    async with asyncio.timeout(60):
        await running.started.wait()
    await until(diary.has("started late"))
    assert diary.lines() == ["started one", "started late"]


async def test_a_late_program_starts_although_another_does_not_become_ready(
    run: Callable[..., Running], diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "HEAD_START_SECONDS", 0.2)
    running = run(
        [diary.program("one", is_ready=lambda: False), diary.program("late", is_late=True)]
    )
    await until(diary.has("started late"))
    assert not running.started.is_set()


async def test_an_early_program_is_stopped_while_the_stage_before_is_not_ready(
    run: Callable[..., Running], diary: Diary
) -> None:
    first = diary.program("first", is_ready=lambda: False)
    running = run([first], [diary.program("early", is_early=True), diary.program("late")])
    await until(lambda: len(diary.lines()) == 2)
    await running.stop()
    assert set(diary.lines()[:2]) == {"started first", "started early"}
    assert diary.lines()[2:] == ["stopped early", "stopped first"]


async def test_programs_are_restarted_one_after_the_other_and_at_once(
    run: Callable[..., Running], diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    running = run([diary.program("a"), diary.program("b"), diary.program("c")])
    await until(lambda: len(diary.lines()) == 3)
    for name in ("a", "c"):
        await running.process(name)
    began = time.monotonic()
    await running.supervisor.restart(["a", "c"])
    assert time.monotonic() - began >= 2 * supervisor_module.BETWEEN_SECONDS
    for name in ("a", "c"):
        await until(diary.has(f"started {name}", 2))
    ends = [line for line in diary.lines() if line.startswith("stopped")]
    assert ends == ["stopped a", "stopped c"]
    assert not caplog.records
    assert running.supervisor.names == ["a", "b", "c"]


async def test_a_program_runs_as_long_as_it_is_wanted(
    run: Callable[..., Running], diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    running = run([diary.program("a"), diary.program("b")])
    running.supervisor.want("b", False)
    await until(diary.has("started a"))
    await running.started.wait()
    assert diary.lines() == ["started a"]
    running.supervisor.want("b", True)
    await until(diary.has("started b"))
    await running.process("b")
    running.supervisor.want("b", False)
    await running.supervisor.restart(["a", "b"])
    await until(diary.has("started a", 2))
    await asyncio.sleep(2 * supervisor_module.LOOK_SECONDS)
    assert sorted(diary.lines()) == [
        "started a",
        "started a",
        "started b",
        "stopped a",
        "stopped b",
    ]
    await running.stop()
    assert not caplog.records


async def test_the_next_stage_waits_until_the_first_is_ready(
    run: Callable[..., Running], diary: Diary
) -> None:
    ready = False
    running = run([diary.program("first", is_ready=lambda: ready)], [diary.program("second")])
    await until(diary.has("started first"))
    await asyncio.sleep(0.15)
    assert diary.lines() == ["started first"]
    assert not running.started.is_set()
    ready = True
    await until(diary.has("started second"))
    await until(running.started.is_set)


async def test_stopped_while_it_waits_it_ends_what_it_started(
    run: Callable[..., Running], diary: Diary
) -> None:
    running = run([diary.program("first", is_ready=lambda: False)], [diary.program("second")])
    await until(diary.has("started first"))
    await running.stop()
    assert diary.lines() == ["started first", "stopped first"]
    assert not running.started.is_set()


async def test_a_program_that_is_killed_is_started_again(
    run: Callable[..., Running], diary: Diary, caplog: Any
) -> None:
    running = run([diary.program("one", advice="Is the disk full?"), diary.program("other")])
    await until(diary.has("started one"))
    (await running.process("one")).kill()
    await until(diary.has("started one", 2))
    assert diary.lines().count("started other") == 1
    assert "one was killed by signal 9" in caplog.text
    assert "Is the disk full?" in caplog.text


async def test_a_program_that_ends_at_once_is_started_at_growing_intervals(
    run: Callable[..., Running], diary: Diary, caplog: Any
) -> None:
    run([diary.program("short")])
    await until(diary.has("started short", 4))
    texts = [record.getMessage() for record in caplog.records if "short" in record.getMessage()]
    assert all("exited with status 3" in text for text in texts)
    waits = [record.args[2] for record in caplog.records if "short" in record.getMessage()]
    assert waits[:3] == [0.02, 0.04, 0.08]


async def test_a_restart_between_two_starts_leaves_the_next_end_to_be_logged(
    run: Callable[..., Running], diary: Diary, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "MIN_WAIT", 30)
    monkeypatch.setattr(supervisor_module, "MAX_WAIT", 60)
    running = run([diary.program("short")])
    await until(lambda: "short exited" in caplog.text)
    await running.supervisor.restart(["short"])
    assert not running.supervisor._restarting


async def test_a_program_that_starts_is_not_ended_by_a_look_at_the_configuration(
    run: Callable[..., Running], diary: Diary
) -> None:
    running = run([diary.program("one")])
    await running.process("one")
    running.supervisor.send_signal("one", signal.SIGHUP)
    await until(diary.has("started one"))
    running.supervisor.send_signal("one", signal.SIGHUP)
    await running.stop()
    assert diary.lines() == ["started one", "stopped one"]


async def test_a_program_that_cannot_be_started_is_tried_again(
    run: Callable[..., Running], diary: Diary, tmp_path: Path
) -> None:
    """As when the system cannot start another process for a moment."""
    python = tmp_path / "python"
    program = Program("late", [str(python), *diary.program("late").command[1:]])
    run([program])
    await asyncio.sleep(0.1)
    python.symlink_to(sys.executable)
    await until(diary.has("started late"))


async def test_a_program_that_does_not_end_is_killed_after_the_grace(
    run: Callable[..., Running], diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = asyncio.wait

    async def wait_at_least_for_the_good(
        tasks: Sequence[asyncio.Task[None]], timeout: float | None = None
    ) -> Any:
        await until(diary.has("stopped good"))
        return await wait(tasks, timeout=timeout)

    monkeypatch.setattr(supervisor_module, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(asyncio, "wait", wait_at_least_for_the_good)
    running = run([diary.program("stubborn"), diary.program("good")])
    await until(diary.has("started stubborn"))
    await until(diary.has("started good"))
    process = await running.process("stubborn")
    await running.stop()
    assert process.returncode == -signal.SIGKILL
    assert "stopped good" in diary.lines()


async def test_stopped_between_two_starts_it_ends_at_once(
    run: Callable[..., Running], diary: Diary, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "MIN_WAIT", 30)
    monkeypatch.setattr(supervisor_module, "MAX_WAIT", 60)
    running = run([diary.program("short")])
    await until(lambda: "short exited" in caplog.text)
    await running.stop()
    assert diary.lines() == ["started short"]


async def test_stopped_while_a_program_is_being_started_it_ends_soon(
    run: Callable[..., Running], diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process runs, and the supervisor does not know it yet."""
    create = asyncio.create_subprocess_exec

    async def create_slowly(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        process = await create(*command, **options)
        await asyncio.sleep(0.3)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", create_slowly)
    running = run([diary.program("one")])
    await until(diary.has("started one"))
    async with asyncio.timeout(60):
        await running.stop()
    assert diary.lines() == ["started one", "stopped one"]


async def test_a_signal_stops_it(run: Callable[..., Running], diary: Diary) -> None:
    running = run([diary.program("one", is_ready=diary.has("started one"))])
    async with asyncio.timeout(60):
        await running.started.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await running.task
    assert diary.lines() == ["started one", "stopped one"]


async def test_programs_get_their_environment(run: Callable[..., Running], tmp_path: Path) -> None:
    file = tmp_path / "environment"
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ['GATEWAY_REDIS_URL'])"
    command = [sys.executable, "-S", "-c", code, str(file)]
    run([Program("one", command, {"GATEWAY_REDIS_URL": "unix:///x"})])
    await until(lambda: file.exists() and file.read_text() == "unix:///x")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends orphans")
def test_programs_do_not_outlive_a_supervisor_that_is_killed(diary: Diary) -> None:
    code = (
        "import asyncio, sys\n"
        "from gateway.runtime.supervisor import Program, Supervisor\n"
        "program = Program('child', sys.argv[1:])\n"
        "asyncio.run(Supervisor([[program]]).run(lambda: None))\n"
    )
    root = Path(supervisor_module.__file__).parents[1]
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code, *diary.program("child").command],
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    wait_for(diary.has("started child"), 60, "the child to start")
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    wait_for(diary.has("stopped child"), 60, "the child to end")
