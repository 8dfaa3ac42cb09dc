"""`gateway replay`: sends events of the ledger to a destination again, or for the first time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.cli.events import EVENT_FILTERS, read_wanted
from gateway.cli.options import CONFIG, REDIS_URL, ending_when_stopped, load_in_force, with_redis
from gateway.cli.stored.options import DRY_RUN, RATE, YES, with_options
from gateway.event.endings import TAKEN

FAILED = ("rejected", "expired", "withheld", "missing")


@click.command()
@click.option("--destination", required=True, help="Where the events are sent.")
@click.option(
    "--ending",
    "endings",
    multiple=True,
    type=click.Choice([*FAILED, *TAKEN]),
    help="Only events that last ended like this at the destination; `missing` means that it was "
    "added after they came in. Repeat the option for several. By default "
    f"{', '.join(FAILED)}; with --again all.",
)
@click.option(
    "--again",
    is_flag=True,
    help="Also send events that the destination has already accepted; it may count them twice.",
)
@with_options(*EVENT_FILTERS)
@RATE
@YES
@DRY_RUN
@CONFIG
@REDIS_URL
def replay(
    destination: str,
    endings: tuple[str, ...],
    again: bool,
    rate: int,
    yes: bool,
    dry_run: bool,
    config: Path,
    redis_url: str | None,
    **filters: Any,
) -> None:
    """Send events of the ledger to one destination, as today's configuration decides.

    They are sent with the same ids. The rules for every event, which come before the ledger, are
    not applied again; consent, conditions, deadlines and the rules of the destination are. An event
    that the destination was not allowed to have for lack of consent is never sent.
    """
    from gateway.cli.ledger import with_ledger_of
    from gateway.cli.operator_action import operator_action
    from gateway.cli.replay_action import replay as replay_events
    from gateway.operations.dead_letter_targets import check_names
    from gateway.operations.ledger_replay import LedgerReplay

    taken = [each for each in endings if each in TAKEN]
    if taken and not again:
        raise click.UsageError(
            f"--ending {taken[0]!r} needs --again: the destination may count these events twice."
        )
    wanted = read_wanted(filters)
    chosen = endings or (*FAILED, *(TAKEN if again else ()))
    settings = load_in_force(config).settings
    with ending_when_stopped():
        check_names([destination], [*settings.destinations])

    def run(reader: Any, _: object) -> None:
        async def act(redis: Any, jobs_url: str) -> None:
            note = operator_action(settings).note_events
            found = LedgerReplay(
                redis, jobs_url, settings, reader, destination, chosen, wanted, note
            )
            await replay_events(found, rate, yes, dry_run)

        with_redis(settings, redis_url, act)

    with_ledger_of(settings, run)
