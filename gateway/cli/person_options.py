"""The options of the commands about a person."""

from __future__ import annotations

import click

KIND = click.option(
    "--kind",
    type=click.Choice(["person", "order", "event"]),
    help="Kind of record that ID belongs to, if it can belong to several. A person has the id of a "
    "client or a user, an e-mail address or a phone number. By default, all kinds are searched.",
)
