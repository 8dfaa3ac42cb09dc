"""CPU per event of the whole pipeline, beside `json.loads` of the same events in the same run.

    python -m tests.benchmarks.pipeline [--profile]

A visitor's purchase goes through every stage, with 0 to 100 rules and 1 to 20 destinations. There
are more visitors than the pipeline remembers cookies of, so that the caches are as full and as
useful as they are in production. Each number is the least of several runs; machines differ and are
noisy, so look at the ratios.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gateway.configuration.load import parse_settings
from gateway.event import Event, Received, read_event
from gateway.pipeline.compile import Pipeline, compile_pipeline

RULES = (0, 10, 100)
DESTINATIONS = (1, 5, 20)
GOAL = "10 rules and 5 destinations cost less than 10 times json.loads"

VISITORS = 200
RUNS = 15
NOW = 1_795_219_201.0
PURCHASE = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "events" / "purchase.json").read_text()
)
AGENTS = [
    f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    for version in range(130, 150)
]

Work = Callable[[], int]
"""Does something and tells how many pieces of it."""

RULE_KINDS = (
    "{name: internal %d, when: {page_hostname: {ends_with: .internal%d.example}}, drop: true}",
    "{name: bots %d, when: {bot.is_bot: true, suspicious: %d}, drop: true}",
    "{name: large %d, when: {event_name: purchase, value: {gte: %d500}}, set: {order_size: large}}",
    "{name: legacy %d, rename: {order_id_%d: transaction_id}}",
    "{name: street %d, remove: [user_data.address.street%d]}",
    "{name: brand %d, when: {items.*.item_brand: Acme%d}, set: {campaign.source: brand}}",
    "{name: path %d, when: {page_path: {matches: '^/(checkout|danke%d)/.+'}}, set: {done: true}}",
    "{name: currencies %d, when: {any: [{currency: USD}, {shop: %d}]}, set: {dollars: true}}",
    "{name: label %d, set: {label_%d: {template: '{event_name}-{items.0.item_id}'}}}",
    "{name: names %d, lower: [items.*.item_category%d]}",
)
DESTINATION_KINDS = (
    "{type: meta, pixel_id: '1', access_token: t, when: {event_name: [page_view, purchase]}}",
    "{type: ga4, measurement_id: G-1, api_secret: s, rules: [{remove: [user_data]}]}",
    "{type: webhook, url: 'https://a.example/', when: {value: {gt: 10}}}",
    "{type: webhook, url: 'https://b.example/', when: {event_name: refund}}",
    "{type: webhook, url: 'https://c.example/', rules: [{hash: [user_data.email_address]}]}",
)


def configuration(rules: int, destinations: int, more: str = "") -> str:
    written = [RULE_KINDS[i % len(RULE_KINDS)] % (i, i) for i in range(rules)]
    named = [f"d{i}: {DESTINATION_KINDS[i % len(DESTINATION_KINDS)]}" for i in range(destinations)]
    return "\n".join(
        (
            "sources: {site: {type: collect}}",
            "rules:" + "".join(f"\n  - {rule}" for rule in written) if written else "",
            "destinations:" + "".join(f"\n  {each}" for each in named),
            more,
        )
    )


def compiled(rules: int, destinations: int, more: str = "") -> Pipeline:
    return compile_pipeline(parse_settings(configuration(rules, destinations, more), "", {}))


def traffic(**fields: Any) -> list[tuple[Event, Received]]:
    """A purchase of each of many visitors, as the sources hand it to the pipeline."""
    return [(read_event(_event(number, fields)), _received(number)) for number in range(VISITORS)]


def _event(number: int, fields: dict[str, Any]) -> dict[str, Any]:
    visitor = {
        "event_id": f"e-{number}",
        "client_id": f"{number}.1795210000",
        "ip_override": f"8.8.{number % 250}.{1 + number // 250}",
        "user_agent": AGENTS[number % len(AGENTS)],
        "page_location": f"https://shop.example/thanks?order={number}&utm_source=news&gclid=x",
    }
    return {**PURCHASE, **visitor, **fields}


def _received(number: int) -> Received:
    headers = {
        "host": "metrics.shop.example",
        "user-agent": AGENTS[number % len(AGENTS)],
        "accept-language": "en-GB,en;q=0.9",
        "cookie": f"_ga=GA1.1.{number}.1795210000; _fbp=fb.1.1795210000000.{number}; "
        f"visitor_id={number}.1795210000; theme=dark; cart=3",
    }
    return Received("site", NOW, "203.0.113.9", headers["user-agent"], headers)


def microseconds(works: Sequence[Work], runs: int = RUNS) -> list[float]:
    """CPU for each of the pieces of every one of `works`; the least of `runs`.

    They take turns, so that a time in which the machine is slow is the same for all of them.
    """
    least = [float("inf")] * len(works)
    for _ in range(runs):
        for index, work in enumerate(works):
            began = time.process_time()
            pieces = work()
            least[index] = min(least[index], (time.process_time() - began) / pieces * 1e6)
    return least


def pipeline_work(pipeline: Pipeline, events: Sequence[tuple[Event, Received]]) -> Work:
    def work() -> int:
        for event, received in events:
            received.browser = None  # each comes in a request of its own
            pipeline(event, received)
        return len(events)

    return work


def json_work(events: Sequence[tuple[Event, Received]]) -> Work:
    bodies = [json.dumps(event) for event, _ in events]

    def work() -> int:
        for body in bodies:
            json.loads(body)
        return len(bodies)

    return work


CATASTROPHE = "(x+x+)+y$"
LONG = "x" * 5_000


def pattern_work(pattern: str) -> Work:
    """A pipeline whose one rule looks for `pattern` in a long text."""
    rules = (
        f"enrichment: []\nrules: [{{when: {{page_title: {{matches: '{pattern}'}}}}, drop: true}}]"
    )
    return pipeline_work(compiled(0, 1, rules), traffic(page_title=LONG))


PURPOSES = ("advertising", "analytics", "own")
DENIED: dict[str, tuple[str, ...]] = {
    "nothing denied": (),
    "ads denied": ("ad_storage", "ad_user_data"),
    "all denied": ("ad_storage", "ad_user_data", "analytics_storage"),
}


def field_consent_work(denied: Sequence[str], destinations: int, switch: str) -> Work:
    """A pipeline with destinations of every purpose, none of which needs any consent."""
    named = "".join(
        f"\n  d{i}: {{type: webhook, url: 'https://a.example/', consent: [], "
        f"purpose: {PURPOSES[i % len(PURPOSES)]}, field_consent: {switch}}}"
        for i in range(destinations)
    )
    text = f"sources: {{site: {{type: collect}}}}\ndestinations:{named}"
    types = ("ad_storage", "ad_user_data", "analytics_storage", "ad_personalization")
    consent = {name: "denied" if name in denied else "granted" for name in types}
    return pipeline_work(compile_pipeline(parse_settings(text, "", {})), traffic(consent=consent))


def print_field_consent(yardstick: Work) -> None:
    counts = (DESTINATIONS[0], DESTINATIONS[-1])
    kinds = [(words, count) for words in DENIED for count in counts]
    works = [
        field_consent_work(DENIED[words], count, switch)
        for words, count in kinds
        for switch in ("off", "on")
    ]
    least, *took = microseconds([yardstick, *works])
    print("\nfield consent, off and on")
    for (words, count), off, on in zip(kinds, took[::2], took[1::2], strict=True):
        more = f"{on - off:+6.1f} ({(on - off) / least:+.2f}x)"
        print(f"{words:16}{count:3} destinations{off:8.1f}{on:8.1f}{more:>18}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="where the time goes, by function")
    arguments = parser.parse_args()
    events = traffic()
    if arguments.profile:
        print_profile(events)
        return
    sizes = [(rules, destinations) for rules in RULES for destinations in DESTINATIONS]
    works = [pipeline_work(compiled(*size), events) for size in sizes]
    yardstick, *took = microseconds([json_work(events), *works])
    length = sum(len(json.dumps(event)) for event, _ in events) // len(events)
    print(
        f"{VISITORS} visitors, {length} bytes an event, least of {RUNS} runs; µs of CPU per event"
    )
    print(f"json.loads of the event: {yardstick:.1f}\n")
    print(f"{'':12}" + "".join(f"{f'{count} destinations':>22}" for count in DESTINATIONS))
    rows = dict(zip(sizes, took, strict=True))
    for rules in RULES:
        cells = [rows[rules, destinations] for destinations in DESTINATIONS]
        numbers = (f"{each:14.1f}{each / yardstick:7.1f}x" for each in cells)
        print(f"{f'{rules} rules':12}" + "".join(numbers))
    print(f"\ngoal: {GOAL}")
    print_field_consent(json_work(events))
    harmless, catastrophic = microseconds([pattern_work("xy$"), pattern_work(CATASTROPHE)])
    print(
        f"a pattern over {len(LONG)} characters: {harmless:.1f}; a catastrophic one: "
        f"{catastrophic:.1f}"
    )


def print_profile(events: Sequence[tuple[Event, Received]]) -> None:
    work = pipeline_work(compiled(10, 5), events)
    work()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(20):
        work()
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
