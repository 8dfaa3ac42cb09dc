"""Common parts of the operator's commands: options, configuration, connection to Redis."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from gateway.system.collector import end_pause

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from gateway.configuration.settings import Settings
    from gateway.runtime.last_good import InForce

USUAL_PLACES = (Path("gateway.yaml"), Path("config/gateway.yaml"))


def usual_config() -> Path:
    """The first of `USUAL_PLACES` that exists, or else the first."""
    return next((path for path in USUAL_PLACES if path.exists()), USUAL_PLACES[0])


CONFIG = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=usual_config,
    show_default="gateway.yaml, else config/gateway.yaml",
    help="Path of the configuration file. A file .env in its folder sets variables that the "
    "environment does not have.",
)


def _check_redis_url(
    context: click.Context, option: click.Parameter, url: str | None
) -> str | None:
    from gateway.redis_client.connect import check_url

    if url is not None and url != "embedded":
        try:
            check_url(url)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return url


REDIS_URL = click.option(
    "--redis-url",
    envvar="GATEWAY_REDIS_URL",  # keeps passwords out of process lists
    callback=_check_redis_url,
    help="URL of the Redis server. Overrides redis.url in the configuration.",
)

CHECK_REDIS = "Check that it runs, and that redis.url or --redis-url names it."

T = TypeVar("T")


def load(path: Path, read: Callable[[Path], Settings] | None = None) -> Settings:
    """The settings in the file at `path`. Ends the command when it has mistakes. read: reads the
    file, by default `gateway.configuration.load.load_settings`."""
    from gateway.configuration.load import load_settings
    from gateway.configuration.mistakes import ConfigurationError

    try:
        return (read or load_settings)(path)
    except ConfigurationError as error:
        fail(str(error))
    finally:
        end_pause()


def load_in_force(path: Path) -> InForce:
    """The configuration in force of the gateway that runs with the file at `path`. Says so when
    the file itself has mistakes; ends the command when no good configuration is known."""
    from gateway.configuration.mistakes import ConfigurationError
    from gateway.event.text import printable
    from gateway.runtime.last_good import load_in_force

    try:
        in_force = load_in_force(path)
    except ConfigurationError as error:
        fail(str(error))
    finally:
        end_pause()
    if in_force.rejected:
        note = (
            f"{path} has mistakes: using the configuration in force "
            f"({in_force.settings.version}) instead. Run `gateway check {path}` to see them."
        )
        click.echo(printable(note), err=True)
    return in_force


def with_redis(
    settings: Settings, given: str | None, work: Callable[[Redis, str], Coroutine[Any, Any, T]]
) -> T:
    """Runs `work` with a connection to Redis and the URL of RQ's jobs, and returns its result.

    given: the URL from the command line. Without one, the settings name the server, which may be
    the embedded server of a running gateway. Ends the command with status 1 when the server does
    not answer, and as `ending_when_stopped` does.
    """
    from gateway.redis_client.connect import RedisError

    url = given or settings.redis.url
    if mistake := settings.mistake_at(url):
        fail(mistake)
    not_running = ""
    if url == "embedded":
        from gateway.runtime.embedded import embedded_url

        not_running = _not_running(settings.redis.data_dir)
        url = embedded_url(settings.redis.data_dir) or fail(not_running, 1)
    try:
        with ending_when_stopped():
            return run_async(_connected(url, settings.redis.jobs_at(url), work))
    except RedisError as error:
        fail(_what_is_wrong(error, not_running), 1)


def _not_running(data_dir: Path) -> str:
    words = "the gateway is not running: start it with `gateway run`"
    if data_dir.is_absolute():
        return words
    return (
        f"{words}. If it runs, use this command in the folder in which it was started: here, "
        f"redis.data_dir is {data_dir.absolute()}"
    )


async def _connected(
    url: str, jobs_url: str, work: Callable[[Redis, str], Coroutine[Any, Any, T]]
) -> T:
    from gateway.redis_client.connect import connect_for_intake

    async with connect_for_intake(url) as redis:  # no retries: a person waits
        return await work(redis, jobs_url)


def _what_is_wrong(error: Exception, not_running: str = "") -> str:
    """not_running: what to say when an embedded server does not answer."""
    from redis.exceptions import BusyLoadingError
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError

    if isinstance(error, BusyLoadingError):
        return "Redis has just started and still reads its files: try again in a few seconds"
    if isinstance(error, RedisTimeoutError) and not_running:
        return "the gateway does not answer in time: try again in a few seconds"
    if isinstance(error, RedisConnectionError | RedisTimeoutError):
        return not_running or f"Redis does not answer: {error} {CHECK_REDIS}"
    return f"Redis refused the command: {error}"


@contextmanager
def ending_without_redis() -> Iterator[None]:
    """Ends a process with status 1 and one line when Redis does not answer; its supervisor starts
    it again."""
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError

    try:
        yield
    except (RedisConnectionError, RedisTimeoutError) as error:
        fail(_what_is_wrong(error), 1)


@contextmanager
def ending_when_stopped() -> Iterator[None]:
    """Ends the command with the message of an operation that stopped: with status 1, or, when it
    was `Mistaken`, as for a wrong option."""
    from gateway.event.text import printable
    from gateway.operations.stopped import Mistaken, Stopped

    try:
        yield
    except Mistaken as mistaken:
        words = printable(str(mistaken))
        if mistaken.parameter:
            raise click.BadParameter(words, param_hint=f"--{mistaken.parameter}") from None
        raise click.UsageError(words) from None
    except Stopped as stopped:
        fail(str(stopped), 1)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, imported only by the commands that need it."""
    import asyncio

    return asyncio.run(work)


def fail(message: str, status: int = 2) -> NoReturn:
    """Ends the command with `message`, escaped, since it may repeat what others wrote."""
    from gateway.event.text import printable

    click.echo(printable(message, keep="\n"), err=True)
    sys.exit(status)


def require_redis(settings: Settings, given: str | None) -> str:
    """The URL of the Redis server, for a process that does not start one. Ends the command when
    none is configured."""
    url = given or settings.redis.url
    if mistake := settings.mistake_at(url):
        fail(mistake)
    if url == "embedded":
        fail(
            "no Redis URL is configured: set redis.url in the configuration or use --redis-url. "
            "Only `gateway run` starts the embedded server."
        )
    return url
