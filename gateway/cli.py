"""The `gateway` command."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from gateway.commands.cases import test_cases
from gateway.commands.dead_letters import dead_letters
from gateway.commands.options import CONFIG, REDIS_URL, fail, load
from gateway.commands.quarantine import quarantine
from gateway.commands.status import status
from gateway.logs import log_to_stderr

if TYPE_CHECKING:
    from gateway.settings import Settings

HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option("--port", default=8080, show_default=True, help="Port to listen on.")
WEB_PROCESSES = click.option(
    "--web-processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Web processes; they share the port.",
)
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Worker processes; by default one for each destination, 2 to 4.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="event-gateway")
def main() -> None:
    """Server-side event forwarding gateway."""
    log_to_stderr()


main.add_command(dead_letters)
main.add_command(quarantine)
main.add_command(status)
main.add_command(test_cases)


@main.command()
@CONFIG
@HOST
@PORT
@WEB_PROCESSES
@PROCESSES
def run(config: Path, host: str, port: int, web_processes: int, processes: int | None) -> None:
    """Run everything: web, workers and, unless a Redis URL is given, a Valkey server."""
    from gateway.embedded import EmbeddedError
    from gateway.run import run_everything

    settings = load(config)
    _listen(host, port).close()  # a clear word before anything is started
    try:
        asyncio.run(run_everything(settings, config, host, port, web_processes, processes))
    except EmbeddedError as error:
        fail(str(error))


@main.command()
@CONFIG
@HOST
@PORT
@click.option("--share-port", is_flag=True, help="Let other processes listen on the same port.")
@REDIS_URL
def serve(config: Path, host: str, port: int, share_port: bool, redis_url: str | None) -> None:
    """Run the web part only."""
    from gateway.reload import load_running
    from gateway.run import run_web

    settings = load(config, load_running)
    url = _require_redis(settings, redis_url)
    run_web(settings, config, url, _listen(host, port, share_port))


@main.command()
@CONFIG
@PROCESSES
@REDIS_URL
def work(config: Path, processes: int | None, redis_url: str | None) -> None:
    """Run workers only."""
    from gateway.run import run_workers

    settings = load(config)
    url = _require_redis(settings, redis_url)
    asyncio.run(run_workers(settings, config, url, processes))


@main.command(hidden=True)
@CONFIG
@REDIS_URL
def worker(config: Path, redis_url: str) -> None:
    """Run a single worker process; `gateway work` starts and supervises these."""
    from gateway.delivery.job import run_worker
    from gateway.reload import load_running

    run_worker(load(config, load_running), redis_url)


@main.command(hidden=True)
@REDIS_URL
def scheduler(redis_url: str) -> None:
    """Run RQ's scheduler; `gateway work` starts and supervises one."""
    from gateway.delivery.scheduler import run_scheduler

    run_scheduler(redis_url)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Report every mistake in a configuration file, with its line."""
    settings = load(file)
    sources, destinations = ", ".join(settings.sources), ", ".join(settings.destinations)
    click.echo(f"{file}: no mistakes. Sources: {sources}. Destinations: {destinations}.")


@main.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from gateway.settings import file_schema

    click.echo(orjson.dumps(file_schema(), option=orjson.OPT_INDENT_2).decode())


@main.command(hidden=True)
def reference() -> None:
    """Print the tables of docs/configuration.md."""
    from gateway.reference import reference as tables

    click.echo(tables(), nl=False)


@main.command()
@CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("event", type=click.File("rb"))
def explain(config: Path, as_json: bool, event: Any) -> None:
    """Show what would happen to the event in a JSON file (- for standard input)."""
    from gateway.commands.terminal import json_text
    from gateway.event import EventError
    from gateway.explain import explain as explain_event
    from gateway.explain import in_words

    settings, name = load(config), getattr(event, "name", "<stdin>")
    try:
        explanation = explain_event(settings, orjson.loads(event.read()))
    except orjson.JSONDecodeError as error:
        fail(f"{name}: not JSON: {error}")
    except EventError as error:
        fail(f"{name}: {error}")
    if as_json:
        click.echo(json_text(explanation))
    else:
        click.echo(in_words(explanation))


def _require_redis(settings: Settings, given: str | None) -> str:
    url = given or settings.redis.url
    if mistake := settings.mistake_at(url):
        fail(mistake)
    if url == "embedded":
        fail(
            "a Redis URL is needed: set REDIS_URL, or use --redis-url. "
            "The embedded server belongs to `gateway run`."
        )
    return url


def _listen(host: str, port: int, share_port: bool = False) -> socket.socket:
    from gateway.run import listen

    try:
        return listen(host, port, share_port)
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}. Try --port.")
