"""The ledger of a gateway on a cluster, through kills of its processes and of a node."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from gateway.ledger.answers import Wanted
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.ledger.reading import LedgerReader
from tests.support.cluster_senders import Senders
from tests.support.clustered_gateway import ClusteredGateway
from tests.support.gateway_process import wait_for
from tests.support.postgresql_server import PostgreSQL
from tests.support.sink_server import Sink

NAMES = ["ads", "books", "crm"]
EVENTS = 400
SALT = "salt-of-the-tests"
CONFIG = """
server: {{hash_salt: "{salt}"}}
ledger: {{url: "{url}"}}
spool: {{enabled: false}}
sources:
  backend: {{type: events, keys: [key]}}
destinations:
  ads: {{type: webhook, url: "{sink}/ads", {options}}}
  books: {{type: webhook, url: "{sink}/books", {options}}}
  crm: {{type: webhook, url: "{sink}/crm", when: {{event_name: refund}}, {options}}}
"""
OPTIONS = "allow_private_addresses: true, consent: [], delivery: {backoff: [1]}"


@pytest.mark.nightly
def test_every_event_has_its_endings_whatever_was_killed(
    tmp_path: Path, sink: Sink, postgresql: PostgreSQL
) -> None:
    url = postgresql.new_database()
    config = CONFIG.format(salt=SALT, url=url, sink=sink.url, options=OPTIONS)
    with ClusteredGateway(tmp_path, config, NAMES) as gateway:
        senders = Senders(gateway.ports, EVENTS)
        victims = ["web 0", "worker", "ledger", "web 1", "ledger", "worker"]

        async def live_through_it() -> None:
            sending = asyncio.create_task(senders.send(8))
            for number, name in enumerate(victims, 1):
                while senders.taken < number * EVENTS // 9:
                    await asyncio.sleep(0.01)
                gateway.kill(name)  # in this thread: processes end with the one that starts them
            node = gateway.cluster.node_of("ads")
            node.kill()
            before = senders.answers[503]
            while senders.answers[503] < before + 5 and not sending.done():
                await asyncio.sleep(0.01)
            node.start()  # in this thread: the node ends with the thread that starts it
            await sending

        asyncio.run(live_through_it())
        numbers = gateway.wait_until_drained(60)

        def balances() -> bool:
            audit = gateway.run("audit", "--json")
            return audit.returncode == 0 and not json.loads(audit.stdout)["records_waiting"]

        wait_for(balances, 60, "the books to balance, and nothing to wait")
        traced = gateway.run("trace", "event-7")
        assert traced.returncode == 0, traced.stderr
        assert "delivered" in traced.stdout
        replayed = gateway.run("replay", "--destination", "ads", "--since", "1d", "--dry-run")
        assert replayed.returncode == 0, replayed.stderr
        stored = list(LedgerReader(LedgerDatabase(url, "ledger", SALT)).endings(Wanted()))
        erased = gateway.run("erase", "event-7", "--yes")
        assert erased.returncode == 0, erased.stderr
        assert "event-7" not in gateway.run("trace", "event-7").stdout

    events = {f"event-{number}" for number in range(EVENTS)}
    for name in ("ads", "books"):
        rows = [each for each in stored if each.ending.destination == name]
        assert {each.ending.ending for each in rows} <= {"delivered", "repeated"}
        delivered = [each.payload or {} for each in rows if each.ending.ending == "delivered"]
        counts = Counter(numbers[name].counts)
        assert counts["delivered"] == counts["accepted"] == len(delivered)
        assert {event["event_id"] for event in delivered} == events
    withheld = [each for each in stored if each.ending.destination == "crm"]
    assert {each.ending.ending for each in withheld} == {"withheld"}
    assert numbers["crm"].counts["withheld"] >= len(withheld) >= EVENTS
