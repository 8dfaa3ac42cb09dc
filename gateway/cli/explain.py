"""`gateway explain`: what the gateway would do with an event or a recorded request, and how it
maps events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from gateway.cli.options import CONFIG, fail, load


def _check_address(context: click.Context, option: click.Parameter, address: str) -> str:
    from gateway.event.address import read_node

    if address and isinstance(read_node(address), str):
        raise click.BadParameter("is not an IP address")
    return address


@click.command()
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--mapping",
    "mapped",
    metavar="NAME",
    help="Print the mapping of the destination with this name, or the built-in mapping of this "
    "type, as YAML for the configuration file.",
)
@click.option(
    "--request",
    type=click.File("rb"),
    metavar="FILE",
    help="Show which source takes the requests in this file (- for standard input), and what "
    "becomes of their events: a HAR file, commands copied as cURL (bash), or recorded requests in "
    "JSON.",
)
@click.option(
    "--number", type=click.IntRange(min=1), help="With --request, the only request to show."
)
@click.option(
    "--address",
    default="",
    callback=_check_address,
    help="With --request, the IP address from which the requests come. Default: unknown.",
)
@click.argument("event", type=click.File("rb"), required=False)
def explain(
    config: Path,
    as_json: bool,
    mapped: str | None,
    request: Any,
    number: int | None,
    address: str,
    event: Any,
) -> None:
    """Show what the gateway would do with the event in a JSON file (- for standard input), with
    each of several, or with recorded requests.

    It runs the code of production, and sends and stores nothing.
    """
    if sum(given is not None for given in (mapped, request, event)) != 1:
        raise click.UsageError("Give a file with an event, --request FILE or --mapping NAME.")
    if request is None and (number is not None or address):
        raise click.UsageError("--number and --address belong to --request.")
    if mapped is not None:
        click.echo(_mapping(config, mapped), nl=False)
    elif request is not None:
        from gateway.cli.explain_request import explain_requests

        name = getattr(request, "name", "<stdin>")
        explain_requests(load(config), name, request.read(), number, address, as_json)
    else:
        _explain_event(config, as_json, event)


def _mapping(config: Path, name: str) -> str:
    """The mapping of the configured destination `name`, or else the built-in one of this type."""
    from gateway.configuration.kinds import destination_types
    from gateway.explain.mapping import built_in_mapping, mapping_in_force

    destinations = load(config).destinations if config.exists() else {}
    if name in destinations:
        text = mapping_in_force(destinations[name])
    elif name in destination_types():
        text = built_in_mapping(destination_types()[name])
    else:
        known = ", ".join(dict.fromkeys([*destinations, *destination_types()]))
        fail(f"no destination and no type of destination is named {name!r}; there are: {known}")
    return text or fail(f"{name} has no mapping; change its events with rules instead")


def _explain_event(config: Path, as_json: bool, event: Any) -> None:
    from gateway.event import EventError
    from gateway.event.text import json_text
    from gateway.explain.explain import explain as explain_event
    from gateway.explain.explain import in_words
    from gateway.explain.sent_events import sent_events

    settings, name = load(config), getattr(event, "name", "<stdin>")
    try:
        sent = sent_events(orjson.loads(event.read()))
        explained = [explain_event(settings, each) for each in sent]
    except orjson.JSONDecodeError as error:
        fail(f"{name}: invalid JSON: {error}")
    except EventError as error:
        fail(f"{name}: {error}")
    except ValueError as error:
        fail(f"{name}: {error}. With a whole request, use --request")
    if as_json:
        click.echo(json_text(explained[0] if len(explained) == 1 else explained))
        return
    for number, each in enumerate(explained, 1):
        if len(explained) > 1:
            click.echo(f"event {number} of {len(explained)}")
        click.echo(in_words(each))
