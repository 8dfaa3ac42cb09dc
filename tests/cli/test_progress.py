"""Commands about many events say how far they came, and do not begin if interrupted before."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import click
import pytest
from redis.asyncio import Redis

from gateway.cli.stored.progress import confirmed, progress
from tests.support.interrupts import interrupted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("error", [asyncio.CancelledError, ValueError])
async def test_whatever_ends_the_work_the_command_says_how_far_it_came(
    capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    def work() -> None:
        with progress("Released", 9, "dropped") as advance:
            advance(3, 2)
            advance(2, 2)
            raise error

    with pytest.raises(error):
        work()
    said = capsys.readouterr().out
    assert said == "Released 4 of 9 events; 1 were dropped by another command.\n"


@pytest.fixture
def usual_interrupts() -> Iterator[None]:
    """Handles SIGINT as on a terminal: a process in the background may ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class InterruptedTerminal:
    """A terminal at which the user presses Ctrl-C at a question, and then agrees."""

    def readline(self, size: int = -1) -> str:
        signal.raise_signal(signal.SIGINT)
        return "y\n"


@pytest.mark.usefixtures("usual_interrupts")
def test_the_first_ctrl_c_at_a_question_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(click.Abort):
            confirmed("Release 3 events?", yes=False)
        assert signal.getsignal(signal.SIGINT) is before

    monkeypatch.setattr("sys.stdin", InterruptedTerminal())
    asyncio.run(work())


async def test_it_does_not_even_begin(redis: Redis) -> None:
    async def work() -> bool:
        await interrupted(redis)
        return confirmed("Release 3 events?", yes=True)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
