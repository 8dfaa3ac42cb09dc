"""The options of the commands about a person."""

from __future__ import annotations

import click

KIND = click.option(
    "--kind",
    type=click.Choice(["person", "order", "event"]),
    help="What ID is the id of, if it can be the id of several. A person has the id of a client or "
    "a user, an e-mail address or a phone number. By default it is looked for as all of them.",
)
