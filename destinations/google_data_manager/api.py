"""Requests of the Data Manager API, for conversions and for events of Google Analytics.

Source: developers.google.com/data-manager/api (reference/rest/v1/events/ingest,
requestStatus/retrieve; limits).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from destinations.base import Event, Request
from destinations.batches import Batch
from destinations.json_values import to_json
from destinations.paths import as_text

MAX_EVENTS = 2000
MAX_DESTINATIONS = 10
MAX_IDENTIFIERS = 10
"""Identifiers of the person in an event."""

REQUESTS_PER_DAY = 100_000
"""The limit of a Google Cloud project."""

LINGER = timedelta(seconds=2)
"""A project may send 300 requests a minute. Ten busy destinations stay within that, at one request
every 2 seconds each."""

POLL_EVERY = timedelta(seconds=2)
"""A project may poll 50,000 times a day and 300 times a minute."""

_STATES = {"granted": "CONSENT_GRANTED", "denied": "CONSENT_DENIED"}
_CONSENT = {"adUserData": "ad_user_data", "adPersonalization": "ad_personalization"}
_CUSTOMERS = frozenset({"NEW", "RETURNING", "REENGAGED"})


class Api:
    """The API at `base_url`, used with the access token of `credential`.

    quota_project: ID of the Google Cloud project whose quota is used; None for that of the
    credential. validate_only: whether Google only checks the events and counts none.

    quota: identifies what the limits of requests belong to.
    """

    def __init__(
        self, base_url: str, credential: str, quota_project: str | None, validate_only: bool
    ) -> None:
        base = base_url.rstrip("/")
        self._url = f"{base}/v1/events:ingest"
        self._status_url = f"{base}/v1/requestStatus:retrieve?requestId="
        self._credential = credential
        self._project = {"x-goog-user-project": quota_project} if quota_project else {}
        self._headers = {"content-type": "application/json", **self._project}
        self._validate_only = validate_only
        self.quota = f"data_manager:{quota_project or credential}"

    def ingest(self, batch: Batch, destinations: Sequence[Mapping[str, Any]]) -> Request:
        """The request that carries `batch` to `destinations`, one of which each event may name."""
        whole: dict[str, Any] = {"destinations": destinations, "encoding": "HEX"}
        if self._validate_only:
            whole["validateOnly"] = True
        body = b'%b,"events":[%b]}' % ((to_json(whole) or b"")[:-1], b",".join(batch.values()))
        return Request(
            *("POST", self._url, self._headers, body, tuple(batch)),
            test=self._validate_only,
            credential=self._credential,
        )

    def status(self, request_id: str) -> Request:
        """The poll for the verdicts on the events of a request."""
        url = self._status_url + quote(request_id, safe="")
        return Request("GET", url, self._project, b"", (), credential=self._credential)


def consent(states: Mapping[str, str]) -> dict[str, str]:
    """``consent`` of an event. states: ``granted`` or ``denied``, by consent type."""
    return {
        key: _STATES[state]
        for key, kind in _CONSENT.items()
        if (state := states.get(kind)) in _STATES
    }


def customer_type(event: Event) -> str:
    """``customerType`` of `event`; "" if it has none of Google's values."""
    kind = (as_text(event.get("customer_type")) or "").strip().upper()
    return kind if kind in _CUSTOMERS else ""
