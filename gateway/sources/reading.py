"""Functions with which sources read requests: JSON, keys, and the fields of a message."""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import orjson

from destinations.numbers import read_number
from gateway.event import Event
from gateway.event.consent import CONSENT, OTHER_CASES
from gateway.event.mending import with_params
from gateway.event.schema import as_list
from gateway.sources.base import Refused
from gateway.sources.lenient_json import load_leniently, mend_json
from gateway.sources.repeated_keys import load_all_values, repeats_keys
from gateway.sources.statements import states_consent

_BACKSLASH, _QUOTE = ord("\\"), ord('"')
"""As numbers, because the search for a bytes object takes four times as long."""

_NO_PARAMETERS = frozenset(["timestamp", "user_agent"])
"""Fields that protocols with free parameters state elsewhere."""

_OBJECTS_OF_URLS = frozenset(["campaign", "referrer"])
"""Objects that enrichment makes from the page's URLs, unless the event states them."""

_CONSENTS = OTHER_CASES | {CONSENT}
_JUDGED = _NO_PARAMETERS | _OBJECTS_OF_URLS | _CONSENTS

_OFF = frozenset(["", "0", "false", "no", "off"])
_TO_BASE64 = bytes.maketrans(b" -_", b"++/")

_nul = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""A NUL written as an escape: an odd number of backslashes precedes ``u0000``."""

_long_id = re.compile(
    rb'(d"(?<=[iI]d")[ \t\r\n]*:[ \t\r\n]*)([0-9]{20,256}|[0-9]{1,20}\.[0-9]{10,20})(?=[ \t\r\n,}])'
)
"""A whole number that may not fit into 64 bits, or Google's id of a browser, such as
``1234567890.1700000000``, at a key that ends with ``id`` or ``Id``. The pattern starts with two
bytes that are found quickly. It cannot match inside a text, where JSON writes a backslash before
each quotation mark."""


def decode(text: bytes) -> Any:
    """The value in `text`, JSON. Callers ignore the content type: beacons send ``text/plain``.

    Of a key that occurs twice in one object the last value counts, unless the values are objects or
    state consent: see `gateway.sources.repeated_keys`. U+FFFD replaces lone surrogates, bytes that
    are not UTF-8, and NUL, which stores and databases of the destinations cannot hold. Numbers that
    are not finite are floats. A number of 20 digits or more, or with ten decimals or more, becomes
    a text with all digits if its key ends with ``id``. Raises `ValueError`, whose message repeats
    no value, if `text` is not JSON or too deeply nested.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _decode_leniently(text)
    if _BACKSLASH in text and b"\\u0000" in text and _nul.search(text):
        return _decode_leniently(text)
    written = _written(value)
    if written == text:
        return value
    if (whole := _with_whole_ids(text)) != text:
        return decode(whole)
    return load_all_values(text.decode()) if _lost_pairs(text, written) else value


def _decode_leniently(data: bytes) -> Any:
    text = mend_json(_with_whole_ids(data))
    value = load_leniently(text)
    return load_all_values(text) if _lost_pairs(text.encode(), _written(value)) else value


def _with_whole_ids(text: bytes) -> bytes:
    """`text` with each `_long_id` as a text: as a number, it would lose its last digits."""
    return _long_id.sub(rb'\1"\2"', text)


def _written(value: Any) -> bytes | None:
    """`value` as JSON, which takes a third of the time of reading it; None if it is nested too
    deeply to be written. A browser's JSON is usually equal to it."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None


def _lost_pairs(text: bytes, written: bytes | None) -> bool:
    """Whether `text` may have pairs that are not in `written`, the JSON of the value read from it.
    Of a key that occurs twice in one object, the parser keeps one value and so loses at least two
    quotation marks, whatever the key is."""
    if written is None:
        return repeats_keys(text.decode())
    quotes = text.count(_QUOTE)
    if _BACKSLASH in text:
        quotes += text.count(b"\\u0022")
    return quotes != written.count(_QUOTE)


def decode_body(body: bytes) -> Any:
    """The value in `body`, which is JSON, or a JSON text that holds JSON. Raises `Refused` where
    `decode` raises `ValueError`."""
    try:
        value = decode(body)
        return decode(value.encode()) if isinstance(value, str) else value
    except ValueError as error:
        raise Refused(400, "malformed", f"the body is {error}") from None


def decoded_text(value: Any) -> Any:
    """The value that the text `value` holds as JSON, None if it is not JSON. A value that is not a
    text is returned unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return decode(value.encode())
    except ValueError:
        return None


def from_base64(text: bytes) -> bytes:
    """The bytes that `text` holds in base64, in either alphabet (RFC 4648, 4 and 5). Padding may be
    missing, and a blank is read as a plus that a form did not escape. Raises `ValueError`."""
    text = text.translate(_TO_BASE64).rstrip(b"=")
    return b64decode(text + b"=" * (-len(text) % 4), validate=True)


def present(fields: Mapping[str, Any]) -> Event:
    """`fields` without nulls and empty strings, which SDKs send for what they do not know."""
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> Event:
    """`fields` with the names in `names`, ours by theirs, changed to ours.

    A value under our name is kept; another value for the same field then keeps its name.
    """
    return {
        ours if (ours := names.get(name, name)) not in fields else name: value
        for name, value in fields.items()
    }


def own_parameters(parameters: Event) -> Event:
    """`parameters` of a page or a backend; the same object if none needs a check.

    A parameter with the name of a field that it cannot be, such as a text called `campaign`, moves
    to `gateway.event.mending.PARAMS`. One called `consent`, in upper or lower case, is left out
    unless it states consent: the protocols have no such field.
    """
    if parameters.keys().isdisjoint(_JUDGED):
        return parameters
    kept: Event = {}
    moved: Event = {}
    for name, value in parameters.items():
        if name in _NO_PARAMETERS or (name in _OBJECTS_OF_URLS and not isinstance(value, dict)):
            moved[name] = value
        elif name not in _CONSENTS or states_consent(value):
            kept[name] = value
    return with_params(kept, moved) if moved else kept


def is_on(flag: Any) -> bool:
    """Whether a flag that protects the visitor is on, which it is unless missing or clearly off."""
    if isinstance(flag, str):
        return flag.strip().lower() not in _OFF
    return bool(flag)


def number_of(value: Any) -> Any:
    """The number in the text `value`, otherwise `value`. For protocols that write only texts."""
    number = read_number(value) if isinstance(value, str) else None
    return value if number is None else number


def as_object(value: Any) -> dict[str, Any]:
    """The object that `value` is or holds as JSON in a text; otherwise an empty one."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = decoded_text(value)
    return value if isinstance(value, dict) else {}


def as_messages(value: Any) -> Any:
    """The list of messages in `value`; any other value unchanged. PHP writes a list with gaps as an
    object with indexes, a single message may have no list around it, and a message or the whole
    list may be JSON in a text."""
    value = decoded_text(value)
    if isinstance(value, list) and str not in map(type, value):
        return value
    listed = as_list(value)
    if isinstance(listed, dict) and listed:
        listed = [listed]
    if not isinstance(listed, list):
        return listed
    return [as_object(each) or each if isinstance(each, str) else each for each in listed]


def header_bytes(value: str) -> bytes:
    """The bytes of a header as it was sent: each character stands for one byte."""
    return value.encode("latin-1", "replace")


def bearer_key(headers: Mapping[str, str]) -> bytes:
    """The key in ``Authorization: Bearer KEY`` (RFC 6750, 2.1); empty without one."""
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    return header_bytes(key.strip()) if scheme.lower() == "bearer" else b""


def basic_user(headers: Mapping[str, str]) -> bytes:
    """The user of HTTP Basic authentication; empty without one."""
    return basic_credentials(headers).partition(b":")[0]


def basic_credentials(headers: Mapping[str, str]) -> bytes:
    """User, colon and password of HTTP Basic authentication (RFC 7617); empty without them."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(header_bytes(credentials.strip()))
    except binascii.Error:
        return b""


def text_bytes(value: object) -> bytes:
    """The bytes of a key from a URL or a body; empty if `value` is not a text."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""
