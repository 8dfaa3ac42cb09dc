"""`gateway erase`: removes what is stored about a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, REDIS_URL
from gateway.cli.person_options import KIND
from gateway.cli.stored.options import DRY_RUN, YES

if TYPE_CHECKING:
    from gateway.ledger.sought import Kind
    from gateway.operations.person import Person


@click.command()
@click.argument("wanted", metavar="ID")
@YES
@DRY_RUN
@KIND
@CONFIG
@REDIS_URL
def erase(
    wanted: str,
    yes: bool,
    dry_run: bool,
    kind: Kind | None,
    config: Path,
    redis_url: str | None,
) -> None:
    """Remove everything that is stored about a person, and report what is beyond reach.

    ID is an e-mail address, a phone number, or the id of a client, of a user, of an order or of an
    event. Run the command once for each id of the person. Events that are pending are not sent any
    more.
    """
    from gateway.cli.erase_action import erase_person
    from gateway.cli.person_commands import with_person

    async def act(person: Person) -> None:
        embedded = redis_url is None and person.settings.redis.url == "embedded"
        await erase_person(person, yes, dry_run, embedded)

    with_person(wanted, kind, config, redis_url, act)
