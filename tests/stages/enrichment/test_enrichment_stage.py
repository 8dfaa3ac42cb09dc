"""The stage: its order, what it loads, and the laws that every enrichment keeps."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Event, EventError, Received, read_event
from gateway.event.model import complete
from gateway.stages.enrichment import BY_DEFAULT, ENRICHMENTS, NAMES, Tables, compile_enrichment
from tests.support.enrichments import adding

ROOT = Path(__file__).parents[3]
LOADED = [adding(ENRICHMENTS[name](None, Tables())) for name in BY_DEFAULT]
EVERYTHING = compile_enrichment(BY_DEFAULT)


def test_the_names_in_their_order() -> None:
    assert ", ".join(NAMES) == (
        "bot, page, campaign, click_ids, referrer, channel_group, language, user_agent, geo, "
        "items, currency"
    )
    assert set(NAMES) - set(BY_DEFAULT) == {"currency"}


def test_the_order_in_the_configuration_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def recorder(name: str) -> Any:
        def enrichment(event: Event, _: Received) -> Event:
            ran.append(name)
            return event

        return enrichment

    for name in NAMES:
        monkeypatch.setitem(ENRICHMENTS, name, lambda _settings, _tables, name=name: recorder(name))
    compile_enrichment(["geo", "page", "bot", "page"])({}, Received("site", 0.0))
    assert ran == ["bot", "page", "geo"]


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown enrichment 'weather': choose from bot, page"):
        compile_enrichment(["page", "weather"])


def test_nothing_configured_changes_nothing() -> None:
    event = {"event_name": "x", "page_location": "https://shop.example/"}
    found, line = compile_enrichment([])(event, Received("site", 0.0))
    assert found is event
    assert line == ""


def test_the_line_names_those_that_found_something() -> None:
    enrich = compile_enrichment(["page", "campaign", "click_ids", "items"])
    event = {"event_name": "x", "page_location": "https://shop.example/?gclid=1"}
    found, line = enrich(event, Received("site", 0.0))
    assert line == "page, click_ids"
    assert enrich(found, Received("site", 0.0)) == (found, "")


def test_the_whole_stage() -> None:
    received = Received(
        "site",
        1_795_000_000.0,
        client_ip="85.214.132.117",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        headers={"sec-ch-ua-platform": '"Linux"', "accept-language": "de-DE,de;q=0.9"},
    )
    event = complete(
        read_event(
            {
                "event_name": "page_view",
                "event_id": "1",
                "page_location": "https://shop.example/a?utm_source=news&gclid=AbC",
                "page_referrer": "https://mail.google.com/",
                "items": [{"price": 4, "quantity": 2}],
            }
        ),
        received,
    )
    enriched, line = EVERYTHING(event, received)
    assert line == ", ".join(BY_DEFAULT)
    assert {name: value for name, value in enriched.items() if name not in event} == {
        "bot": {"is_bot": False, "score": 0},
        "page_hostname": "shop.example",
        "page_path": "/a",
        "campaign": {"source": "news"},
        "click_ids": {"gclid": "AbC"},
        "referrer": {"hostname": "mail.google.com", "source": "gmail", "type": "email"},
        "channel_group": "Unassigned",
        "language": "de-de",
        "client_hints": {"platform": "Linux"},
        "device": {
            "browser": "Firefox",
            "browser_version": "140.0",
            "operating_system": "Linux",
            "category": "desktop",
        },
        "event_location": {"country": "DE"},
        "items_quantity": 2,
        "items_value": 8,
        "value": 8,
    }


HEAVY = ("ua_parser", "crawleruseragents", "re2", "iptocc", "tldextract", "maxminddb", "redis")


@pytest.mark.parametrize(
    ("names", "loaded"),
    [
        ([], []),
        (["page", "campaign", "click_ids", "channel_group", "language", "items"], []),
        (["geo"], ["iptocc"]),
        (["bot"], ["re2"]),  # the list of crawlers is read without its package
        (["user_agent"], ["ua_parser"]),
    ],
)
def test_only_what_is_configured_is_loaded(names: list[str], loaded: list[str]) -> None:
    program = (
        "import sys\n"
        "from gateway.stages.enrichment import compile_enrichment\n"
        f"assert not set({HEAVY!r}) & set(sys.modules)\n"
        f"compile_enrichment({names!r})\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(loaded) <= set(done.stdout.split())
    if "user_agent" not in names:  # ua-parser imports re2 if it is installed
        assert set(loaded) == set(done.stdout.split())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
URLS = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"https?://[^\s]{0,12}(/[^\s]{0,6})?\?(utm_source|GCLID|pk_kwd)=.{0,8}"),
    st.sampled_from(["https://shop.example/a?utm_source=x&gclid=Y&fbclid=%F0", "http://[", "//a"]),
)
AGENTS = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "curl/8",
        "Mozilla/5.0 (Linux; Android 10; K) Chrome/156.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/156.0.0.0 Safari/537.36",
    ]
)
ADDRESSES = st.sampled_from(["8.8.8.8", "::ffff:8.8.8.8", "10.0.0.1", "", "%"]) | st.text(
    max_size=9
)
HINTS = st.dictionaries(
    st.sampled_from(["model", "platform_version", "brands", "x"]), ANYTHING, max_size=3
)
RAW = st.fixed_dictionaries(
    {"event_name": st.just("page_view")},
    optional={
        "page_location": URLS,
        "page_hostname": st.text(max_size=5),
        "page_referrer": URLS | st.sampled_from(["https://t.co/", "https://shop.example/b"]),
        "referrer": ANYTHING | st.dictionaries(st.sampled_from(["source", "type"]), ANYTHING),
        "channel_group": ANYTHING,
        "language": st.text(max_size=5),
        "items": st.lists(
            st.dictionaries(
                st.sampled_from(["price", "quantity"]), st.integers(0, 2**53) | st.floats(0, 1e300)
            ),
            max_size=3,
        ),
        "items_value": ANYTHING,
        "page_path": st.text(max_size=5),
        "user_agent": AGENTS,
        "ip_override": ADDRESSES,
        "campaign": ANYTHING | st.dictionaries(st.sampled_from(["source", "id"]), ANYTHING),
        "device": ANYTHING | st.dictionaries(st.sampled_from(["browser", "model"]), ANYTHING),
        "bot": ANYTHING | st.fixed_dictionaries({"is_bot": ANYTHING}),
        "client_hints": HINTS,
        "click_ids": st.dictionaries(st.sampled_from(["gclid", "fbclid"]), st.text(max_size=5)),
        "event_location": st.dictionaries(
            st.sampled_from(["country", "city"]), st.text(max_size=5)
        ),
    },
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "sec-ch-ua",
            "sec-ch-ua-mobile",
            "sec-ch-ua-model",
            "sec-ch-ua-platform-version",
            "sec-purpose",
            "accept-language",
        ]
    ),
    st.text(max_size=12) | st.sampled_from(['"Chromium";v="156"', "?1", '"15.0.0"', "prefetch"]),
)


@given(raw=RAW, headers=HEADERS, agent=AGENTS, address=ADDRESSES, trusted=st.booleans())
def test_laws(raw: Any, headers: dict[str, str], agent: str, address: str, trusted: bool) -> None:
    """No enrichment raises, overrides a value, changes its own result or modifies its input."""
    received = Received("site", 0.0, address, agent, headers, trusted)
    try:
        event = complete(read_event(raw), received)
    except EventError:
        return
    for enrichment in (*LOADED, lambda event, received: EVERYTHING(event, received)[0]):
        before = copy.deepcopy(event)
        enriched = enrichment(event, received)
        assert event == before
        assert _says(enriched, before)
        assert enrichment(enriched, received) is enriched
        assert (enriched is event) == (enriched == event)


def _says(enriched: Any, said: Any) -> bool:
    """Whether `enriched` has everything in `said`, except empty values."""
    if isinstance(said, dict) and isinstance(enriched, dict):
        return all(
            _says(enriched.get(name), value)
            for name, value in said.items()
            if value not in (None, "", {})
        )
    return bool(enriched == said)
