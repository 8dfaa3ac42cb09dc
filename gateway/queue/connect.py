"""Connections to Redis. Who opens one decides how long it may wait; the URL says where it leads.

    redis://[user:password@]host[:6379][/db]           TCP
    rediss://...?ssl_ca_certs=/etc/ssl/redis-ca.pem    the same over TLS
    unix://[user:password@]/path/of/the/socket[?db=]   a socket of this machine
    sentinel://[user:password@]host[:26379][,host...]/name-of-the-master[?db=]
    sentinels://...                                    the same, all of it over TLS

User and password are those of Redis, percent-encoded; the Sentinels' own are the options
``sentinel_username`` and ``sentinel_password``. Any other option after the ``?`` is an argument of
redis-py's connections. A client of Sentinels asks them for the master whenever it connects, so it
follows a failover by itself.

Source of the first three: redis.readthedocs.io/en/stable/connections.html (from_url).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.connection import parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

__all__ = [
    "JobsConnection",
    "RedisError",
    "check_url",
    "connect_for_intake",
    "connect_for_jobs",
    "connect_for_work",
    "script",
]

Client = TypeVar("Client", Redis, AsyncRedis)

SENTINEL_PORT = 26379
TRIES, PATIENT_TRIES = 5, 15
"""More of them, where a command may be repeated. When Redis refuses they take about two seconds,
and about ten: longer than a killed Redis needs to start and read its file."""


def connect_for_intake(url: str) -> AsyncRedis:
    """For the collect path: a short time-out and no second try.

    A sender waits for the answer, and a repeated append would be a second event. redis-py's own
    defaults hang for a minute and write twice. Raises ValueError as `check_url` does.
    """
    return _open_async(
        url, socket_timeout=3, socket_connect_timeout=1, retry=AsyncRetry(NoBackoff(), 0)
    )


def connect_for_work(url: str) -> AsyncRedis:
    """For drains and the sweep: patient, and it may repeat, since settling twice counts once.

    Raises ValueError as `check_url` does.
    """
    return _open_async(
        url,
        socket_timeout=10,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=AsyncRetry(
            _backoff(), PATIENT_TRIES, supported_errors=(RedisConnectionError, RedisTimeoutError)
        ),
    )


def connect_for_jobs(url: str, tries: int = TRIES) -> Redis:
    """For RQ, which is synchronous. A repeated wake-up is a drain that finds nothing to do.

    RQ's worker makes the time-out longer where it waits for a job, and takes `PATIENT_TRIES`: it
    ends when they are over. Raises ValueError as `check_url` does.
    """
    return _open(
        url,
        socket_timeout=10,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=Retry(_backoff(), tries),
    )


class JobsConnection:
    """`connect_for_jobs` as the ``rq`` command takes it, by ``--connection-class``."""

    from_url = staticmethod(connect_for_jobs)


def check_url(url: str) -> None:
    """Raises ValueError, in words that repeat nothing of `url`, when it cannot be used."""
    connect_for_jobs(url)


def script(name: str) -> str:
    """The text of a server-side script, a ``.lua`` file beside this one."""
    return files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")


def _backoff() -> ExponentialWithJitterBackoff:
    return ExponentialWithJitterBackoff(base=0.05, cap=1)


def _open_async(url: str, **policy: Any) -> AsyncRedis:
    with _nothing_repeated():
        if not _names_sentinels(url):
            return _tried(AsyncRedis.from_url(url, protocol=2, **policy))
        read = _read_sentinel_url(url)
        once = AsyncRetry(NoBackoff(), 0)
        sentinel: Any = AsyncSentinel(  # type: ignore[no-untyped-call]
            read.addresses, sentinel_kwargs={**read.sentinels, "retry": once}
        )
        options = {"protocol": 2, **policy, **read.options}
        master: AsyncRedis = sentinel.master_for(read.master, redis_class=_AsyncMaster, **options)
        return _tried(master)


def _open(url: str, **policy: Any) -> Redis:
    with _nothing_repeated():
        if not _names_sentinels(url):
            return _tried(Redis.from_url(url, protocol=2, **policy))
        read = _read_sentinel_url(url)
        once = Retry(NoBackoff(), 0)
        sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
            read.addresses, sentinel_kwargs={**read.sentinels, "retry": once}
        )
        options = {"protocol": 2, **policy, **read.options}
        master: Redis = sentinel.master_for(read.master, **options)
        return _tried(master)


class _AsyncMaster(AsyncRedis):
    """A client of Sentinels; it closes its connections to them with its own."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


@dataclass(frozen=True, slots=True)
class _SentinelUrl:
    """addresses: of the Sentinels. master: its name. options: of connections to the master.
    sentinels: of connections to the Sentinels."""

    addresses: list[tuple[str, int]]
    master: str
    options: dict[str, Any]
    sentinels: dict[str, Any]


class _UrlError(ValueError):
    """Something is wrong with a URL; the text repeats nothing of it."""


def _names_sentinels(url: str) -> bool:
    return url.startswith(("sentinel://", "sentinels://"))


def _read_sentinel_url(url: str) -> _SentinelUrl:
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    network, _, master = place.partition("/")
    credentials, _, hosts = network.rpartition("@")
    if not master or "/" in master:
        raise _UrlError("needs the name of the master: sentinel://host:26379,host2:26379/mymaster")
    options: dict[str, Any] = parse_url(  # type: ignore[no-untyped-call]
        f"unix://{credentials}@?{query}"
    )
    del options["connection_class"]
    options["ssl"] = scheme == "sentinels"
    own = {
        **{name: value for name, value in options.items() if name.startswith("ssl")},
        "username": options.pop("sentinel_username", None),
        "password": options.pop("sentinel_password", None),
        # they are asked one after the other, and a sender may be waiting
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "protocol": 2,
    }
    addresses = [_address(host) for host in hosts.split(",")]
    return _SentinelUrl(addresses, unquote(master), options, own)


def _address(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise _UrlError("needs the hosts of the Sentinels, with commas between them")
    return parts.hostname, parts.port or SENTINEL_PORT


def _tried(client: Client) -> Client:
    """`client`, whose connections can be made: redis-py finds unknown options only then."""
    pool = client.connection_pool
    pool.connection_class(**pool.connection_kwargs)
    return client


@contextmanager
def _nothing_repeated() -> Iterator[None]:
    """A password that is not encoded may be anywhere in redis-py's messages about a URL."""
    try:
        yield
    except _UrlError:
        raise
    except TypeError:
        raise _UrlError("has an option that redis-py does not know") from None
    except (ValueError, RedisError):
        raise _UrlError(
            "cannot be read: user, password and options must be percent-encoded; port, db numbers"
        ) from None
