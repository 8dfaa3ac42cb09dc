"""Connections to Redis. Who opens one decides how long it may wait."""

from importlib.resources import files

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

__all__ = ["RedisError", "connect_for_intake", "connect_for_jobs", "connect_for_work", "script"]


def connect_for_intake(url: str) -> AsyncRedis:
    """For the collect path: a short time-out and no second try.

    A sender waits for the answer, and a repeated append would be a second event. redis-py's own
    defaults hang for a minute and write twice.
    """
    return AsyncRedis.from_url(
        url,
        protocol=2,
        socket_timeout=3,
        socket_connect_timeout=1,
        retry=AsyncRetry(NoBackoff(), 0),
    )


def connect_for_work(url: str) -> AsyncRedis:
    """For drains and the sweep: patient, and it may repeat, since settling twice counts once."""
    return AsyncRedis.from_url(
        url,
        protocol=2,
        socket_timeout=10,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=AsyncRetry(
            ExponentialWithJitterBackoff(base=0.05, cap=1),
            5,
            supported_errors=(RedisConnectionError, RedisTimeoutError),
        ),
    )


def connect_for_jobs(url: str) -> Redis:
    """For RQ, which is synchronous and sets its own time-outs."""
    return Redis.from_url(url, protocol=2, socket_connect_timeout=2)


def script(name: str) -> str:
    """The text of a server-side script, a ``.lua`` file beside this one."""
    return files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
