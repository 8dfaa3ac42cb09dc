"""`gateway operator-log`: what operators did."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.options import CONFIG, fail, load_in_force


@click.command("operator-log")
@click.option("--verify", is_flag=True, help="Check that no line was changed, and print no line.")
@CONFIG
def operator_log(verify: bool, config: Path) -> None:
    """Print what operators did to stored events, one JSON object in each line.

    Every line has the digest of the line before. With --verify the exit status is 1 if a line does
    not follow from the one before.
    """
    from gateway.event.text import printable
    from gateway.event.words import counted
    from gateway.ledger.operator_log import OperatorLog

    log = OperatorLog.of(load_in_force(config).settings)
    try:
        if not verify:
            for line in log.lines():
                click.echo(printable(line.decode(errors="replace")))
            return
        chain = log.check()
    except BrokenPipeError:
        raise  # the reader has closed the pipe: click ends the command silently
    except OSError as error:
        fail(f"{log.path} cannot be read: {error.strerror}", 1)
    if chain.broken is not None:
        fail(
            f"{log.path}: line {chain.broken} does not follow from the line before: one of them "
            "was changed, or lines are missing",
            1,
        )
    actions = counted(chain.lines, "action")
    click.echo(f"{actions}, no line was changed. Digest of the last: {chain.head}")
