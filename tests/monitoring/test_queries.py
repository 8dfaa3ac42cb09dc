"""Alert rules and queries in the documentation fit `/metrics`, and each alert is explained."""

from __future__ import annotations

import re
from datetime import date

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.configuration.load import parse_settings
from gateway.monitoring.api_versions import VersionEnd
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.metrics import limits_of, render
from gateway.monitoring.numbers import DestinationNumbers, Numbers
from gateway.queue.bounds import Bound, MemoryUsage
from gateway.spool.appender import SpoolNumbers
from gateway.web.openapi_answers import ANSWERS
from tests.support.documents import DOCS
from tests.support.queries import alert_queries, alert_rules, page_queries

CONFIG = """
sources: {site: {type: collect}}
destinations: {ads: {type: webhook, url: "https://ads.example/"}}
"""
COUNTED = {
    "received:site": 1,
    "refused:site:busy": 1,
    "consent_defaults:default": 1,
    "consent_conflicts:tcf:event": 1,
    "consent_unknown_places:site:no_address": 1,
    "consent_unreadable:empty cookie CookieConsent": 1,
    "consent_unknown_keys:site": 1,
}
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""A metric that Prometheus adds itself, with its labels."""

SELECTOR = re.compile(r"\b(gateway_\w+|up)\b(?:\{([^}]*)\})?")
GROUPS = re.compile(r"\b(?:by|on|group_left) \(([^)]*)\)")


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """The names of each metric's labels."""
    settings = parse_settings(CONFIG, "example", {}, lambda name: "")
    numbers = Numbers(
        COUNTED,
        {
            "ads": DestinationNumbers(
                {"attempts:delivered": 1}, 1, 1, 1.0, 1.0, 1, 1, {("when", "not met"): 1}
            )
        },
        MemoryUsage(1, 2),
    )
    text = render(
        numbers,
        list(settings.sources),
        limits_of(settings),
        [Bound("pending_events", "ads", 1, 2)],
        spool=SpoolNumbers(1, 1, 1),
        configuration=ConfigurationState("1", 1.0),
        version_ends={"ads": VersionEnd("api_version", "v1.0", "v2.0", date(2027, 2, 23))},
    ).decode()
    found: dict[str, set[str]] = dict(OF_PROMETHEUS)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("query", [*alert_queries(), *page_queries()])
def test_a_query_asks_for_metrics_and_labels_that_exist(
    query: str, labels: dict[str, set[str]]
) -> None:
    selectors = SELECTOR.findall(query)
    assert selectors
    known: set[str] = set()
    for name, selector in selectors:
        assert name in labels
        assert set(re.findall(r"(\w+)\s*(?:=~|!=|=)", selector)) <= labels[name], name
        known |= labels[name]
    for group in GROUPS.findall(query):
        assert set(re.findall(r"\w+", group)) <= known, group


def test_a_summary_uses_labels_that_its_query_keeps(labels: dict[str, set[str]]) -> None:
    for rule in alert_rules():
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        kept = {word for group in GROUPS.findall(rule["expr"]) for word in group.split(", ")}
        assert used <= (kept or labels[SELECTOR.findall(rule["expr"])[0][0]]), rule["alert"]


def test_the_page_explains_every_alert() -> None:
    explained = re.findall(r"^\| `(Gateway\w+)` \|", (DOCS / "alerts.md").read_text(), re.M)
    assert explained == [rule["alert"] for rule in alert_rules()]


def test_an_alert_pages_or_opens_a_ticket() -> None:
    assert {rule["labels"]["severity"] for rule in alert_rules()} == {"page", "ticket"}


def test_every_reason_for_a_503_alerts() -> None:
    (rule,) = (rule for rule in alert_rules() if rule["alert"] == "GatewayRefusesEvents")
    (reasons,) = re.findall(r'reason=~"([^"]*)"', rule["expr"])
    assert set(reasons.split("|")) == set(ANSWERS["503"].reasons)
