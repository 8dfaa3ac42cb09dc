"""Common parts of the commands that read the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gateway.cli.options import fail, load_in_force

if TYPE_CHECKING:
    from gateway.configuration.settings import Settings
    from gateway.ledger.digests import EventDigests
    from gateway.ledger.reading import LedgerReader

T = TypeVar("T")

NO_LEDGER = (
    "this configuration keeps no ledger: it needs ledger.enabled, and either the embedded Redis "
    "(redis.url) or a PostgreSQL database (ledger.url)"
)
NOTHING_YET = "the ledger is empty: no event has come in since it was switched on"


def with_ledger(config: Path, work: Callable[[LedgerReader, EventDigests], T]) -> T:
    """Runs `work` on the ledger of the gateway that runs with the file `config`, and returns its
    result. Ends the command as `with_ledger_of` does."""
    return with_ledger_of(load_in_force(config).settings, work)


def with_ledger_of(settings: Settings, work: Callable[[LedgerReader, EventDigests], T]) -> T:
    """Runs `work` on the ledger of the gateway with these settings, and returns its result. Ends
    the command when there is no ledger, when it is empty, or when it cannot be read."""
    import sqlite3

    from sqlalchemy.exc import DBAPIError

    from gateway.ledger.errors import LedgerError
    from gateway.ledger.feeding import ledger_digests
    from gateway.ledger.place import ledger_of
    from gateway.ledger.reading import LedgerReader

    if not settings.has_ledger:
        fail(NO_LEDGER)
    place = ledger_of(settings)
    try:
        reader = LedgerReader(place)
        if reader.is_empty():
            fail(NOTHING_YET, 1)
        return work(reader, ledger_digests(settings))
    except BrokenPipeError:
        raise  # the reader has closed the pipe: click ends the command silently
    except (LedgerError, OSError) as error:
        fail(str(error), 1)
    except (sqlite3.Error, DBAPIError) as error:
        fail(f"the ledger cannot be read: {error}", 1)
