"""Meta: the Conversions API.

Sources: developers.facebook.com/docs/marketing-api/conversions-api (parameters/server-event,
parameters/customer-information-parameters, parameters/custom-data, deduplicate-pixel-and-server-
events) and developers.facebook.com/docs/graph-api/guides/error-handling.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, Literal, get_args

import orjson
from pydantic import Field, HttpUrl

from destinations import normalise
from destinations.base import (
    DELIVERED,
    Destination,
    DestinationSettings,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
    by_status,
    retry_after,
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
from destinations.meta_restrictions import restrictions
from destinations.normalise import hashing

NAMES = {
    "page_view": "PageView",
    "view_item": "ViewContent",
    "view_item_list": "ViewContent",
    "search": "Search",
    "view_search_results": "Search",
    "add_to_cart": "AddToCart",
    "add_to_wishlist": "AddToWishlist",
    "begin_checkout": "InitiateCheckout",
    "add_payment_info": "AddPaymentInfo",
    "purchase": "Purchase",
    "generate_lead": "Lead",
    "sign_up": "CompleteRegistration",
    "subscribe": "Subscribe",
    "start_trial": "StartTrial",
    "contact": "Contact",
}
"""Standard names by GA4's; every other name is a custom event."""

STANDARD_NAMES = frozenset(NAMES.values()) | {
    "CustomizeProduct",
    "Donate",
    "FindLocation",
    "Schedule",
    "SubmitApplication",
}

_CUSTOM_TEXTS = {
    "transaction_id": "order_id",
    "search_term": "search_string",
    **{
        name: name
        for name in (
            "currency",
            "content_name",
            "content_category",
            "delivery_category",
            "status",
            # Meta takes keys of one's own too: the parameters of GA4's recommended events.
            "affiliation",
            "coupon",
            "creative_name",
            "creative_slot",
            "item_list_id",
            "item_list_name",
            "lead_source",
            "method",
            "payment_type",
            "promotion_id",
            "promotion_name",
            "shipping_tier",
        )
    },
}
_CUSTOM_NUMBERS = ("net_revenue", "num_items", "predicted_ltv", "shipping", "tax")
_CUSTOM: dict[str, tuple[str, tuple[type, ...]]] = {
    **{name: (key, (str, int, float)) for name, key in _CUSTOM_TEXTS.items()},
    **{name: (name, (int, float)) for name in _CUSTOM_NUMBERS},
}
"""Fields of an event that become ``custom_data``, by type. What is not named here stays here."""

_CONTENT = {
    "item_name": "title",
    "item_brand": "brand",
    "item_category": "category",
    "description": "description",
    "delivery_category": "delivery_category",
}

_EVENT_TEXTS = {
    "event_id": "event_id",
    "page_location": "event_source_url",
    "page_referrer": "referrer_url",
}

_external_id = hashing("user_id", normalise.external_id)
_OF_PERSON = {
    "em": hashing("email_address", normalise.email),
    "ge": hashing("gender", normalise.gender),
    "db": hashing("date_of_birth", normalise.birth_date),
}
"""The phone number is hashed by the settings."""
# Meta's two libraries disagree about spaces and punctuation in names: both forms go.
_NAME_FORMS = (normalise.bare_name, normalise.trimmed_name)
_OF_ADDRESS = {
    "fn": hashing("first_name", *_NAME_FORMS),
    "ln": hashing("last_name", *_NAME_FORMS),
    "ct": hashing("city", normalise.city),
    "st": hashing("region", normalise.state),
    "zp": hashing("postal_code", normalise.postal_code),
    "country": hashing("country", normalise.country),
}

_UNHASHED = (
    "subscription_id",
    "lead_id",
    "fb_login_id",
    "anon_id",
    "madid",
    "page_id",
    "page_scoped_user_id",
    "ctwa_clid",
    "ig_account_id",
    "ig_sid",
    "whatsapp_business_account_id",
)
"""Fields of ``user_data`` that are Meta's own, sent as they are."""

_TOO_THIN = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""Identities that Meta refuses with subcode 2804050, and every part of one."""

_TRANSIENT = frozenset({1, 2, 4, 17, 32, 341, 368, 613, 5000, 21009, *range(80000, 80015)})
_BAD_TOKEN = frozenset({102, 190})
_NO_PERMISSION = frozenset({3, 10, 200, 294})
_INVALID_PARAMETER = 100
_MISSING_OBJECT = 33
_OLD_VERSION = 2635
"""Codes of errors. With subcode 33 or the type GraphMethodException, an invalid parameter is one
of the address or of the app, and not of an event."""

ActionSource = Literal[
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
]


class MetaSettings(DestinationSettings):
    type: Literal["meta"] = Field(default="meta", description="Meta Conversions API.")
    pixel_id: str = Field(pattern=r"^\d+$", description="The pixel, which Meta now calls dataset.")
    access_token: Credential = Field(description="From Events Manager, Settings, Conversions API.")
    app_secret: Credential | None = Field(
        default=None, description="Of the token's app, when it demands an appsecret_proof."
    )
    api_version: str = Field(
        default="v26.0", pattern=r"^v\d+\.\d+$", description="Version of the Graph API."
    )
    base_url: BaseUrl = Field(
        default=HttpUrl("https://graph.facebook.com"), description="Where the Graph API is."
    )
    test_event_code: str | None = Field(
        default=None,
        description="Shows the events under Test Events. They still count: not for production.",
    )
    action_source: ActionSource = Field(
        default="website", description="Where events happened that have no `action_source`."
    )
    custom_events: bool = Field(
        default=True,
        description="Send events that have no standard name at Meta as custom events.",
    )
    phone_region: PhoneRegion | None = Field(
        default=None,
        description="Country (ISO 3166-1 alpha-2) of phone numbers without a country code.",
    )


class Meta(Destination[MetaSettings]):
    """Up to a thousand events a request; one that Meta refuses makes it refuse the request.

    It refuses an event without customer information, so none can be sent anonymously.
    """

    type = "meta"
    limits = Limits(max_events=1000, max_age=timedelta(days=7), dedupe=timedelta(hours=48))
    ip = "full"
    consent = ("ad_storage", "ad_user_data")
    Settings = MetaSettings

    def __init__(self, settings: MetaSettings) -> None:
        super().__init__(settings)
        base = str(settings.base_url).rstrip("/")
        self._url = f"{base}/{settings.api_version}/{settings.pixel_id}/events"
        self._headers = {"content-type": "application/json"}
        self._tail = orjson.dumps(_credentials(settings))[1:]
        phone = normalise.phone_digits(settings.phone_region)
        self._of_person = {**_OF_PERSON, "ph": hashing("phone_number", phone)}

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        batch: dict[int, bytes] = {}
        for position, event in enumerate(events):
            translated = self._translate(event, now)
            body = to_json(translated)
            if problem := self._problem(translated):
                yield Unsendable(position, problem)
            elif body is None:
                yield Unsendable(position, "the event cannot be written as JSON")
            else:
                batch[position] = body
            if len(batch) == self.limits.max_events:
                yield self._request(batch)
                batch = {}
        if batch:
            yield self._request(batch)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        answer = _json_object(response.body)
        error, received, sent = answer.get("error"), answer.get("events_received"), request.events
        if isinstance(error, dict):
            return _outcomes_of_error(request, response, error)
        if 200 <= response.status < 300 and isinstance(received, int):
            if received >= len(sent):
                return [DELIVERED] * len(sent)
            reason = f"Meta received {received} of {len(sent)} events"
            return [Outcome("rejected", reason, "request")] * len(sent)
        reason = f"HTTP {response.status}, not the Graph API's words: {vendor_words(response.body)}"
        if response.status == 413:
            return [Outcome("rejected", reason, "request")] * len(sent)
        return [Outcome("retry", reason, "destination", retry_after(response))] * len(sent)

    def _request(self, batch: Mapping[int, bytes]) -> Request:
        body = b'{"data":[%b],%b' % (b",".join(batch.values()), self._tail)
        return Request("POST", self._url, self._headers, body, tuple(batch))

    def _translate(self, event: Event, now: float) -> dict[str, Any]:
        given: str = event["event_name"]
        name = NAMES.get(given, given)
        seconds = event_time(event, now)
        translated: dict[str, Any] = {
            "event_name": name,
            "event_time": int(seconds),
            "action_source": self._action_source(event),
            "user_data": self._user_data(event, seconds),
        }
        for field, key in _EVENT_TEXTS.items():
            if value := event.get(field):
                translated[key] = value
        if custom_data := _custom_data(event, name):
            translated["custom_data"] = custom_data
        if isinstance(app_data := event.get("app_data"), dict):
            translated["app_data"] = app_data
        return translated | restrictions(event)

    def _action_source(self, event: Event) -> str:
        given = event.get("action_source")
        if isinstance(given, str) and given in get_args(ActionSource):
            return given
        return self.settings.action_source

    def _problem(self, translated: Mapping[str, Any]) -> str:
        """Why Meta would refuse the event, and with it the whole request; "" when it would not."""
        name, custom_data = translated["event_name"], translated.get("custom_data", {})
        if not self.settings.custom_events and name not in STANDARD_NAMES:
            return "event_name is not a standard event of Meta's, and custom_events is off"
        if name == "Purchase":
            if missing := [key for key in ("value", "currency") if key not in custom_data]:
                return f"{' and '.join(missing)} missing: Meta refuses such a purchase"
            if custom_data["value"] < 0:
                return "value is negative: Meta has no refunds"
        if translated["action_source"] == "app" and "app_data" not in translated:
            return "app_data is missing: Meta requires it when action_source is app"
        if any(translated["user_data"].keys() <= thin for thin in _TOO_THIN):
            return (
                "too little to recognise anybody by: Meta needs an e-mail address, a phone "
                "number, user_id, fbp, fbc, an IP address or a full name"
            )
        return ""

    def _user_data(self, event: Event, seconds: float) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if person := event.get("user_data"):
            self._add_person(data, person)
        if external_id := _external_id([event]):
            data["external_id"] = external_id
        if _is_ip_address(address := event.get("ip_override", "")):
            data["client_ip_address"] = address
        if user_agent := event.get("user_agent"):
            data["client_user_agent"] = user_agent
        if fbp := event.get("fbp"):
            data["fbp"] = fbp
        if fbc := event.get("fbc"):
            data["fbc"] = fbc
        elif fbclid := event.get("click_ids", {}).get("fbclid"):
            # 1: set by a server. The time is that of the click as far as the event tells it.
            data["fbc"] = f"fb.1.{round(seconds * 1000)}.{fbclid}"
        return data

    def _add_person(self, data: dict[str, Any], person: Mapping[str, Any]) -> None:
        for hashings, holders in (
            (self._of_person, [person]),
            (_OF_ADDRESS, normalise.addresses(person)),
        ):
            for key, hashed in hashings.items():
                if digests := hashed(holders):
                    data[key] = digests
        for key in _UNHASHED:
            if key in person and isinstance(value := person[key], (str, int)):
                data[key] = value


def _credentials(settings: MetaSettings) -> dict[str, str]:
    """What stands beside ``data`` in a request: in the body, for addresses end up in logs."""
    token = settings.access_token.get_secret_value()
    credentials = {"access_token": token}
    if settings.app_secret:
        key = settings.app_secret.get_secret_value().encode()
        credentials["appsecret_proof"] = hmac.digest(key, token.encode(), "sha256").hex()
    if settings.test_event_code:
        credentials["test_event_code"] = settings.test_event_code
    return credentials


def _is_ip_address(text: str) -> bool:
    try:
        inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def _custom_data(event: Event, name: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if (value := event_value(event)) is not None:
        data["value"] = value
    for field, content in event.items():
        if field in _CUSTOM:
            key, types = _CUSTOM[field]
            if isinstance(content, types) and content != "":
                data[key] = content
    if items := [item for item in event.get("items", ()) if item.get("item_id")]:
        _add_items(data, items, event["event_name"], name)
    return data


def _add_items(data: dict[str, Any], items: Sequence[Event], event_name: str, name: str) -> None:
    data["content_ids"] = [item["item_id"] for item in items]
    data["contents"] = [_content(item) for item in items]
    data["content_type"] = "product_group" if event_name == "view_item_list" else "product"
    if name in ("InitiateCheckout", "Purchase"):
        data.setdefault("num_items", sum(item.get("quantity", 1) for item in items))
    if len(items) == 1:
        for field, key in (("item_name", "content_name"), ("item_category", "content_category")):
            if field in items[0]:
                data.setdefault(key, items[0][field])


def _content(item: Mapping[str, Any]) -> dict[str, Any]:
    content = {"id": item["item_id"], "quantity": item.get("quantity", 1)}
    if "price" in item:
        content["item_price"] = item["price"]
    for field, value in item.items():
        if field in _CONTENT and isinstance(value, str) and value:
            content[_CONTENT[field]] = value
    return content


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _outcomes_of_error(
    request: Request, response: Response, error: Mapping[str, Any]
) -> list[Outcome]:
    """By Meta's codes: it answers 400 to a refused event, an old token and a busy minute alike."""
    code, subcode = (
        number if isinstance(number := error.get(key), int) else None
        for key in ("code", "error_subcode")
    )
    words = _words(error, code, subcode)
    if error.get("is_transient") is True or code in _TRANSIENT:
        outcome = Outcome("retry", words, "destination", retry_after(response))
    elif mend := _what_to_mend(error, code, subcode):
        outcome = Outcome("retry", f"{mend}: {words}", "configuration")
    elif code == _INVALID_PARAMETER:
        outcome = Outcome("rejected", words, "request")
    elif 200 <= response.status < 300:
        outcome = Outcome("retry", words, "destination", retry_after(response))
    else:
        return by_status(request, response, words)
    return [outcome] * len(request.events)


def _what_to_mend(error: Mapping[str, Any], code: int | None, subcode: int | None) -> str:
    """What is wrong with the settings; "" when nothing is."""
    if code in _BAD_TOKEN:
        return "access_token is wrong or no longer valid, set a new one"
    if code in _NO_PERMISSION:
        return "access_token lacks the permission to send to this pixel"
    if code == _OLD_VERSION:
        return "api_version is no longer served, set a newer one"
    if code == _INVALID_PARAMETER and (
        subcode == _MISSING_OBJECT or error.get("type") == "GraphMethodException"
    ):
        return "pixel_id is wrong, access_token may not see it, or app_secret is wrong"
    return ""


def _words(error: Mapping[str, Any], code: int | None, subcode: int | None) -> str:
    said = error.get("error_user_msg") or error.get("message")
    numbers = "/".join(str(number) for number in (code, subcode) if number is not None)
    return f"{vendor_words(said) if isinstance(said, str) else 'error'} ({numbers or 'no code'})"
