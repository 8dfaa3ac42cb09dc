"""A client for a Redis Cluster, with the interface of a client for a single server.

Each command goes to the node that has its keys, through a redis-py client for that node. Any node
returns the map of slots; it is read again when a node is away or says that a slot has moved.

redis-py's own client, `redis.asyncio.cluster.RedisCluster`, cannot do the job. Tested with redis-py
8.1.0 and a cluster of three nodes:

- While one node is down, a new client may fail to start: it sends COMMAND to a single node, and
  fails when that is the dead one, although the other nodes answer.
- It asks the server COMMAND GETKEYS twice for each XREADGROUP.
- `RedisClusterException` and `SlotNotCoveredError` are not subclasses of `RedisError`.
- After CLUSTERDOWN, or if no node serves a slot, it closes the connections to all nodes, including
  those that other tasks are using (``aclose`` in ``_execute_command``).

Source: redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec (redirection, hash slots).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

Address = tuple[str, int]
Command = tuple[Any, ...]
T = TypeVar("T")

MAX_REDIRECTIONS = 5


class ClusterClient(Redis):
    """The client. All keys of a command, and of a script, must be in one slot.

    seeds: nodes that may be asked for the map of slots. patience: how often a failed command is
    tried again, and after which errors. options: of the connections to each node.

    Also raises redis-py's ConnectionError while the cluster is down or being changed.
    """

    def __init__(self, seeds: Sequence[Address], patience: Retry, **options: Any) -> None:
        host, port = seeds[0]
        super().__init__(host=host, port=port, **options)  # for its encoder; it never connects
        self._seeds = list(seeds)
        self._patience = patience
        self._options = options
        self._clients: dict[Address, Redis] = {}
        self._slots: dict[int, Address] = {}
        self._is_sure = False
        self._finding = asyncio.Lock()

    async def execute_command(self, *command: Any, **options: Any) -> Any:
        if command[0] == "SCRIPT LOAD":
            return await self._everywhere(command)
        key = _key_of(command)

        async def once() -> Any:
            return await self._redirected(await self._address_of(key), command, options)

        return await self._patiently(once)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """A pipeline whose commands are grouped by node. Raises ValueError for a transaction."""
        if transaction:
            raise ValueError("a transaction cannot reach several nodes")
        return _Pipelines(self)

    async def execute_all(self, commands: Sequence[tuple[Command, Mapping[str, Any]]]) -> list[Any]:
        """Sends `commands`, together for each node; returns their results in order."""

        async def once() -> list[Any]:
            of_nodes: dict[Address, list[int]] = {}
            for place, (command, _) in enumerate(commands):
                of_nodes.setdefault(await self._address_of(_key_of(command)), []).append(place)
            answers = await asyncio.gather(
                *(
                    self._execute_at(address, [commands[place] for place in places])
                    for address, places in of_nodes.items()
                )
            )
            results = [None] * len(commands)
            for places, answer in zip(of_nodes.values(), answers, strict=True):
                for place, result in zip(places, answer, strict=True):
                    results[place] = result
            return results

        return await self._patiently(once)

    async def info_of_nodes(self, section: str) -> list[Mapping[str, Any]]:
        """The `section` of INFO from each node that has slots."""
        await self._find_slots()
        nodes = [self._at(address) for address in set(self._slots.values())]
        return list(await asyncio.gather(*(node.info(section) for node in nodes)))

    async def scan_iter(  # type: ignore[override]
        self, *arguments: Any, **options: Any
    ) -> AsyncIterator[Any]:
        """The keys of all nodes."""
        await self._find_slots()
        for address in set(self._slots.values()):
            async for key in self._at(address).scan_iter(*arguments, **options):
                yield key

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        for client in self._clients.values():
            await client.aclose(close_connection_pool)

    async def _patiently(self, once: Callable[[], Awaitable[T]]) -> T:
        async def translated() -> T:
            try:
                return await once()
            except (ClusterDownError, TryAgainError, MovedError) as error:
                raise RedisConnectionError(str(error)) from None

        return await self._patience.call_with_retry(translated, self._doubt)

    async def _doubt(self, _: Exception) -> None:
        self._is_sure = False

    async def _redirected(
        self, address: Address, command: Command, options: Mapping[str, Any]
    ) -> Any:
        for _ in range(MAX_REDIRECTIONS):
            try:
                return await self._at(address).execute_command(*command, **options)
            except MovedError as error:
                self._is_sure = False
                address = (error.host or address[0], error.port)
            except AskError as error:
                asked = (error.host or address[0], error.port)
                return await self._execute_asking(asked, command, options)
        raise RedisConnectionError("the nodes of the cluster redirect a command in a loop")

    async def _execute_asking(
        self, address: Address, command: Command, options: Mapping[str, Any]
    ) -> Any:
        """Executes `command` at the node to which the slot of its keys is being moved."""
        pipeline = self._at(address).pipeline(transaction=False)
        pipeline.execute_command("ASKING")
        pipeline.execute_command(*command, **options)
        _, answer = await pipeline.execute(raise_on_error=False)  # raising would repeat the command
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _execute_at(
        self, address: Address, commands: Sequence[tuple[Command, Mapping[str, Any]]]
    ) -> list[Any]:
        pipeline: Pipeline = self._at(address).pipeline(transaction=False)
        for command, options in commands:
            pipeline.execute_command(*command, **options)
        return await pipeline.execute()

    async def _everywhere(self, command: Command) -> Any:
        """Executes `command` at all nodes. Those that fail are ignored if another succeeds;
        otherwise, raises what the first one raised."""
        await self._find_slots()
        nodes = [self._at(address) for address in set(self._slots.values())]
        answers = await asyncio.gather(
            *(node.execute_command(*command) for node in nodes), return_exceptions=True
        )
        for answer in answers:
            if not isinstance(answer, BaseException):
                return answer
        raise answers[0]

    async def _address_of(self, key: Any) -> Address:
        await self._find_slots()
        if key is None:
            return next(iter(self._slots.values()))
        try:
            return self._slots[key_slot(key if isinstance(key, bytes) else key.encode())]
        except KeyError:
            raise RedisConnectionError("no node of the cluster serves the slot of a key") from None

    async def _find_slots(self) -> None:
        if self._is_sure:
            return
        async with self._finding:
            if not self._is_sure:
                self._slots = await self._ask_for_slots()
                self._is_sure = True

    async def _ask_for_slots(self) -> dict[int, Address]:
        reason: RedisError | None = None
        for address in list(self._seeds):
            try:
                rows = await self._at(address).execute_command("CLUSTER SLOTS")
            except RedisError as error:
                reason = error
                self._seeds.append(self._seeds.pop(self._seeds.index(address)))  # ask it last
                continue
            slots = {
                slot: (master[0].decode() if master[0] else address[0], int(master[1]))
                for first, last, master, *_ in rows
                for slot in range(first, last + 1)
            }
            if not slots:
                reason = RedisConnectionError("no slot is assigned to a node")
                continue
            self._seeds += [each for each in set(slots.values()) if each not in self._seeds]
            return slots
        raise RedisConnectionError(f"no node of the cluster returned the map of slots: {reason}")

    def _at(self, address: Address) -> Any:
        """The client for one node. It does not retry: this client knows where to retry."""
        if address not in self._clients:
            once = Retry(NoBackoff(), 0)
            self._clients[address] = Redis(
                **{**self._options, "host": address[0], "port": address[1], "retry": once}
            )
        return self._clients[address]


class _Pipelines(Pipeline):
    """Collects commands like any pipeline; the client of the cluster sends them."""

    def __init__(self, cluster: ClusterClient) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, False, None)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands, self.command_stack = self.command_stack, []
        return await self._cluster.execute_all(commands)


def _key_of(command: Command) -> Any:
    """The first key of a command that the gateway uses; None where it has none."""
    name = command[0]
    if name in ("EVALSHA", "EVAL"):
        return command[3] if int(command[2]) else None
    if name in ("XREAD", "XREADGROUP"):
        return command[command.index(b"STREAMS") + 1]
    return command[1] if len(command) > 1 else None
