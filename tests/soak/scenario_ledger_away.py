"""The PostgreSQL server of the ledger is stopped for a while."""

from __future__ import annotations

from pathlib import Path

from gateway.ledger.postgresql.place import LedgerDatabase
from tests.soak.ledger_books import LedgerBooks
from tests.soak.ledger_outage import Plan, enter_outage, send_through
from tests.soak.report import Report
from tests.soak.sink_process import SinkProcess
from tests.soak.soaked import Soaked, webhook
from tests.support.postgresql_server import PostgreSQL

SALT = "salt-of-the-soak"
SETTINGS = 'server: {hash_salt: "${SALT}"}\nledger: {url: "${LEDGER_URL}"}\n'

SHORT = Plan(events=800, rate=100.0, away_seconds=4.0, gap_seconds=4.0)
"""In both forms, the feed stays within its bound, so no record may be left out."""


async def run(folder: Path, plan: Plan) -> Report:
    report = Report(f"The ledger's PostgreSQL stopped for {plan.away_seconds:.0f} s")
    with PostgreSQL() as database, SinkProcess(folder) as sink:
        url = database.new_database()
        environment = {"LEDGER_URL": url, "SALT": SALT}
        destinations = webhook("hook", sink.url)
        with Soaked(folder, destinations, environment=environment, settings=SETTINGS) as gateway:
            sent, outage = await send_through(gateway, plan, database.stop, database.start)
            outcomes, taken = await enter_outage(report, gateway, sink, plan, sent, outage)
            audit = gateway.audit()
            ledger = LedgerBooks.read(LedgerDatabase(url, "ledger", SALT), "hook")
    report.row("audit", "balances" if not audit else "differs")
    report.check(not audit, f"the ledger counts what Redis counts: {audit}")
    ledger.enter(report, sent.accepted, outcomes, taken)
    return report
