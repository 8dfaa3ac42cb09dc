"""The SDKs of others that the tests run, and what arrives of the events that send.mjs and send.py
send with them. docs/clients.md is written from this table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HOST = "https://metrics.shop.example"


@dataclass(frozen=True)
class Sdk:
    """name: of the package. source: the type of source that reads its events. change: what its user
    changes, in one line. missing: what the gateway or the SDK leaves out, in words; may be empty.
    events: some fields of each event that arrives; none if tests/browser runs the SDK."""

    name: str
    language: str
    source: str
    change: str
    missing: str
    events: tuple[Mapping[str, Any], ...]

    @property
    def user(self) -> str:
        """What its events have as their user."""
        return f"user of {self.name}"

    @property
    def version(self) -> str:
        """The version that is tested."""
        if self.language == "Python":
            found = re.search(
                rf"^{self.name}==(\S+)$", (HERE / "requirements.in").read_text(), re.M
            )
            assert found, f"{self.name} is not in requirements.in"
            return found[1]
        version: str = json.loads((HERE / "package.json").read_text())["dependencies"][self.name]
        return version


PRODUCT = {"item_id": "TIDE-350", "item_name": "Tidewater mug", "price": 29.9, "quantity": 2}
ORDER = {"event_name": "purchase", "value": 59.8, "currency": "EUR"}
PERSON = {"event_name": "identify", "user_data": {"email_address": "ada@example.com"}}
CUP = {"event_name": "page_view", "page_location": "https://shop.example/cup"}
SIGN_UP = {"event_name": "sign_up", "method": "e-mail", "value": 5}

BACKEND_VISITOR = (
    "the visitor's address and browser, unless your code states them in `context` and the write "
    "key is one of `secret_keys`"
)

SDKS = (
    Sdk(
        "@segment/analytics-next",
        "Browser",
        "segment",
        f"AnalyticsBrowser.load({{ writeKey, cdnURL: '{HOST}' }})",
        "destinations in the browser: the gateway answers that there are none",
        (),
    ),
    Sdk(
        "@rudderstack/analytics-js",
        "Browser",
        "segment",
        f"analytics.load(writeKey, '{HOST}', {{ configUrl: '{HOST}' }})",
        "destinations in the browser: the gateway answers that there are none",
        (),
    ),
    Sdk(
        "@segment/analytics-node",
        "Node.js",
        "segment",
        f"new Analytics({{ writeKey, host: '{HOST}' }})",
        BACKEND_VISITOR,
        (
            PERSON,
            {
                **ORDER,
                "transaction_id": "segment-node",
                "items": [PRODUCT],
                "ip_override": "203.0.113.0",
                "user_agent": "Browser/1",
            },
        ),
    ),
    Sdk(
        "segment-analytics-python",
        "Python",
        "segment",
        f'analytics.host = "{HOST}"',
        BACKEND_VISITOR,
        (PERSON, {**ORDER, "transaction_id": "segment-python", "items": [PRODUCT]}),
    ),
    Sdk(
        "@rudderstack/rudder-sdk-node",
        "Node.js",
        "segment",
        f"new RudderAnalytics(writeKey, {{ dataPlaneUrl: '{HOST}' }})",
        BACKEND_VISITOR,
        (
            {**ORDER, "transaction_id": "rudder-node", "items": [PRODUCT]},
            {**CUP, "page_name": "Cup"},
        ),
    ),
    Sdk(
        "rudder-sdk-python",
        "Python",
        "segment",
        f'analytics.dataPlaneUrl = "{HOST}"',
        BACKEND_VISITOR,
        (
            {**ORDER, "transaction_id": "rudder-python", "items": [PRODUCT]},
            {**CUP, "page_name": "Cup"},
        ),
    ),
    Sdk(
        "@snowplow/node-tracker",
        "Node.js",
        "snowplow",
        f"newTracker({{ namespace, appId }}, {{ endpoint: '{HOST}' }})",
        "consent, unless your code adds fields for it",
        ({**CUP, "page_title": "Cup", "platform": "srv"}, SIGN_UP),
    ),
    Sdk(
        "snowplow-tracker",
        "Python",
        "snowplow",
        'Emitter("metrics.shop.example")',
        "consent, as above. On a server, also call `subject.set_platform('srv')`: the default `pc` "
        "says that the program runs on the visitor's machine, and its address would count as the "
        "visitor's",
        ({**CUP, "page_title": "Cup", "platform": "srv", "ip_override": ""}, SIGN_UP),
    ),
    Sdk(
        "@jitsu/js",
        "Node.js",
        "jitsu",
        f"jitsuAnalytics({{ host: '{HOST}', writeKey }})",
        "the visitor's address and browser. The SDK remembers one visitor and the traits of the "
        "last `identify`: make an instance for each visitor",
        (PERSON, {**ORDER, "transaction_id": "jitsu", "items": [PRODUCT]}),
    ),
    Sdk(
        "posthog-node",
        "Node.js",
        "posthog",
        f"new PostHog(key, {{ host: '{HOST}' }})",
        "feature flags, and the visitor's address and browser, unless your code states `$ip` and "
        "`$raw_user_agent` and the key is one of `secret_keys`",
        (
            PERSON,
            {
                **ORDER,
                "transaction_id": "posthog-node",
                "items": [PRODUCT],
                "ip_override": "203.0.113.0",
            },
        ),
    ),
    Sdk(
        "posthog",
        "Python",
        "posthog",
        f'Posthog(key, host="{HOST}")',
        "as for posthog-node",
        (PERSON, {**ORDER, "transaction_id": "posthog-python", "items": [PRODUCT]}),
    ),
    Sdk(
        "matomo-tracker",
        "Node.js",
        "matomo",
        f"new MatomoTracker(siteId, '{HOST}/matomo.php')",
        "the currency, which Matomo's protocol does not have: set it with a rule. The visitor's "
        "address and browser are those of `cip` and `ua`, if `token_auth` is one of `keys`",
        (
            {**CUP, "page_title": "Cup", "ip_override": "203.0.113.0"},
            {
                "event_name": "purchase",
                "value": 59.8,
                "transaction_id": "matomo",
                "items": [{**PRODUCT, "item_category": "Mugs"}],
            },
        ),
    ),
    Sdk(
        "@umami/node",
        "Node.js",
        "umami",
        f"umami.init({{ websiteId, hostUrl: '{HOST}' }})",
        "consent, and the visitor's address and browser, unless `ip` and `userAgent` are in the "
        "message and the request shows a key, which this SDK cannot do",
        ({**CUP, "page_title": "Cup", "language": "en-GB"}, {**SIGN_UP, "currency": "EUR"}),
    ),
    Sdk(
        "@plausible-analytics/tracker",
        "Browser",
        "plausible",
        f"init({{ domain: 'shop.example', endpoint: '{HOST}/api/event' }})",
        "an id of the visitor: serve the gateway under the site's own host, and its visitor cookie "
        "is one",
        (
            {"event_name": "page_view", "page_path": "/cup"},
            {"event_name": "sign_up", "method": "e-mail", "value": 5, "currency": "EUR"},
        ),
    ),
    Sdk(
        "ga4mp",
        "Python",
        "measurement_protocol",
        f'ga._base_domain = "{HOST}/mp/collect"',
        "nothing that the SDK sends. It has no setting for the host, only this attribute",
        (
            {
                **ORDER,
                "transaction_id": "ga4mp",
                "client_id": "482113.1795219200",
                "user_id": "user of ga4mp",
            },
        ),
    ),
)


def page() -> str:
    """Markdown: a section for each SDK."""
    return "## SDKs of others\n\n" + "\n".join(_section(sdk) for sdk in SDKS)


def _section(sdk: Sdk) -> str:
    language = "python" if sdk.language == "Python" else "js"
    lines = [
        f"### {sdk.name}",
        "",
        f"{sdk.language}, tested with version {sdk.version}. Source: `type: {sdk.source}`.",
        "",
        f"```{language}",
        sdk.change,
        "```",
        "",
    ]
    if sdk.events:
        lines.append(f"- Understood, among others: {'; '.join(_understood(sdk))}.")
    if sdk.missing:
        lines.append(f"- Missing: {sdk.missing}.")
    return "\n".join(lines) + "\n"


def _understood(sdk: Sdk) -> Iterator[str]:
    for event in sdk.events:
        names = [f"`{name}`" for name in event if name != "event_name"]
        yield f"`{event['event_name']}` with {', '.join(names)}"
