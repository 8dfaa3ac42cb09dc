"""Memory: of events that wait, in Valkey; of the processes, before and after load."""

from __future__ import annotations

from tests.benchmarks.bodies import Body, purchase, sized
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import NO_LEDGER, configuration
from tests.benchmarks.installation import WORKER, Installation
from tests.benchmarks.measuring import fill, installation, under_load
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks
from tests.support.keys import KEYS
from tests.support.process_stats import Memory, memory, title

WAITING_TEXT = (
    "Valkey's `used_memory` before and after events were accepted and stay pending, divided "
    "by the number of events and destinations. A stored event is larger than the event that "
    "was sent, because enrichment adds fields. Without the ledger, whose feed would hold its own "
    "record of each event until the ledger has stored it. In KB of 1,000 bytes."
)
PROCESSES_TEXT = (
    "Resident memory of each process in MB, and in brackets with only its share of the pages "
    "that it shares with others (PSS). After the first load, and after a second load of the "
    "same size."
)
MAX_WAITING, MAX_RESIDENT, MAX_GROWTH = 1.6, 90, 5


def waiting(plan: Plan, _: Yardsticks) -> Section:
    """Memory of an event that waits, in Valkey."""
    rows, worst = [], 0.0
    event = sized(1_000)
    for count in (1, 5):
        with CountingSink() as sink:
            config = NO_LEDGER + configuration(sink.url, destinations=count)
            with installation(config, workers=0) as gateway:
                fill(gateway, event, 100)
                before = gateway.used_memory()
                fill(gateway, event, plan.waiting)
                each = (gateway.used_memory() - before) / plan.waiting / count / 1000
                kept = _kept_bytes(gateway) / 1000
        worst = max(worst, each)
        sizes = (len(event) / 1000, kept, each)
        rows.append([f"{count} destinations", f"{plan.waiting:,}", *(f"{kb:.2f}" for kb in sizes)])
    return Section(
        "Memory of events that wait",
        WAITING_TEXT,
        ("", "events", "sent", "kept", "memory"),
        rows,
        [Goal("memory for a 1 KB event that waits, each destination", worst, MAX_WAITING, "KB")],
    )


def _kept_bytes(gateway: Installation) -> int:
    stream = KEYS.destination(gateway.destinations[0]).stream
    ((_, fields),) = gateway.redis.xrevrange(stream, count=1)
    return sum(len(value) for value in fields.values())


def processes(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Memory of the web process and of workers, before and after load."""
    with CountingSink() as sink, installation(configuration(sink.url)) as gateway:
        looks = [_look(gateway)]
        for _ in range(2):
            under_load(gateway, Body(purchase()), plan.load, yardsticks.pace)
            looks.append(_look(gateway))
    names = list(looks[-1])
    rows = [[name, *(_shown(look.get(name)) for look in looks)] for name in names]
    web = max(look["web"].resident for look in looks)
    workers = max(
        look[name].resident for look in looks for name in look if "worker " in name or "'s" in name
    )
    grown = max(looks[2][name].resident - looks[1][name].resident for name in looks[1])
    return Section(
        "Memory of processes",
        PROCESSES_TEXT,
        ("", "at the start", "after load", "after as much again"),
        rows,
        [
            Goal("resident memory of the web process", web, MAX_RESIDENT, "MB"),
            Goal("resident memory of a worker process", workers, MAX_RESIDENT, "MB"),
            Goal("growth of any of them under the second load", grown, MAX_GROWTH, "MB"),
        ],
    )


def _look(gateway: Installation) -> dict[str, Memory]:
    """The memory of each process, by what it does."""
    supervisor, *others = gateway.worker_pids()
    roles = {"web": gateway.webs[0].pid, "supervisor of the workers": supervisor}
    drains = gateway.drain_pids()
    for pid in others:
        role = "drain, a worker's child" if pid in drains else title(pid)
        if role == WORKER:
            role = f"worker {sum(each.startswith('worker') for each in roles) + 1}"
        roles[role] = pid
    return {role: memory(pid) for role, pid in roles.items()}


def _shown(one: Memory | None) -> str:
    return f"{one.resident:.0f} ({one.proportional:.0f})" if one else ""
