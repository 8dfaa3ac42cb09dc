"""The transport `gtag`: hits as Google's own tag sends them, one event per request.

GA4 adds them to the visitor's session, as it does with hits of the page. They have no time, and GA4
does not recognise repetitions.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from destinations.base import Event, Request, Unsendable
from destinations.ga4.hit import PLACED, event_parameters, shared_parameters
from destinations.ga4.identity import client_id_of, is_anonymous, is_debugged
from destinations.ga4.names import RESERVED_IN_HITS, name_of, problem_of_name
from destinations.ga4.params import params_of
from destinations.ga4.problems import problem_of_order, remark_on_purchase
from destinations.ga4.rules import most_important, user_properties
from destinations.ga4.settings import GA4Settings
from destinations.json_values import NOT_JSON
from destinations.mapping import Mapper

PATH = "/g/collect"
MAX_BODY = 130_000
"""A body must have fewer bytes, as in the Measurement Protocol. No limit is documented."""

MAX_QUERY = 16_384
"""Characters of the URL's query. A query of 64 KB cannot be sent, and servers accept less."""

_CONTENT_TYPE = "text/plain;charset=UTF-8"


class Gtag:
    """Hits of a web stream.

    An anonymous event is sent as Consent Mode does for a visitor who refused: everything denied, no
    address, no user agent, and a client id for this event alone.
    """

    def __init__(self, settings: GA4Settings, mapper: Mapper) -> None:
        self._settings = settings
        self._mapper = mapper
        self._stream = settings.measurement_id or ""
        self._base = f"{str(settings.base_url).rstrip('/')}{PATH}"

    def problem(self, event: Event) -> str:
        """Why the event cannot be sent as a hit; "" if it can."""
        if not is_anonymous(event) and not _is_granted(event):
            return (
                "analytics_storage is not granted: a hit has the visitor's identifiers; use "
                "`on_denied: anonymise` to send it without them"
            )
        name = name_of(event, self._mapper)
        if problem := problem_of_name(name, RESERVED_IN_HITS) or problem_of_order(event):
            return problem
        return "" if client_id_of(event) else "client_id is missing: a hit requires it"

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        for position, event in enumerate(events):
            if problem := self.problem(event):
                yield Unsendable(position, problem)
            else:
                yield self._request(position, event, now)

    def _request(self, position: int, event: Event, now: float) -> Request | Unsendable:
        client: dict[str, Any] = {
            "user_properties": user_properties(event.get("user_properties", {}))
        }
        test = self._settings.debug_mode or is_debugged(event)
        name = name_of(event, self._mapper)
        params = params_of(event, self._mapper, client, test)
        remark_on_purchase(name, params)
        if "engagement_time_msec" not in event:
            params.pop("engagement_time_msec", None)
        try:
            query = shared_parameters(event, params, self._stream, client_id_of(event), now)
            line = event_parameters(
                event, name, _counted(params), client.get("user_properties", {})
            )
            body = line.encode()
        except UnicodeEncodeError:
            return Unsendable(position, NOT_JSON)
        if len(body) >= MAX_BODY:
            return Unsendable(position, f"the hit would reach the limit of {MAX_BODY} bytes")
        if len(query) > MAX_QUERY:
            return Unsendable(position, f"the hit's URL would exceed {MAX_QUERY} characters")
        url = f"{self._base}?{query}"
        return Request("POST", url, _headers(event), body, (position,), test)


def _counted(params: Mapping[str, Any]) -> dict[str, Any]:
    """`params` within GA4's limit, to which those in `PLACED` do not count."""
    placed = {name: params[name] for name in params if name in PLACED}
    own = {name: params[name] for name in params if name not in PLACED}
    return placed | most_important(own)


def _is_granted(event: Event) -> bool:
    granted: bool = event.get("consent", {}).get("analytics_storage") == "granted"
    return granted


def _headers(event: Event) -> dict[str, str]:
    """The headers, with the visitor's user agent, from which GA4 derives browser and device."""
    agent = "".join(sign for sign in event.get("user_agent", "") if " " <= sign <= "~").strip()
    headers = {"content-type": _CONTENT_TYPE}
    return headers | {"user-agent": agent} if agent else headers
