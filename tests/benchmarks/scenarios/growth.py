"""How the cost grows: with the number of destinations, and with the size of events."""

from __future__ import annotations

from tests.benchmarks.bodies import Body, purchase, sized
from tests.benchmarks.children import CountingSink
from tests.benchmarks.configurations import configuration
from tests.benchmarks.measuring import COLUMNS, LEGEND, Run, installation, under_load
from tests.benchmarks.plans import Plan
from tests.benchmarks.results import Goal, Section, Yardsticks

DESTINATIONS_TEXT = (
    "Every event goes to all destinations, which are webhooks with a request for each event. "
    + LEGEND
)
SIZES_TEXT = (
    "Purchases with as many items as the size requires, delivered to one webhook, over 8 "
    "connections. " + LEGEND
)

MAX_GROWTH = 1.1


def destinations(plan: Plan, yardsticks: Yardsticks) -> Section:
    """1, 5 and 20 destinations."""
    runs: dict[int, Run] = {}
    with CountingSink() as sink:
        for count in plan.destinations:
            workers = min(max(2, count), 4)  # as many as `gateway run` starts
            config = configuration(sink.url, destinations=count)
            with installation(config, workers=workers) as gateway:
                seconds = max(1, round(plan.load / count))
                runs[count] = under_load(gateway, Body(purchase()), seconds, yardsticks.pace)
    least, most = min(runs), max(runs)
    each = [runs[count].each.all / count for count in (least, most)]
    return Section(
        "Destinations",
        DESTINATIONS_TEXT,
        COLUMNS,
        [run.row(f"{count} destinations", yardsticks) for count, run in runs.items()],
        [
            Goal(
                f"each of {most} destinations, to one alone",
                *(each[1] / each[0], MAX_GROWTH, "x"),
                f"{each[1]:.0f} µs to {each[0]:.0f} µs",
            )
        ],
        [run.bar(f"each of {count} destinations", count) for count, run in runs.items()],
    )


def sizes(plan: Plan, yardsticks: Yardsticks) -> Section:
    """Events of 0.5, 5 and 50 KB."""
    runs: dict[int, Run] = {}
    with CountingSink() as sink:
        for size in plan.sizes:
            with installation(configuration(sink.url)) as gateway:
                body = Body(sized(size))
                runs[len(body.event)] = under_load(
                    gateway, body, plan.short_load, yardsticks.pace, 8
                )
    titles = {size: f"{size / 1000:.1f} KB" for size in runs}
    return Section(
        "Sizes",
        SIZES_TEXT,
        COLUMNS,
        [run.row(titles[size], yardsticks) for size, run in runs.items()],
    )
