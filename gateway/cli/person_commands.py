"""Common parts of the commands about a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError

from gateway.cli.options import fail, load_in_force, with_redis
from gateway.cli.stored.options import check_utf8
from gateway.ledger.errors import LedgerError
from gateway.ledger.feeding import build_digests
from gateway.ledger.sought import Kind
from gateway.operations.person import NO_KEY, Person

NO_ID = (
    "ID is empty: type an e-mail address, a phone number, or the id of a client, a user, an order "
    "or an event"
)


def with_person(
    wanted: str,
    kind: Kind | None,
    config: Path,
    redis_url: str | None,
    work: Callable[[Person], Coroutine[Any, Any, None]],
) -> None:
    """Runs `work` for the person with the id `wanted`, on the data of the gateway that runs with
    the file `config`.

    Ends the command when this data cannot be read or written, and for an empty id, as from an unset
    variable in a script. kind: the kind of id that is meant, None for all.
    """
    check_utf8(wanted)
    wanted = wanted.strip()
    if not wanted:
        fail(NO_ID)
    settings = load_in_force(config).settings
    if not (settings.has_ledger or settings.salt):
        fail(NO_KEY)
    try:

        async def act(redis: Redis, _: str) -> None:
            digests = build_digests(settings) or fail(NO_KEY)
            await work(Person(redis, settings, digests, digests.sought(wanted, kind)))

        with_redis(settings, redis_url, act)
    except BrokenPipeError:
        raise  # the reader has closed the pipe: click ends the command silently
    except (LedgerError, OSError) as error:
        fail(str(error), 1)
    except (sqlite3.Error, DBAPIError) as error:
        fail(f"the ledger cannot be read or written: {error}", 1)
