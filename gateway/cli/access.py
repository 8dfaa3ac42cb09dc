"""`gateway access`: what is stored about a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import CONFIG, REDIS_URL
from gateway.cli.person_options import KIND
from gateway.cli.stored.options import JSON

if TYPE_CHECKING:
    from gateway.ledger.sought import Kind
    from gateway.operations.person import Person


@click.command()
@click.argument("wanted", metavar="ID")
@JSON
@KIND
@CONFIG
@REDIS_URL
def access(
    wanted: str, as_json: bool, kind: Kind | None, config: Path, redis_url: str | None
) -> None:
    """Show everything that is stored about a person.

    ID is an e-mail address, a phone number, or the id of a client, of a user, of an order or of an
    event. Events that wait for the visitor's consent are encrypted and cannot be searched.
    """
    from gateway.cli.operator_action import operator_action
    from gateway.cli.person_commands import with_person
    from gateway.cli.person_views import print_found
    from gateway.event.text import json_text
    from gateway.operations.person import as_data

    async def act(person: Person) -> None:
        found, stories = await person.access(operator_action(person.settings).note)
        if as_json:
            click.echo(json_text(as_data(found, stories)))
        else:
            print_found(found, stories)

    with_person(wanted, kind, config, redis_url, act)
