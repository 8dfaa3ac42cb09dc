"""The `gateway` command."""

from __future__ import annotations

import errno
import sys
from functools import partial
from pathlib import Path

import click
import orjson

from gateway.cli.access import access
from gateway.cli.audit import audit
from gateway.cli.cases import test_cases
from gateway.cli.console import console
from gateway.cli.dead_letters import dead_letters
from gateway.cli.erase import erase
from gateway.cli.events import events
from gateway.cli.explain import explain
from gateway.cli.init.command import init
from gateway.cli.listening import (
    CONSOLE_HOST,
    CONSOLE_PORT,
    HOST,
    OPERATORS_HOST,
    OPERATORS_PORT,
    PORT,
    listen_at,
    listen_for_console,
)
from gateway.cli.operator_log import operator_log
from gateway.cli.options import (
    CONFIG,
    REDIS_URL,
    ending_without_redis,
    fail,
    load,
    require_redis,
    run_async,
)
from gateway.cli.quarantine import quarantine
from gateway.cli.refused import refused
from gateway.cli.replay import replay
from gateway.cli.stats import stats
from gateway.cli.status import status
from gateway.cli.terminal import escape_what_has_no_code
from gateway.cli.trace import trace
from gateway.system.collector import end_pause
from gateway.system.hangup import hangup_ignored
from gateway.system.logs import log_to_stderr

ALLOW_DEMO = click.option(
    "--allow-demo",
    is_flag=True,
    help="Serve the demo shop and accept keys published in the gateway's repository, even on an "
    "address that other machines can reach.",
)
WEB_PROCESSES = click.option(
    "--web-processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Number of web processes. They share the port.",
)
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Number of worker processes. By default one per destination, at least 2 and at most 4.",
)


class Commands(click.Group):
    """The commands. One that finds no space for its output says so in one line."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            sys.stdout = None  # what it still holds would fail once more at the end
            fail(f"cannot write: {error.strerror}", 1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="event-gateway")
def main() -> None:
    """Server-side event forwarding gateway."""
    escape_what_has_no_code()
    log_to_stderr()


main.add_command(access)
main.add_command(audit)
main.add_command(console)
main.add_command(dead_letters)
main.add_command(erase)
main.add_command(events)
main.add_command(explain)
main.add_command(init)
main.add_command(operator_log)
main.add_command(quarantine)
main.add_command(refused)
main.add_command(replay)
main.add_command(stats)
main.add_command(status)
main.add_command(test_cases)
main.add_command(trace)


@main.command()
@CONFIG
@HOST
@PORT
@OPERATORS_HOST
@OPERATORS_PORT
@CONSOLE_HOST
@CONSOLE_PORT
@click.option("--no-console", is_flag=True, help="Do not serve the console.")
@WEB_PROCESSES
@PROCESSES
@ALLOW_DEMO
@hangup_ignored()
def run(
    config: Path,
    host: str,
    port: int,
    operators_host: str,
    operators_port: int,
    console_host: str,
    console_port: int,
    no_console: bool,
    web_processes: int,
    processes: int | None,
    allow_demo: bool,
) -> None:
    """Run web and worker processes, the console and, unless a Redis URL is configured, a Valkey
    server."""
    from gateway.configuration.exposure import is_loopback, operators_mistake, permitted
    from gateway.configuration.load import load_settings
    from gateway.queue.gateways import NamespaceTaken
    from gateway.runtime.address import Address
    from gateway.runtime.embedded import EmbeddedError
    from gateway.runtime.run import run_everything, start_fork_server

    allow_demo = allow_demo or is_loopback(host)
    settings = load(config, lambda path: permitted(load_settings(path), path, allow_demo))
    if mistake := operators_mistake(settings, operators_host):
        fail(mistake)
    public, operators = Address(host, port), Address(operators_host, operators_port)
    has_console = settings.console.enabled and not no_console
    pages = Address(console_host, console_port) if has_console else None
    listening = [*listen_at(public, operators)]
    if pages is not None:
        listening.append(listen_for_console(pages))
    for each in listening:
        each.close()  # reports an address in use before anything is started
    everything = run_everything(
        *(settings, config, public, operators, pages, web_processes, processes, allow_demo),
        start_fork_server(settings, main, has_console),
    )
    try:
        run_async(everything)
    except (EmbeddedError, NamespaceTaken) as error:
        fail(str(error))


@main.command()
@CONFIG
@HOST
@PORT
@OPERATORS_HOST
@OPERATORS_PORT
@click.option(
    "--share-port", is_flag=True, help="Allow other processes to listen on the same ports."
)
@ALLOW_DEMO
@REDIS_URL
@hangup_ignored()
def serve(
    config: Path,
    host: str,
    port: int,
    operators_host: str,
    operators_port: int,
    share_port: bool,
    allow_demo: bool,
    redis_url: str | None,
) -> None:
    """Run one web process only."""
    from gateway.configuration.exposure import is_loopback, operators_mistake
    from gateway.queue.gateways import NamespaceTaken
    from gateway.runtime.address import Address
    from gateway.runtime.announce import enter_namespace
    from gateway.runtime.last_good import is_supervised, load_running
    from gateway.runtime.serve import run_web

    allow_demo = allow_demo or is_loopback(host)
    settings = load(config, partial(load_running, allow_demo=allow_demo))
    url = require_redis(settings, redis_url)
    supervised = is_supervised()  # then `gateway run` has checked the rest
    if not supervised and (mistake := operators_mistake(settings, operators_host)):
        fail(mistake)
    public, operators = Address(host, port), Address(operators_host, operators_port)
    sockets = listen_at(public, operators, share_port)
    try:
        if not supervised:
            run_async(enter_namespace(settings, url))
    except NamespaceTaken as error:
        fail(str(error))
    run_web(settings, config, url, *sockets, allow_demo)


@main.command()
@CONFIG
@PROCESSES
@REDIS_URL
@hangup_ignored()
def work(config: Path, processes: int | None, redis_url: str | None) -> None:
    """Run worker processes only."""
    from gateway.queue.gateways import NamespaceTaken
    from gateway.runtime.run import run_workers, start_fork_server

    settings = load(config)
    url = require_redis(settings, redis_url)
    try:
        forks = start_fork_server(settings, main)
        run_async(run_workers(settings, config, url, processes, forks))
    except NamespaceTaken as error:
        fail(str(error))


@main.command(hidden=True)
@CONFIG
@ALLOW_DEMO
@REDIS_URL
def worker(config: Path, allow_demo: bool, redis_url: str) -> None:
    """Run a single worker process; `gateway work` starts and supervises these."""
    from gateway.delivery.job import run_worker
    from gateway.runtime.last_good import load_running

    settings = load(config, partial(load_running, allow_demo=allow_demo))
    with ending_without_redis():
        run_worker(settings, redis_url)


@main.command(hidden=True)
@CONFIG
@ALLOW_DEMO
@REDIS_URL
def ledger(config: Path, allow_demo: bool, redis_url: str) -> None:
    """Run the process that writes the ledger; `run` and `work` start and supervise one."""
    from gateway.runtime.last_good import load_running
    from gateway.runtime.ledger import run_ledger

    run_ledger(load(config, partial(load_running, allow_demo=allow_demo)), redis_url)


@main.command(hidden=True)
@click.option(
    "--namespace",
    required=True,
    help=("Namespace of the keys in Redis, as `redis.namespace` in the configuration."),
)
@REDIS_URL
def scheduler(namespace: str, redis_url: str) -> None:
    """Run RQ's scheduler; `gateway work` starts and supervises one."""
    from gateway.delivery.scheduler import run_scheduler
    from gateway.queue.keys import Keys

    end_pause()
    with ending_without_redis():
        run_scheduler(redis_url, Keys(namespace))


@main.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@CONFIG
@click.option(
    "--permissions",
    is_flag=True,
    help="List the hosts that each destination may reach and the fields that it reads.",
)
@click.pass_context
def check(context: click.Context, file: Path | None, config: Path, permissions: bool) -> None:
    """Report every mistake in a configuration file, with its line number.

    FILE is another way to give --config.
    """
    if file is not None:
        if context.get_parameter_source("config") is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError("FILE and --config mean the same: give only one of them.")
        config = file
    from gateway.event.text import printable
    from gateway.monitoring.permissions import permission_lines
    from gateway.operations.checking.notes import configuration_notes

    settings = load(config)
    sources = ", ".join(settings.sources) or "none"
    destinations = ", ".join(settings.destinations) or "none"
    click.echo(f"{config}: no mistakes. Sources: {sources}. Destinations: {destinations}.")
    if not settings.sources:
        click.echo("Note: no source is configured, so nothing is accepted.")
    for line in permission_lines(settings) if permissions else ():
        click.echo(printable(line))
    for note in configuration_notes(settings, config):
        click.echo(printable(note))


@main.command()
def schema() -> None:
    """Print the JSON Schema of the configuration file, for use in editors."""
    from gateway.configuration.file_schema import file_schema

    click.echo(orjson.dumps(file_schema(), option=orjson.OPT_INDENT_2).decode())


@main.command()
@CONFIG
@click.option("--operators", is_flag=True, help="Describe the operators' address instead.")
def openapi(config: Path, operators: bool) -> None:
    """Print the OpenAPI document of the endpoints that a configuration serves."""
    from gateway.event.text import json_text
    from gateway.web.openapi import operators_document, public_document

    document = operators_document if operators else public_document
    click.echo(json_text(document(load(config))))


@main.command(hidden=True)
def reference() -> None:
    """Print the reference tables of docs/configuration.md."""
    from gateway.cli.reference import reference as tables

    click.echo(tables(), nl=False)
