"""The signs of the protocols that clients in this field speak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Names = frozenset[str]


class Protocol(NamedTuple):
    """The signs of one protocol.

    title: for people. paths: of its clients, in addition to those that the kind of source of this
    name declares; ``*`` stands for one segment. query, body: sets of names of parameters, or of the
    members of a JSON object; all names of one set together are a sign.
    """

    title: str
    paths: Sequence[str] = ()
    query: Sequence[Names] = ()
    body: Sequence[Names] = ()


def _all(*names: str) -> Names:
    return frozenset(names)


PROTOCOLS: dict[str, Protocol] = {
    "ga4": Protocol("a hit of Google's gtag.js", query=[_all("v", "tid", "cid")]),
    "measurement_protocol": Protocol(
        "GA4's Measurement Protocol",
        ["/mp/collect", "/debug/mp/collect"],
        [_all("api_secret", "measurement_id"), _all("api_secret", "firebase_app_id")],
        [_all("client_id", "events"), _all("app_instance_id", "events")],
    ),
    "segment": Protocol(
        "Segment's tracking API (RudderStack's SDKs, too)",
        ["/v1/projects/*/settings", "/analytics.js/v1/*/analytics.min.js", "/sourceConfig"],
        [_all("writeKey")],
        [_all("writeKey"), _all("messageId", "type"), _all("batch", "sentAt")],
    ),
    "snowplow": Protocol(
        "Snowplow's tracker protocol",
        query=[_all("e", "tv", "p")],
        body=[_all("schema", "data")],
    ),
    "matomo": Protocol(
        "Matomo's tracking API",
        ["/matomo.php", "/piwik.php"],
        [_all("idsite", "rec")],
        [_all("requests")],
    ),
    "plausible": Protocol(
        "Plausible's events API",
        ["/api/event"],
        body=[_all("n", "u", "d"), _all("name", "url", "domain")],
    ),
    "umami": Protocol("Umami's API", ["/api/send"], body=[_all("type", "payload")]),
    "posthog": Protocol(
        "PostHog's capture API",
        ["/e", "/i/v0/e", "/capture", "/batch"],
        body=[_all("api_key", "batch"), _all("api_key", "event"), _all("token", "event")],
    ),
    "jitsu": Protocol("Jitsu's API", ["/api/s/*"]),
    "stape_data": Protocol(
        "Stape's Data Tag", query=[_all("dtcd"), _all("dtdc")], body=[_all("data_tag")]
    ),
    "collect": Protocol(
        "the gateway's own snippet or JSON",
        ["/gateway.js", "/gateway-token.js"],
        body=[_all("event_name")],
    ),
    "pixel": Protocol("a pixel", query=[_all("event_name")]),
}
"""Protocols by the kind of source that reads them. The first one with a sign in the request counts.

Sources: the documentation that the module of each kind names; for others their clients' own
requests: matomo.org (Tracking HTTP API), plausible.io (Events API), umami.is (Sending stats),
posthog.com (Capture API), docs.jitsu.com (HTTP API).
"""


def title_of(kind: str) -> str:
    """The usual name of the protocol of a kind of source."""
    known = PROTOCOLS.get(kind)
    return known.title if known else f"the protocol of `{kind}`"
