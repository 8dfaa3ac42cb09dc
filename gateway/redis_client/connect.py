"""Connections to Redis. The function that opens one sets its time-outs and retries; the URL names
the server.

    redis://[user:password@]host[:6379][/db]           TCP
    rediss://...?ssl_ca_certs=/etc/ssl/redis-ca.pem    the same over TLS
    unix://[user:password@]/path/of/the/socket[?db=]   a socket of this machine
    sentinel://[user:password@]host[:26379][,host...]/name-of-the-master[?db=]
    sentinels://...                                    the same, all of it over TLS
    cluster://[user:password@]host[:6379][,host...]    a Redis or Valkey Cluster; any of its nodes
    clusters://...                                     the same over TLS

User and password are those of Redis, percent-encoded; those of the Sentinels are the options
``sentinel_username`` and ``sentinel_password``. Any other option after the ``?`` is an argument of
redis-py's connections. A client of a single server connects again when that server has become a
replica. A client of Sentinels asks them for the master whenever it connects, so it follows a
failover. A client of a cluster asks one of the nodes for all others. A cluster holds events only:
RQ's keys are in many slots, so RQ needs a server or Sentinels of its own.

Source of the first three: redis.readthedocs.io/en/stable/connections.html (from_url).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.connection import parse_url
from redis.driver_info import DriverInfo
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

from gateway.redis_client.cluster import ClusterClient
from gateway.redis_client.demotion import close_on_demotion
from gateway.redis_client.schemes import names_cluster

__all__ = [
    "JobsConnection",
    "RedisError",
    "check_url",
    "connect_for_intake",
    "connect_for_jobs",
    "connect_for_work",
    "info_of_nodes",
    "is_cluster",
]

Client = TypeVar("Client", Redis, AsyncRedis)

PORT, SENTINEL_PORT = 6379, 26379
TRIES, PATIENT_TRIES = 5, 15
"""How often a command is retried where it may be repeated. If Redis refuses connections, this takes
about two seconds, or ten: longer than a killed Redis needs to start and read its file."""


_DRIVER = DriverInfo()
"""Looked up once: redis-py would search the installed packages for its version in each fork."""


def connect_for_intake(url: str) -> AsyncRedis:
    """A client for intake and the sweep: short time-outs and no retries.

    A sender waits for the answer, and a repeated append would be a second event. redis-py's own
    defaults may hang for a minute and write twice. Raises ValueError as `check_url` does.
    """
    return _open_async(
        url, socket_timeout=3, socket_connect_timeout=1, retry=AsyncRetry(NoBackoff(), 0)
    )


def connect_for_work(url: str) -> AsyncRedis:
    """A client for drains: patient, with retries, since settling twice counts once.

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
    """A client for RQ, which is synchronous. A repeated wake-up only starts a drain that finds
    nothing to do.

    RQ's worker extends the time-out while it waits for a job, and is given `PATIENT_TRIES`, since
    it ends when they fail. Raises ValueError as `check_url` does, and for a cluster.
    """
    return _open(
        url,
        socket_timeout=10,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=Retry(_backoff(), tries),
    )


class JobsConnection:
    """`connect_for_jobs` for the ``rq`` command's option ``--connection-class``."""

    from_url = staticmethod(connect_for_jobs)


def check_url(url: str) -> None:
    """Raises ValueError if `url` cannot be used; the text repeats no part of it."""
    connect_for_work(url)


def is_cluster(redis: AsyncRedis) -> bool:
    """Whether `redis` is a client of a cluster, where a script cannot use keys of two slots."""
    return isinstance(redis, ClusterClient)


async def info_of_nodes(redis: AsyncRedis, section: str) -> Sequence[Mapping[str, Any]]:
    """The `section` of INFO from the server, or from each node of a cluster."""
    if isinstance(redis, ClusterClient):
        return await redis.info_of_nodes(section)
    return [await redis.info(section)]


def _backoff() -> ExponentialWithJitterBackoff:
    return ExponentialWithJitterBackoff(base=0.05, cap=1)


def _open_async(url: str, **policy: Any) -> AsyncRedis:
    policy["driver_info"] = _DRIVER
    with _nothing_repeated():
        if names_cluster(url):
            return _open_cluster(url, **policy)
        if not _names_sentinels(url):
            _check_scheme(url)
            single = AsyncRedis.from_url(url, protocol=2, **policy)
            close_on_demotion(single.connection_pool, is_async=True)
            return _tried(single)
        read = _read_sentinel_url(url)
        once = AsyncRetry(NoBackoff(), 0)
        sentinel = cast(Any, AsyncSentinel)(
            read.addresses, sentinel_kwargs={**read.sentinels, "retry": once}
        )
        options = {"protocol": 2, **policy, **read.options}
        master: AsyncRedis = sentinel.master_for(read.master, redis_class=_AsyncMaster, **options)
        return _tried(master)


def _open(url: str, **policy: Any) -> Redis:
    policy["driver_info"] = _DRIVER
    with _nothing_repeated():
        if names_cluster(url):
            raise _UrlError("is a cluster, but RQ needs a single server: redis://, sentinel://")
        if not _names_sentinels(url):
            _check_scheme(url)
            single = Redis.from_url(url, protocol=2, **policy)
            close_on_demotion(single.connection_pool, is_async=False)
            return _tried(single)
        read = _read_sentinel_url(url)
        once = Retry(NoBackoff(), 0)
        sentinel = cast(Any, Sentinel)(
            read.addresses, sentinel_kwargs={**read.sentinels, "retry": once}
        )
        options = {"protocol": 2, **policy, **read.options}
        master: Redis = sentinel.master_for(read.master, **options)
        return _tried(master)


def _open_cluster(url: str, retry: AsyncRetry, **policy: Any) -> AsyncRedis:
    nodes, options = _read_cluster_url(url)
    return _tried(ClusterClient(nodes, retry, **{"protocol": 2, **policy, **options}))


class _AsyncMaster(AsyncRedis):
    """A client of the master that also closes its connections to the Sentinels."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


@dataclass(frozen=True, slots=True)
class _SentinelUrl:
    """A URL of Sentinels. addresses: of the Sentinels. master: its name. options: of connections to
    the master. sentinels: options of connections to the Sentinels."""

    addresses: list[tuple[str, int]]
    master: str
    options: dict[str, Any]
    sentinels: dict[str, Any]


class _UrlError(ValueError):
    """A URL is not valid; the text repeats no part of it."""


def _check_scheme(url: str) -> None:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise _UrlError(
            "should begin with redis://, rediss://, unix://, sentinel:// or cluster://, such as "
            "redis://127.0.0.1:6379"
        )


def _names_sentinels(url: str) -> bool:
    return url.startswith(("sentinel://", "sentinels://"))


def _read_sentinel_url(url: str) -> _SentinelUrl:
    hosts, master, options = _read_hosts(url)
    if not master or "/" in master:
        raise _UrlError("needs the name of the master: sentinel://host:26379,host2:26379/mymaster")
    own = {
        **{name: value for name, value in options.items() if name.startswith("ssl")},
        "username": options.pop("sentinel_username", None),
        "password": options.pop("sentinel_password", None),
        # they are asked one after the other, and a sender may be waiting
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "protocol": 2,
    }
    addresses = [_address(host, SENTINEL_PORT, "Sentinels") for host in hosts]
    return _SentinelUrl(addresses, unquote(master), options, own)


def _read_cluster_url(url: str) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    """The nodes in `url`, and the options of connections to any node."""
    hosts, database, options = _read_hosts(url)
    if database or "db" in options:
        raise _UrlError("cannot name a database: a cluster has only one")
    return [_address(host, PORT, "nodes") for host in hosts], options


def _read_hosts(url: str) -> tuple[list[str], str, dict[str, Any]]:
    """The hosts in `url`, the path after them, and the options of connections."""
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    network, _, path = place.partition("/")
    credentials, _, hosts = network.rpartition("@")
    options: dict[str, Any] = parse_url(  # type: ignore[no-untyped-call]
        f"unix://{credentials}@?{query}"
    )
    del options["connection_class"]
    options["ssl"] = scheme.endswith("s")
    return hosts.split(","), path, options


def _address(host: str, port: int, whose: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise _UrlError(f"needs the hosts of the {whose}, with commas between them")
    return parts.hostname, parts.port or port


def _tried(client: Client) -> Client:
    """`client`, after making a connection object: redis-py rejects unknown options only then."""
    pool = client.connection_pool
    pool.connection_class(**pool.connection_kwargs)
    return client


@contextmanager
def _nothing_repeated() -> Iterator[None]:
    """Replaces redis-py's messages about a URL, which may contain a password that is not
    encoded."""
    try:
        yield
    except _UrlError:
        raise
    except TypeError:
        raise _UrlError("has an option that redis-py does not support") from None
    except (ValueError, RedisError):
        raise _UrlError(
            "cannot be read: user, password and options must be percent-encoded; port, db numbers"
        ) from None
