"""With all built-in sources below one prefix, each recording is claimed by its source alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.configuration.kinds import source_types
from gateway.sources.claims import PathTable, claims_of
from tests.sources.conftest import CAPTURES, Requests
from tests.sources.test_every_source import SUITES

PREFIX = "/metrics/shop"
CLAIMED: dict[str, str | None] = {
    "browser-transports": None,  # paths of no protocol
    "gtag-ga4-consent-denied": "ga4",
    "gtag-ga4-consent-granted": "ga4",
    "gtag-ga4-server_container_url": "ga4",
    "gtag-ga4-transport_url-userdata": "ga4",
    "jitsu-node": "jitsu",
    "matomo-tracker-node": "matomo",
    "plausible-tracker": "plausible",
    "posthog-js": "posthog",
    "posthog-js-cookieless": "posthog",
    "posthog-node": "posthog",
    "posthog-python": "posthog",
    "rudderstack-js-batch": "segment",
    "rudderstack-js-xhr": "segment",
    "segment-analytics-next": "segment",
    "segment-analytics-next-jsdom": "segment",
    "segment-analytics-node": "segment",
    "segment-analytics-python": "segment",
    "snowplow-browser-tracker-post": "snowplow",
    "snowplow-python-tracker": "snowplow",
    "umami-node": "umami",
}
"""The type of source for each recording; a type that is not installed claims nothing."""

SOURCES = {
    suite.source.type: type(suite.source)(
        suite.source.settings.model_copy(update={"prefix": "any"})
    )
    for suite in SUITES
}
CLAIMS = [claim for name, source in SOURCES.items() for claim in claims_of(name, source)]
TABLE = PathTable((claim, claim) for claim in CLAIMS)


def test_every_built_in_source_is_there_and_every_recording() -> None:
    assert SOURCES.keys() == source_types().keys()
    assert CLAIMED.keys() == {path.stem for path in Path(CAPTURES).glob("*.json")}


def test_no_two_sources_claim_a_path() -> None:
    tails = [claim.path.removesuffix("/") for claim in CLAIMS]
    owners = {(tail, claim.source) for tail, claim in zip(tails, CLAIMS, strict=True)}
    assert len(owners) == len({tail for tail, _ in owners})


@pytest.mark.parametrize("prefix", ["", PREFIX])
@pytest.mark.parametrize("name", CLAIMED)
def test_a_recording_is_claimed_by_its_source_alone(
    capture: Requests, name: str, prefix: str
) -> None:
    expected = CLAIMED[name] if CLAIMED[name] in SOURCES else None
    requests = [each for each in capture(name, gets=True) if each.method != "OPTIONS"]
    assert requests
    for request in requests:
        found = TABLE.find(prefix + request.path)
        assert (found and found.target.source) == expected, request.path
        if found is None:
            continue
        assert found.prefix == prefix
        source = SOURCES[found.target.source]
        asks = found.target.role == "question"
        assert request.method in (("GET",) if asks else source.methods)
