"""The law of consent, for any combination of signals from any source at any place.

A destination gets an event only if each type it needs is granted by something readable, or by a
default of a known or configured place, and denied by nothing readable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.configuration.settings import build_sources
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.sources.base import Inbound
from gateway.web.client_ip import compile_client_ip
from tests.support.consent import oracle
from tests.support.consent.configuration import shop
from tests.support.consent.oracle import FOUR, NEEDS, OPT_OUT
from tests.support.consent.places import (
    CLAIMED,
    KNOWN,
    STATED_BY_A_BACKEND,
    UNKNOWN,
    Place,
    written,
)
from tests.support.consent.senders import SENDERS, Sender
from tests.support.consent.signals import OPTED_OUT, SIGNALS, Signal, message

NOW = 1_795_968_000.0
PROXY = "10.0.0.1"


class Gateway:
    """Reads and decides requests, and stores nothing."""

    def __init__(self, conflicts: str) -> None:
        configured = shop(conflicts)
        self._pipeline = compile_pipeline(configured)
        self._client_ip = compile_client_ip(configured.server.trusted_proxies)
        self._sources = {
            path: (name, source)
            for name, source in build_sources(configured).items()
            for path in source.settings.paths or source.paths
        }

    def decisions(self, visit: Visit) -> Iterator[Decision]:
        more, headers = written(visit.place, visit.sender.is_browser)
        said = message(visit.signals, more, **headers)
        call = visit.sender.write(said)
        headers = {**said.headers, **call.headers}
        path, _, query = call.url.partition("?")
        name, source = self._sources[path.removesuffix("/")]
        batch = source.read(Inbound(call.method, path, query, headers, call.body))
        assert batch.events
        assert not batch.refused
        address, proxied, _ = self._client_ip(PROXY, headers)
        received = Received(
            name,
            NOW,
            address,
            headers=headers,
            trusted=batch.trusted,
            proxied=proxied,
            query="" if source.reads_query else query,
            backend=batch.backend,
            anonymous=batch.anonymous,
        )
        return (self._pipeline(each, received) for each in batch.events)


GATEWAY, BY_RANK = Gateway("deny"), Gateway("ranked")


@dataclass(frozen=True)
class Visit:
    sender: Sender
    place: Place
    signals: tuple[Signal, ...]


def _topics(signal: Signal) -> frozenset[str]:
    """The topics of a signal. Signals on one topic are interpreted together: ``gcs`` with ``gcd``,
    ``gpp`` with ``gpp_sid``, ``gdpr`` with a TCF string."""
    names = [name.lower() for name, _ in [*signal.fields, *signal.envelope]]
    cookies = [each.partition("=")[0] for each in signal.cookie.split("; ") if each]
    known = {"gcs": "gcd", "gpp_sid": "gpp", "gdpr": "tcf", "gdpr_consent": "tcf"}
    known |= {"tc_string": "tcf", "euconsent-v2": "tcf"}
    found = [known.get(name, name) for name in [*names, *cookies, *signal.headers]]
    return frozenset([*found, *(["query"] if signal.query else [])])


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    sender = draw(st.sampled_from(SENDERS))
    places = _of_browsers(sender) if sender.is_browser else _of_backends()
    suitable = [signal for signal in SIGNALS if signal.suits(sender)]
    signals: list[Signal] = []
    taken: frozenset[str] = frozenset()
    for signal in draw(st.lists(st.sampled_from(suitable), max_size=5)):
        if taken.isdisjoint(_topics(signal)):
            signals.append(signal)
            taken |= _topics(signal)
    return Visit(sender, draw(st.sampled_from(places)), tuple(signals))


def _of_browsers(sender: Sender) -> list[Place]:
    """The places of browsers. Snowplow has no field in which a page could claim its place."""
    claimed = [] if sender.name.startswith("Snowplow") else CLAIMED
    return [*KNOWN, *UNKNOWN, *claimed]


def _of_backends() -> list[Place]:
    return [*(place for place in KNOWN if place.address), *STATED_BY_A_BACKEND]


@given(visits())
@settings(max_examples=600)
def test_an_event_goes_where_all_that_is_needed_is_granted_and_nothing_denied(visit: Visit) -> None:
    said = [signal.says for signal in visit.signals]
    expected = oracle.outcome(visit.place.denies, said, visit.sender.is_browser)
    for decision in GATEWAY.decisions(visit):
        sent = {name for name in NEEDS if decision.verdicts[name].event is not None}
        assert sent == expected.reaches
        assert bool(decision.cookies) == expected.cookie
        event(str(expected))


@given(visits())
@settings(max_examples=300)
def test_by_rank_an_opt_out_holds_and_what_cannot_be_read_grants_nothing(visit: Visit) -> None:
    said = [signal.says for signal in visit.signals]
    granted_by_some = frozenset[str]().union(*(each.grants for each in said))
    denied_by_some = frozenset[str]().union(*(each.denies for each in said))
    is_unreadable = any(each.unreadable for each in said)
    for decision in BY_RANK.decisions(visit):
        states = decision.event["consent"]
        granted = {name for name in FOUR if states.get(name) == "granted"}
        if OPTED_OUT in said:
            assert granted.isdisjoint(OPT_OUT)
        assert granted.isdisjoint(denied_by_some - granted_by_some)
        if is_unreadable:
            assert granted <= granted_by_some
        assert not decision.cookies or "analytics_storage" in granted
