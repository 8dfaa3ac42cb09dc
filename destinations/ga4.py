"""GA4: the Measurement Protocol.

Sources: developers.google.com/analytics/devguides/collection/protocol/ga4 (reference, reference/
events, sending-events) and .../collection/ga4/uid-data.

The protocol answers 2xx to whatever it receives, a wrong secret included, so nothing here can
tell that an event was kept; what is known to be lost is refused before it is sent. It knows no
event ids either: a repeated event counts twice, unless it is a purchase with a transaction_id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal, Self
from urllib.parse import quote

from pydantic import Field, HttpUrl, model_validator

from destinations import normalise
from destinations.base import (
    Destination,
    DestinationSettings,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
    by_status,
)
from destinations.common import (
    BaseUrl,
    Credential,
    PhoneRegion,
    event_time,
    event_value,
    to_json,
    vendor_words,
)
from destinations.ga4_rules import (
    item_params,
    most_important,
    problem_of_name,
    scalar_params,
    user_properties,
)
from destinations.normalise import hashing
from destinations.places import country_code

MAX_BODY = 130_000
"""A body has fewer bytes than this."""

_NOT_PARAMS = frozenset(
    {
        "event_name",
        "timestamp",
        "client_id",
        "app_instance_id",
        "user_id",
        "user_data",
        "user_properties",
        "consent",
        "ip_override",
        "event_location",
        "user_agent",
        "client_hints",
        "channel_group",
        "click_ids",
        "fbp",
        "fbc",
        "page_encoding",
        "page_hostname",
        "page_path",
        "viewport_size",
        "debug_mode",
        "engagement_time_msec",
        "value",
        "value_converted",
        "currency_converted",
        "items",
        "items_value",
        "items_quantity",
        "firebase_conversion",
    }
)
"""Fields with a place of their own, fields of other vendors, and what GA4 finds out by itself."""

_DEVICE = (
    "category",
    "language",
    "screen_resolution",
    "operating_system",
    "operating_system_version",
    "model",
    "brand",
    "browser",
    "browser_version",
)
_CONSENT_TYPES = ("ad_user_data", "ad_personalization")
_emails = hashing("email_address", normalise.email_without_gmail_dots)
_OF_ADDRESS = {
    "sha256_first_name": hashing("first_name", normalise.words_of_letters),
    "sha256_last_name": hashing("last_name", normalise.words_of_letters),
    "sha256_street": hashing("street", normalise.street),
}
_MAX_EMAILS, _MAX_PHONES, _MAX_ADDRESSES = 3, 3, 2
_EVENTS = b',"events":['

_RECEIVED = Outcome("delivered", "received; GA4 does not tell whether it kept the event")


class GA4Settings(DestinationSettings):
    type: Literal["ga4"] = Field(default="ga4", description="GA4 Measurement Protocol.")
    measurement_id: str | None = Field(
        default=None, pattern=r"^G-[A-Z0-9]+$", description="Of a web stream."
    )
    firebase_app_id: str | None = Field(
        default=None, pattern=r"^[0-9a-z]+(:[0-9a-z]+)+$", description="Of an app stream."
    )
    api_secret: Credential = Field(
        description="From Admin, Data streams, Measurement Protocol API secrets."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://www.google-analytics.com"),
        description="Where Google Analytics is; https://region1.google-analytics.com in the EU.",
    )
    debug_mode: bool = Field(
        default=False, description="Shows the events in DebugView. They still count."
    )
    phone_region: PhoneRegion | None = Field(
        default=None,
        description="Country (ISO 3166-1 alpha-2) of phone numbers without a country code.",
    )

    @model_validator(mode="after")
    def _one_stream(self) -> Self:
        if (self.measurement_id is None) == (self.firebase_app_id is None):
            raise ValueError("needs measurement_id or firebase_app_id, and not both")
        return self


@dataclass(slots=True)
class _Group:
    """Events of one client that can share a request: what it says of the client is the same."""

    client: bytes
    size: int
    events: dict[int, bytes] = field(default_factory=dict)

    def add(self, position: int, event: bytes) -> None:
        self.events[position] = event
        self.size += len(event) + 1

    def takes(self, client: bytes, event: bytes, most: int) -> bool:
        return (
            client == self.client
            and len(self.events) < most
            and self.size + len(event) + 1 < MAX_BODY
        )


class GA4(Destination[GA4Settings]):
    """Up to 25 events of one client a request, in the order in which they came.

    An anonymous event goes to a web stream as one of a browser that nobody has seen before or
    since, with its consent denied. GA4 therefore counts a user for each; the parameter
    ``anonymised`` tells them apart in reports. An app stream takes none: GA4 knows its app
    instances.
    """

    type = "ga4"
    limits = Limits(max_events=25, max_age=timedelta(hours=72))
    consent = ("analytics_storage",)
    anonymous = True
    Settings = GA4Settings

    def __init__(self, settings: GA4Settings) -> None:
        super().__init__(settings)
        base = str(settings.base_url).rstrip("/")
        stream = (
            f"measurement_id={settings.measurement_id}"
            if settings.measurement_id
            # Google does not decode the colons of an app id.
            else f"firebase_app_id={settings.firebase_app_id}"
        )
        secret = quote(settings.api_secret.get_secret_value(), safe="")
        self._url = f"{base}/mp/collect?{stream}&api_secret={secret}"
        self._headers = {"content-type": "application/json"}
        self._is_app = settings.firebase_app_id is not None
        self._phones = hashing("phone_number", normalise.phone(settings.phone_region))

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        groups: list[_Group] = []
        latest: dict[str, _Group] = {}
        for position, event in enumerate(events):
            client_id = self._client_id(event)
            if problem := self._problem(event, client_id):
                yield Unsendable(position, problem)
                continue
            client = to_json(self._client(event, client_id))
            body = to_json(self._translate(event, now))
            if client is None or body is None:
                yield Unsendable(position, "the event cannot be written as JSON")
                continue
            group = latest.get(client_id)
            if group is None or not group.takes(client, body, self.limits.max_events):
                group = _Group(client, len(client) + len(_EVENTS))
                if not group.takes(client, body, self.limits.max_events):
                    yield Unsendable(position, f"the body would have {MAX_BODY} bytes or more")
                    continue
                latest[client_id] = group
                groups.append(group)
            group.add(position, body)
        yield from map(self._request, groups)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        if 200 <= response.status < 300:
            return [_RECEIVED] * len(request.events)
        return by_status(request, response, vendor_words(response.body))

    @classmethod
    def takes_anonymous(cls, settings: GA4Settings) -> bool:
        return settings.measurement_id is not None

    def recognises(self, event: Event, age: float) -> bool:
        """GA4 knows no event ids; only a purchase it counts once, by its transaction."""
        return event["event_name"] == "purchase" and bool(event.get("transaction_id"))

    def _problem(self, event: Event, client_id: str) -> str:
        """Why GA4 would lose the event without a word; "" when it would not."""
        if problem := problem_of_name(event["event_name"], self._is_app):
            return problem
        if not client_id:
            if self._is_app:
                return "app_instance_id is missing: GA4 takes events of known app instances only"
            return "client_id is missing: GA4 takes events of known browsers only"
        return ""

    def _client_id(self, event: Event) -> str:
        if self._is_app and isinstance(instance := event.get("app_instance_id"), str) and instance:
            return instance
        client_id: str = event.get("client_id", "")
        if not client_id and not self._is_app and _is_anonymous(event):
            return _one_off_client(event)
        return client_id

    def _client(self, event: Event, client_id: str) -> dict[str, Any]:
        """What a request says once, of the client and the person: all but the events."""
        client: dict[str, Any] = {"app_instance_id" if self._is_app else "client_id": client_id}
        if user_id := event.get("user_id"):
            client["user_id"] = user_id
        if properties := user_properties(event.get("user_properties", {})):
            client["user_properties"] = properties
        consent = _consent(event)
        if consent.get("ad_user_data") != "DENIED" and (
            user_data := self._user_data(event.get("user_data", {}))
        ):
            client["user_data"] = user_data
        if consent:
            client["consent"] = consent
        return client | _place(event) | self._device(event)

    def _device(self, event: Event) -> dict[str, Any]:
        """The user agent, or for want of one what else is known of the device.

        GA4 takes a device over a user agent, but only from the agent does it get its own names of
        browsers and systems; those of other parsers ("Mobile Safari") would split the reports.
        """
        if not self._is_app and (user_agent := event.get("user_agent")):
            return {"user_agent": user_agent}
        device = {name: event.get(name) for name in ("language", "screen_resolution")}
        if isinstance(given := event.get("device"), dict):
            device |= given
        known = {
            name: text for name in _DEVICE if isinstance(text := device.get(name), str) and text
        }
        return {"device": known} if known else {}

    def _user_data(self, person: Mapping[str, Any]) -> dict[str, Any]:
        if not person:
            return {}
        addresses = [_address(given) for given in normalise.addresses(person)]
        data = {
            "sha256_email_address": _emails([person])[:_MAX_EMAILS],
            "sha256_phone_number": self._phones([person])[:_MAX_PHONES],
            "address": [address for address in addresses if address][:_MAX_ADDRESSES],
        }
        return {name: values for name, values in data.items() if values}

    def _translate(self, event: Event, now: float) -> dict[str, Any]:
        return {
            "name": event["event_name"],
            "params": self._params(event),
            "timestamp_micros": round(event_time(event, now) * 1_000_000),
        }

    def _params(self, event: Event) -> dict[str, Any]:
        params: dict[str, Any] = {"engagement_time_msec": int(event.get("engagement_time_msec", 1))}
        if session_id := event.get("ga_session_id"):
            params["session_id"] = session_id
        if self.settings.debug_mode or event.get("debug_mode") in (True, "true", "1"):
            params["debug_mode"] = True  # False would switch it on as well.
        if (value := event_value(event)) is not None:
            params["value"] = value
        if items := item_params(event.get("items", ())):
            params["items"] = items
        return most_important(scalar_params(event, _NOT_PARAMS) | params)

    def _request(self, group: _Group) -> Request:
        body = b"%b%b%b]}" % (group.client[:-1], _EVENTS, b",".join(group.events.values()))
        return Request("POST", self._url, self._headers, body, tuple(group.events))


def _is_anonymous(event: Event) -> bool:
    return event.get("anonymised") is True


def _consent(event: Event) -> dict[str, str]:
    """What Google may do with the event: for advertising nothing, if it is anonymous."""
    if _is_anonymous(event):
        return dict.fromkeys(_CONSENT_TYPES, "DENIED")
    given = event.get("consent", {})
    return {name: given[name].upper() for name in _CONSENT_TYPES if name in given}


def _one_off_client(event: Event) -> str:
    """A browser for this event alone, in the form of a `client_id`; the same at every attempt."""
    digest = sha256(event.get("event_id", "").encode("utf-8", "surrogatepass")).digest()
    return f"{int.from_bytes(digest[:4])}.{int.from_bytes(digest[4:8])}"


def _address(given: Mapping[str, Any]) -> dict[str, str]:
    address = {
        key: digests[0] for key, hashed in _OF_ADDRESS.items() if (digests := hashed([given]))
    }
    for place in ("city", "region"):
        if text := normalise.words_of_letters(given.get(place, "")):
            address[place] = text
    if postal_code := given.get("postal_code", "").strip():
        address["postal_code"] = postal_code
    if country := country_code(given.get("country", "")):
        address["country"] = country
    return address


def _place(event: Event) -> dict[str, Any]:
    """Where the client is: by what the event says of it, else by its address.

    GA4 takes a location over an address, but finds the city of an address by itself, so a country
    alone is not worth it. It wants ISO 3166 codes, the country in front of the region (US-CA).
    """
    location, ip_override = event.get("event_location", {}), event.get("ip_override")
    country, region = country_code(location.get("country", "")), location.get("region", "")
    city = location.get("city")
    if ip_override and not (country and (region or city)):
        return {"ip_override": ip_override}
    place: dict[str, str] = {}
    if country:
        place["country_id"] = country
        if region:
            place["region_id"] = region if "-" in region else f"{country}-{region}"
        if isinstance(city, str) and city:
            place["city"] = city
    return {"user_location": place} if place else {}
