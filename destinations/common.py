"""What several destinations need: kinds of settings, an event's time and value, JSON."""

import re
from math import isfinite
from typing import Annotated, Any
from zlib import crc32

import orjson
from pydantic import AfterValidator, HttpUrl, SecretStr, StringConstraints

from destinations.base import Event
from destinations.phones import is_region

_OFFERS = frozenset(
    {
        "view_item_list",
        "select_item",
        "search",
        "view_search_results",
        "view_promotion",
        "select_promotion",
    }
)
"""Events whose items are shown to the visitor: the sum of their prices is no value of the event."""


def _without_credentials(url: HttpUrl) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("must not contain a user name or password, because URLs are shown in logs")
    return url


def _without_query(url: HttpUrl) -> HttpUrl:
    if url.query or url.fragment:
        raise ValueError("must end before `?` and `#`")
    return url


def _printable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text:
        raise ValueError("is empty")
    if not (text.isascii() and text.isprintable()) or any(mark in text for mark in " \"'\\"):
        raise ValueError(
            "contains a space, quote or other character that is not valid in this credential"
        )
    return secret


def _known_region(region: str) -> str:
    if not is_region(region):
        raise ValueError("is not a country code such as DE or US")
    return region


Url = Annotated[HttpUrl, AfterValidator(_without_credentials)]
BaseUrl = Annotated[Url, AfterValidator(_without_query)]
Credential = Annotated[SecretStr, AfterValidator(_printable)]
PhoneRegion = Annotated[str, StringConstraints(to_upper=True), AfterValidator(_known_region)]

QuotaProject = Annotated[str, StringConstraints(pattern=r"^[a-z0-9:.-]{1,100}$")]
"""ID of a project of Google Cloud."""


def event_time(event: Event, now: float) -> float:
    """Unix seconds of `event`; vendors refuse the future, and nothing was sent before 1970."""
    seconds: float = event.get("timestamp", now)
    return min(max(seconds, 0), now)


def event_value(event: Event) -> float | None:
    """The value of `event`; when it has none, price times quantity of its items.

    None when an item has no price or a negative quantity, and for items that are only shown.
    """
    if "value" in event:
        value: float = event["value"]
        return value
    items = event.get("items")
    if not items or event["event_name"] in _OFFERS or not all("price" in item for item in items):
        return None
    if any(item.get("quantity", 1) < 0 for item in items):
        return None
    # Six decimals are what vendors keep; they also take off what binary fractions add.
    total = round(sum(item["price"] * item.get("quantity", 1) for item in items), 6)
    return total if isfinite(total) else None


NOT_JSON = "the event cannot be represented in JSON"
"""Why an event is unsendable that `to_json` gives nothing for."""


def to_json(value: Any) -> bytes | None:
    """`value` as JSON, datetimes as ISO 8601.

    None when it cannot be written, as half of a surrogate pair cannot.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        return None


def is_chosen(body: bytes, share: float) -> bool:
    """Whether a request with `body` is one of the `share` of all that is chosen, by what it says,
    so that a repetition is treated alike."""
    return crc32(body) < share * 2**32


_is_test_code = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


def test_code_of(event: Event) -> str:
    """The code of `event`, which makes it a test; "" for none that a vendor could take."""
    code = event.get("test_event_code")
    return code if isinstance(code, str) and _is_test_code(code) else ""


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that `body` is; an empty one for anything else."""
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def vendor_words(body: bytes | str, most: int = 200) -> str:
    """The start of a vendor's response as one line of printable characters."""
    text = body[: 4 * most].decode("utf-8", "replace") if isinstance(body, bytes) else body
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    return " ".join(printable.split())[:most]
