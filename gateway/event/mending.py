"""Mends known fields that do not fit: at worst the field is lost, never the event.

An empty value (``""``, ``{}``, ``[]``, null) counts as absent. A value that can be read in only one
way is read: ``"4,245.42"``, ``"59,90 €"``. Any other value, and a placeholder for an id, is removed
and named in `IGNORED`.

Senders with properties of their own (Segment, gtag.js) may use our names for them. Their
``value: "high"`` is no mistake unless the event is about commerce: it moves to `PARAMS` unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import isfinite
from typing import Any, Final, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import get_type_hints, is_typeddict

from destinations.numbers import read_number
from gateway.event.amounts import Unreadable, is_whole, read_amount
from gateway.event.bounds import is_within_bounds
from gateway.event.currencies import WITHOUT_DECIMALS, currencies_of
from gateway.event.ids import IDS, NO_ID, is_no_id
from gateway.event.schema import EventFields, Number, as_items, as_list, branches, is_empty
from gateway.event.text import printable
from gateway.event.whole_amounts import MONEY, with_whole_amounts

IGNORED = "ignored_fields"
"""Field of an event: which values were set aside, a list of ``{"field": "items.price", "reason":
"not a number"}``. The fields are known ones, without indexes of lists."""

PARAMS = "params"
"""Field of an event: a sender's own properties that have the name of a known field."""

MAX_IGNORED = 20
MAX_MISFITS = 500
"""Values of one field that do not fit. The rest of a list is then set aside unread: to check one
value takes some 5 µs."""

_ABSENT: Final = object()
_COMMERCE = frozenset(
    [
        "add_payment_info",
        "add_shipping_info",
        "add_to_cart",
        "add_to_wishlist",
        "begin_checkout",
        "purchase",
        "refund",
        "remove_from_cart",
        "select_item",
        "select_promotion",
        "view_cart",
        "view_item",
        "view_item_list",
        "view_promotion",
    ]
)
"""GA4's events of online sales.

Source: developers.google.com/analytics/devguides/collection/ga4/reference/events
"""

_NO_PROPERTIES = frozenset(
    [
        "event_id",
        "timestamp",
        "client_id",
        "user_id",
        "ip_override",
        "user_agent",
        "user_data",
        "client_hints",
        "click_ids",
        "ga_session_id",
        "ga_session_number",
        "fbp",
        "fbc",
    ]
)
"""Known fields that cannot be a page's own properties: protocols have other places for them, or
they identify a person."""

_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""Results of failed calculations in JavaScript: not properties of a page's own."""

_MONEY_OBJECTS = tuple(
    (amount, code)
    for amount in ("amount", "value")
    for code in ("currencyCode", "currency_code", "currency")
)
"""Names of an amount and of its currency in an object. Sources:
shopify.dev/docs/api/web-pixels-api (MoneyV2); developer.paypal.com/docs/api/orders/v2 (Money)"""

_OF_MONEY = frozenset(["__typename", "formatted", "formattedValue", "symbol"])
"""Further members of such an object, which do not change the amount."""

_IN_TWO_CURRENCIES = ("shop_money", "presentment_money", "shopMoney", "presentmentMoney")
"""Names of an amount in the shop's currency and of the same amount in the customer's. Source:
shopify.dev/docs/api/admin-graphql (MoneyBag)"""

_CODES = ("code", "iso", "iso_code", "isoCode", "currencyCode", "currency_code")
"""Names of the code in an object that is a currency."""


class _Notes:
    """The notes about one field. currency: of the event, or "". ignored: reasons by field. misfits:
    the number of values that did not fit, including empty ones."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.ignored: dict[str, str] = {}
        self.misfits = 0

    def set_aside(self, place: str, reason: str) -> None:
        self.misfits += 1
        self.ignored.setdefault(place, reason)

    def number(self, name: str, text: str) -> float | int:
        """The number in `text`, the value of the field `name`. Raises `Unreadable`."""
        number, currencies = read_amount(text, self.currency if name in MONEY else "")
        if currencies and name not in MONEY:
            raise Unreadable("not a number")
        if self.currency and currencies and self.currency not in currencies:
            raise Unreadable("in another currency than the event")
        if currencies and not self.currency:
            self.currency = _only(currencies)
        return number


Event = dict[str, Any]
Ignored = dict[str, str]
Mend = Callable[[Any, _Notes], Any]
"""Returns a value that fits, or `_ABSENT`, and notes what it sets aside."""

Member = Callable[[str], Mend | None]
"""Returns the function that mends the member of this name; None for an unknown name."""


def mended(raw: Event, own_properties: bool) -> Event:
    """`raw`, an event within the bounds, with known fields that all fit. The event's name and its
    consent are not mended. A currency that only an amount names is also that of other amounts."""
    event, told = _mended(raw, own_properties, "")
    return _mended(raw, own_properties, told)[0] if told else event


def _mended(raw: Event, own_properties: bool, currency: str) -> tuple[Event, str]:
    """The event, and its currency if an amount named it first. currency: of the event, if it is
    known otherwise than by its field."""
    raw = with_whole_amounts(raw) if currency in WITHOUT_DECIMALS else raw
    told = ""
    event = {name: value for name, value in raw.items() if name not in _FIELDS}
    ignored: dict[str, str] = {}
    own: dict[str, Any] = {}
    is_free = own_properties and not _is_commerce(raw.get("event_name"))
    for name, mend in _FIELDS.items():
        if name not in raw:
            continue
        notes = _Notes(currency)
        value = mend(raw[name], notes)
        if notes.ignored and is_free and _can_be_own(name, raw[name]):
            own[name] = raw[name]
            continue
        if value is not _ABSENT:
            event[name] = value
        known = value if name == "currency" and value is not _ABSENT else notes.currency
        if known != currency:
            told = "" if name == "currency" else known
            currency = known
            raw = with_whole_amounts(raw) if currency in WITHOUT_DECIMALS else raw
        ignored |= notes.ignored
    if currency:
        event["currency"] = currency
    if own:
        event = with_params(event, own)
    if ignored:
        named = [{"field": field, "reason": reason} for field, reason in ignored.items()]
        event[IGNORED] = named[:MAX_IGNORED]
    return event, told


def _is_commerce(name: Any) -> bool:
    return isinstance(name, str) and name.strip() in _COMMERCE


def with_params(event: Mapping[str, Any], own: Mapping[str, Any]) -> Event:
    """`event` with `own` added to its `PARAMS`, which keeps the sender's own field of that name."""
    given = event.get(PARAMS, {})
    params = given if isinstance(given, dict) else {PARAMS: given}
    return {**event, PARAMS: {**params, **own}}


def ignored_of(event: Mapping[str, Any]) -> list[Ignored]:
    """The valid entries of `IGNORED` in `event`. Rules may have written anything there, and so may
    senders of events that an earlier version of the gateway stored."""
    said = event.get(IGNORED)
    return [each for each in said if _is_ignored(each)] if isinstance(said, list) else []


def ignored_in_words(ignored: Iterable[Ignored]) -> str:
    return ", ".join(printable(f"{each['field']} ({each['reason']})") for each in ignored)


def _is_ignored(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("field", "reason")
    )


def _can_be_own(name: str, value: Any) -> bool:
    """Whether a field may move to `PARAMS`, where it is nested one level deeper."""
    if value in _NO_NUMBERS or (isinstance(value, float) and not isfinite(value)):
        return False
    return name not in _NO_PROPERTIES and is_within_bounds([[value]])


def _compile(annotation: Any, place: str) -> Mend:
    """Returns the function that mends a value of `annotation`. place: path of the field, without
    indexes."""
    validate = _validator(annotation)
    elements, member = _compile_elements(annotation, place), _compile_members(annotation, place)
    read = _compile_reader(annotation, place.rpartition(".")[2])
    in_list = as_items if place == "items" else as_list

    def mend(value: Any, notes: _Notes) -> Any:
        try:
            return validate(value)
        except ValidationError:
            if is_empty(value):
                notes.misfits += 1
                return _ABSENT
        try:
            if elements is not None and isinstance(listed := in_list(value), list):
                return _with_elements_mended(listed, elements, notes, place) or _ABSENT
            if member is not None and isinstance(value, dict):
                return validate(_with_members_mended(value, member, notes))
            return read(value, notes)
        except ValidationError:  # a mended object may look like a list
            notes.set_aside(place, "neither an object nor a list")
            return _ABSENT
        except Unreadable as problem:
            notes.set_aside(place, str(problem))
            return _ABSENT

    return mend


def _compile_id(name: str, mend: Mend) -> Mend:
    """As `mend`, for the field `name`, one of `IDS`."""

    def mend_id(value: Any, notes: _Notes) -> Any:
        made = mend(value, notes)
        if made is not _ABSENT and is_no_id(name, made):
            notes.set_aside(name, NO_ID)
            return _ABSENT
        return made

    return mend_id


def _compile_elements(annotation: Any, place: str) -> Mend | None:
    """Returns the function that mends each element; None if a value cannot be a list."""
    lists = (each for each in branches(annotation) if get_origin(each) is list)
    return next((_compile(get_args(each)[0], place) for each in lists), None)


def _compile_members(annotation: Any, place: str) -> Member | None:
    """Returns the function that finds what mends a member; None if a value cannot be an object."""
    for each in branches(annotation):
        if is_typeddict(each):
            hints = get_type_hints(each, include_extras=True)
            known = {name: _compile(hint, f"{place}.{name}") for name, hint in hints.items()}
            return known.get
        if get_origin(each) is dict:
            mend = _compile(get_args(each)[1], place)
            return lambda _: mend
    return None


def _with_elements_mended(listed: list[Any], mend: Mend, notes: _Notes, place: str) -> list[Any]:
    kept = []
    for each in listed:
        if notes.misfits >= MAX_MISFITS:
            notes.set_aside(place, "too many values that do not fit")
            break
        if (new := mend(each, notes)) is not _ABSENT:
            kept.append(new)
    return kept


def _with_members_mended(value: Event, member: Member, notes: _Notes) -> Event:
    kept = {}
    for name, each in value.items():
        mend = member(name)
        new = each if mend is None else mend(each, notes)
        if new is not _ABSENT:
            kept[name] = new
    return kept


def _compile_reader(annotation: Any, name: str) -> Mend:
    """Returns the function that reads a value that does not fit as it is. name: of the field."""
    kinds = {get_origin(each) or each for each in branches(annotation)}

    def read(value: Any, notes: _Notes) -> Any:
        if name == "timestamp":
            raise Unreadable("not a time")
        if annotation is Number:
            if name in MONEY and isinstance(value, dict):
                value = _amount_in(value, notes.currency)
            if isinstance(value, str):
                return notes.number(name, value)
            raise Unreadable("not a number")
        if name == "currency":
            if isinstance(code := _code_in(value), str):
                return _only(currencies_of(code))
            raise Unreadable("not a currency")
        if str in kinds:
            raise Unreadable("too long" if isinstance(value, str) else "not a text")
        if list in kinds:
            raise Unreadable("not a list" if len(kinds) == 1 else "neither an object nor a list")
        raise Unreadable("not an object")

    return read


def _amount_in(stated: Mapping[str, Any], currency: str) -> str:
    """``59.90 EUR`` from an object as shops and payment services write it: `_MONEY_OBJECTS`. For an
    amount in two currencies, the shop's amount, unless only the other one is in `currency`, the
    event's."""
    both = [stated[name] for name in _IN_TWO_CURRENCIES if isinstance(stated.get(name), dict)]
    amounts = [_amount_and_code(each) for each in both or [stated]]
    number, code = next((each for each in amounts if each[1].upper() == currency), amounts[0])
    return f"{number} {code}"


def _amount_and_code(stated: Mapping[str, Any]) -> tuple[str | int, str]:
    for amount, code in _MONEY_OBJECTS:
        if stated.keys() - _OF_MONEY == {amount, code}:
            number, currency = stated[amount], _code_in(stated[code])
            is_number = isinstance(number, (str, int, float)) and not isinstance(number, bool)
            if is_number and isinstance(currency, str):
                return _with_point(number, currency), currency
    raise Unreadable("not a number")


def _with_point(number: str | float, currency: str) -> str | int:
    """`number` of an object, whose dot is a decimal point unless the currency has no decimals: with
    six decimals, because three could be taken for thousands."""
    if isinstance(number, str) and not is_whole(currencies_of(currency)):
        read = read_number(number)
        number = number if read is None else read
    return f"{number:.6f}" if isinstance(number, float) else number


def _code_in(stated: Any) -> Any:
    """The code in an object that is a currency; any other value as it is."""
    if isinstance(stated, dict):
        return next((stated[name] for name in _CODES if name in stated), None)
    return stated


def _only(currencies: tuple[str, ...]) -> str:
    if not currencies:
        raise Unreadable("not a currency")
    if len(currencies) > 1:
        raise Unreadable("ambiguous: a sign of several currencies")
    return currencies[0]


@cache
def _validator(annotation: Any) -> Callable[[Any], Any]:
    config = None if is_typeddict(annotation) else ConfigDict(coerce_numbers_to_str=True)
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=config)
    return adapter.validator.validate_python


def _compile_field(name: str, annotation: Any) -> Mend:
    mend = _compile(annotation, name)
    return _compile_id(name, mend) if name in IDS else mend


_FIELDS = {
    name: _compile_field(name, hint)
    for name, hint in get_type_hints(EventFields, include_extras=True).items()
    if name not in ("event_name", "consent")
}
"""The function that mends each field. The event's name is never mended, and consent has its own
reader."""
