"""`gateway explain`: what the gateway would do with an event, and how it maps events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from gateway.cli.options import CONFIG, fail, load


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
@click.argument("event", type=click.File("rb"), required=False)
def explain(config: Path, as_json: bool, mapped: str | None, event: Any) -> None:
    """Show what the gateway would do with the event in a JSON file (- for standard input)."""
    if (mapped is None) == (event is None):
        raise click.UsageError("Give either a file with an event or --mapping NAME.")
    if mapped is not None:
        click.echo(_mapping(config, mapped), nl=False)
    else:
        _explain_event(config, as_json, event)


def _mapping(config: Path, name: str) -> str:
    """The mapping of a destination of the file, if there is one of this name, else of a type."""
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

    settings, name = load(config), getattr(event, "name", "<stdin>")
    try:
        explanation = explain_event(settings, orjson.loads(event.read()))
    except orjson.JSONDecodeError as error:
        fail(f"{name}: invalid JSON: {error}")
    except EventError as error:
        fail(f"{name}: {error}")
    if as_json:
        click.echo(json_text(explanation))
    else:
        click.echo(in_words(explanation))
