"""Connections that are closed when their server has become a replica.

After a failover behind one name (a managed Redis, a service of Kubernetes, a proxy), connections to
the former master may stay open. It refuses every write, while a new connection reaches the new
master. redis-py connects again by itself only where Sentinels name the master.
"""

from __future__ import annotations

from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError


class ReplicaError(RedisConnectionError):
    """The server is a replica and takes no writes; the connection was closed."""


class _Closing:
    """For synchronous connections."""

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().read_response(*arguments, **options)  # type: ignore[misc]
        except ReadOnlyError as error:
            self.disconnect()  # type: ignore[attr-defined]
            raise ReplicaError(str(error)) from None


class _AsyncClosing:
    """For asynchronous connections."""

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*arguments, **options)  # type: ignore[misc]
        except ReadOnlyError as error:
            await self.disconnect()  # type: ignore[attr-defined]
            raise ReplicaError(str(error)) from None


def close_on_demotion(pool: Any, is_async: bool) -> None:
    """Makes the connections of `pool` raise `ReplicaError`, and close, if their server is a
    replica."""
    closing = _AsyncClosing if is_async else _Closing
    kind = pool.connection_class
    pool.connection_class = type(kind.__name__, (closing, kind), {})
