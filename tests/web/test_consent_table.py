"""Consent fails closed: which destinations an event reaches, for every signal, form, place,
contradiction and source.

Each row is sent to the web application as its sender would send it. From what the row says in
words, `tests.support.consent.oracle` works out the expected outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.web.app import create_app
from tests.support.consent import configuration, oracle
from tests.support.consent.oracle import ADS, ANALYTICS, FOUR, NEEDS, Outcome, Says
from tests.support.consent.places import (
    AMERICA,
    CLAIMED,
    GERMANY,
    KNOWN,
    NOWHERE,
    STATED_BY_A_BACKEND,
    UNKNOWN,
    Place,
    written,
)
from tests.support.consent.senders import (
    BACKENDS,
    BROWSERS,
    COLLECT,
    GTAG_GET,
    ORDERS,
    PIXEL,
    SEGMENT,
    SEGMENT_BATCH,
    SENDERS,
    SNOWPLOW_GET,
    SNOWPLOW_POST,
    Call,
    Sender,
)
from tests.support.consent.signals import SIGNALS, Signal, message
from tests.support.keys import KEYS
from tests.support.valkey_server import Valkey

CAPTURES = Path(__file__).parents[1] / "captures"
TIMES = ("timestamp", "originalTimestamp", "dtm", "ttm")
KEPT = ("authorization", "content-type", "user-agent")
PERSONALISATION = frozenset(["ad_personalization"])


@dataclass(frozen=True)
class Row:
    """recognised: whether the sender lets the gateway recognise its visitor. source_denies: what
    the source's own default denies; None if it has none."""

    sender: Sender
    place: Place
    signals: tuple[Signal, ...] = ()
    recognised: bool = True
    source_denies: frozenset[str] | None = None

    def __str__(self) -> str:
        words = " + ".join(map(str, self.signals)) or "nothing said"
        return f"{self.sender}: {words}: {self.place}"

    @property
    def expected(self) -> Outcome:
        denies = self.place.denies if self.source_denies is None else self.source_denies
        said = [signal.says for signal in self.signals]
        return oracle.outcome(denies, said, self.sender.is_browser and self.recognised)


class Shop:
    def __init__(self, web: TestClient, valkey: Valkey) -> None:
        self._web, self._redis = web, valkey.client()

    def lengths(self) -> dict[str, int]:
        pipeline = self._redis.pipeline(transaction=False)
        for name in NEEDS:
            pipeline.xlen(KEYS.destination(name).stream)
        return dict(zip(NEEDS, pipeline.execute(), strict=True))

    def outcome_of(self, row: Row) -> Outcome:
        more, headers = written(row.place, row.sender.is_browser)
        said = message(row.signals, more, **headers)
        return self.outcome(row.sender.write(said), said.headers)

    def outcome(self, call: Call, headers: Mapping[str, str]) -> Outcome:
        before = self.lengths()
        self._web.cookies.clear()
        answer = self._web.request(
            call.method, call.url, content=call.body, headers={**headers, **call.headers}
        )
        assert answer.status_code in (200, 202, 204), answer.text
        after = self.lengths()
        return Outcome(
            frozenset(name for name in NEEDS if after[name] > before[name]),
            "set-cookie" in answer.headers,
        )


CHOICES = '{"C0001":true,"C0002":ANSWER,"C0003":true,"C0004":ANSWER,"C0005":true}'
MANAGED = (
    '{"provider":"oneTrust","allowedConsentIds":["C0001","C0002","C0003","C0004"],'
    '"deniedConsentIds":["C0005"]}'
)


def recorded(capture: str, old: str, new: str) -> list[Call]:
    """Recorded requests of a real SDK, with `old` replaced by `new`, and without their times so
    that they are of now."""
    calls = []
    for request in json.loads((CAPTURES / f"{capture}.json").read_text()):
        headers = {name.lower(): value for name, value in request["headers"]}
        kept = {name: headers[name] for name in KEPT if name in headers}
        url, body = request["raw_target"], request.get("body_text") or ""
        if request["method"] == "POST" or url.startswith("/g/collect"):
            if old:
                url, body = url.replace(old, new), body.replace(old, new)
            for name in TIMES:
                body = body.replace(f'"{name}":', f'"recorded_{name}":')
            calls.append(Call(request["method"], url, kept, body.encode()))
    assert calls
    return calls


@pytest.fixture(scope="module")
def shop(valkey: Valkey) -> Iterator[Shop]:
    valkey.empty()
    app = create_app(configuration.shop(), valkey.url)
    with TestClient(app, client=("10.0.0.1", 50000), base_url="https://shop.example") as web:
        yield Shop(web, valkey)


def check(shop: Shop, row: Row) -> None:
    assert shop.outcome_of(row) == row.expected


def suiting(senders: Iterable[Sender], *signals: Signal) -> Iterator[Sender]:
    return (sender for sender in senders if all(signal.suits(sender) for signal in signals))


BY_NAME = {signal.name: signal for signal in SIGNALS}
DENIED, GRANTED = BY_NAME["consent denied"], BY_NAME["consent granted"]

PLACES = [
    *(Row(COLLECT, place) for place in [*KNOWN, *UNKNOWN, *CLAIMED]),
    *(Row(COLLECT, place, (GRANTED,)) for place in [*UNKNOWN, *CLAIMED]),
    *(Row(COLLECT, place, (DENIED,)) for place in [*KNOWN, *CLAIMED]),
    *(
        Row(sender, place, said)
        for sender in BROWSERS
        for place in (GERMANY, AMERICA, NOWHERE)
        for said in ((), (GRANTED,), (DENIED,))
    ),
    *(
        Row(sender, place, said)
        for sender in BACKENDS
        for place in (GERMANY, AMERICA, NOWHERE, *STATED_BY_A_BACKEND)
        for said in ((), (GRANTED,), (DENIED,))
    ),
    *(
        Row(ORDERS, place, said, source_denies=frozenset())
        for place in (GERMANY, AMERICA, NOWHERE)
        for said in ((), (GRANTED,), (DENIED,))
    ),
]


@pytest.mark.parametrize("row", PLACES, ids=str)
def test_the_place_decides_what_nobody_says(shop: Shop, row: Row) -> None:
    check(shop, row)


def forms() -> Iterator[Row]:
    """Each signal from a JSON source and two other sources in turn, so that each source gets many
    signals."""
    for place, signal in enumerate(SIGNALS):
        senders = [*suiting(SENDERS, signal)]
        others = [senders[(2 * place + step) % len(senders)] for step in range(2)]
        where = GERMANY if signal.says.grants else AMERICA
        for sender in dict.fromkeys([senders[0], *others]):
            yield Row(sender, where, (signal,))


@pytest.mark.parametrize("row", [*forms()], ids=str)
def test_a_signal_is_heard_in_every_form_from_every_source(shop: Shop, row: Row) -> None:
    check(shop, row)


@pytest.mark.parametrize("row", [*forms()][::7], ids=str)
def test_a_signal_is_heard_where_the_place_is_unknown(shop: Shop, row: Row) -> None:
    check(shop, replace(row, place=NOWHERE))


DENIALS = [
    "consent denied",
    "consent only of ads, denied",
    "consent only of analytics, denied",
    "consent is broken",
    "query, brackets, denied",
    "gcs G100",
    "gcs G101",
    "gcs garbage",
    "gcd 13q3q3q3q5l1",
    "gcd 13q3r3q3q5l1",
    "gcd garbage",
    "npa 1",
    "gdpr_consent refused",
    "gdpr_consent garbage",
    "gdpr 1",
    "gpp opted out",
    "gpp garbage",
    "us_privacy 1YYN",
    "us_privacy 1Y",
    "Sec-GPC: '1'",
    "categories of the event, denied",
    "default of the page, denied",
    "cookie OptanonConsent refused",
    "cookie OptanonConsent empty",
    "cookie CookieConsent refused",
    "cookie euconsent-v2 refused",
    "cookie euconsent-v2 broken off",
    "cookie uc denied",
]
GRANTS = [
    "consent granted",
    "consent only of storage, granted",
    "query, dots, granted",
    "gcs G111",
    "gcd 13r3r3r2r5l1",
    "gdpr_consent accepted",
    "categories of the event, granted",
    "cookie OptanonConsent accepted",
    "cookie CookieConsent accepted",
    "cookie euconsent-v2 accepted",
    "cookie uc granted",
]


def contradictions() -> Iterator[Row]:
    """Each denial with each grant, in both orders, from a sender that writes everything as text.
    The visitor is, in turn, where the default denies nothing and where it denies everything."""
    pairs = [(denial, grant) for denial in DENIALS for grant in GRANTS]
    for place, (denial, grant) in enumerate(pairs):
        is_answered = denial == "gdpr 1" and grant in (
            "gdpr_consent accepted",
            "cookie euconsent-v2 accepted",
        )
        if not is_answered:
            said = (BY_NAME[denial], BY_NAME[grant])
            yield Row(PIXEL, (AMERICA, GERMANY)[place % 2], said)
            yield Row(PIXEL, (GERMANY, AMERICA)[place % 2], said[::-1])


@pytest.mark.parametrize("row", [*contradictions()], ids=str)
def test_what_one_signal_denies_no_other_grants(shop: Shop, row: Row) -> None:
    check(shop, row)


ANONYMOUS = Signal("SP-Anonymous", Says(), headers={"sp-anonymous": "*"})
NO_ADDRESS = Signal("_uip", Says(), query="_uip=%3A%3A")


@pytest.mark.parametrize(
    "row",
    [
        *(
            Row(sender, place, (ANONYMOUS, *said), recognised=False)
            for sender in (SNOWPLOW_GET, SNOWPLOW_POST)
            for place in (GERMANY, AMERICA, NOWHERE)
            for said in ((), (GRANTED,), (DENIED,), (BY_NAME["cookie OptanonConsent refused"],))
        ),
        *(
            Row(GTAG_GET, place, (NO_ADDRESS, *said))
            for place in (GERMANY, AMERICA, NOWHERE)
            for said in ((), (GRANTED,), (DENIED,))
        ),
        *(
            Row(COLLECT, place, (Signal("no address", Says(), [("ip_override", "")]), *said))
            for place in (GERMANY, AMERICA, NOWHERE)
            for said in ((), (GRANTED,), (DENIED,))
        ),
    ],
    ids=str,
)
def test_who_asks_for_privacy_keeps_the_default_of_the_place(shop: Shop, row: Row) -> None:
    check(shop, row)


@pytest.mark.parametrize(
    ("answers", "cookie"),
    [
        (["granted", "granted"], True),
        (["denied", "granted"], True),
        (["granted", "denied"], False),
        (["granted", "denied", "denied"], False),
        (["granted", "denied", "granted"], True),
    ],
    ids=str,
)
def test_of_the_events_in_one_request_the_last_answer_decides_on_cookies(
    shop: Shop, answers: list[str], cookie: bool
) -> None:
    events = [
        {"event_name": "page_view", "consent": {"analytics_storage": answer}} for answer in answers
    ]
    call = Call("POST", "/collect", {"content-type": "text/plain"}, json.dumps(events).encode())
    assert shop.outcome(call, AMERICA.headers).cookie is cookie


@pytest.mark.parametrize(
    ("integrations", "reaches"),
    [
        ({"All": False}, ""),
        ({"all": "false"}, ""),
        ({"All": False, "hook": True}, "hook"),
        ({"All": True, "Segment.io": True}, "ga4 hook meta"),
        ({"Segment.io": True}, "ga4 hook meta"),
        ({"meta": False}, "ga4 hook"),
        ({}, "ga4 hook meta"),
    ],
    ids=str,
)
def test_a_sender_can_exclude_destinations(
    shop: Shop, integrations: dict[str, object], reaches: str
) -> None:
    chosen = Signal("integrations", Says(), [("integrations", integrations)])
    for sender in (SEGMENT, SEGMENT_BATCH):
        assert shop.outcome_of(Row(sender, AMERICA, (chosen,))).reaches == {*reaches.split()}


CONTEXT = '"context":{'


def preferences(answer: str) -> str:
    return f'{CONTEXT}"consent":{{"categoryPreferences":{CHOICES.replace("ANSWER", answer)}}},'


BY_DEFAULT, BY_UPDATE = "13t3t3t3t5l1", "13r3r3r2r5l1"


@pytest.mark.parametrize("place", [GERMANY, AMERICA, NOWHERE], ids=str)
@pytest.mark.parametrize(
    ("capture", "edit", "says"),
    [
        ("gtag-ga4-consent-granted", ("", ""), Says()),
        ("gtag-ga4-consent-granted", (BY_DEFAULT, BY_UPDATE), Says(grants=FOUR)),
        ("gtag-ga4-consent-denied", ("", ""), Says(page_denies=FOUR, denies=PERSONALISATION)),
        ("gtag-ga4-server_container_url", ("", ""), Says()),
        ("segment-analytics-next", ("", ""), Says()),
        (
            "segment-analytics-next",
            (CONTEXT, preferences("true")),
            Says(grants=FOUR),
        ),
        (
            "segment-analytics-next",
            (CONTEXT, preferences("false")),
            Says(denies=ADS | ANALYTICS),
        ),
        ("rudderstack-js-xhr", ("", ""), Says()),
        ("rudderstack-js-batch", ("", ""), Says()),
        (
            "rudderstack-js-batch",
            (CONTEXT, f'{CONTEXT}"consentManagement":{MANAGED},'),
            Says(grants=FOUR),
        ),
        ("snowplow-browser-tracker-post", ("", ""), Says()),
    ],
)
def test_what_real_senders_send_every_day(
    shop: Shop, capture: str, edit: tuple[str, str], says: Says, place: Place
) -> None:
    expected = oracle.outcome(place.denies, [says], sets_cookies=True)
    for call in recorded(capture, *edit):
        assert shop.outcome(call, place.headers) == expected, call.url
