"""Reads events written as fields, in query strings and form bodies.

Empty values count as absent: a form has no other way to leave a field out. Only a named type of
consent without a value (``consent.ad_storage=``) is kept: it denies.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from gateway.event import Event
from gateway.event.bounds import MAX_DEPTH
from gateway.sources.lenient_json import REPLACEMENT, mend_text
from gateway.sources.statement_fields import expand_statements, list_or_object
from gateway.sources.statements import is_statement, names_a_type, several
from gateway.stages.integrations import INTEGRATIONS

Fields = list[tuple[str, str]]
"""Names and values in order, decoded."""

_CONSENT = "consent"

_is_bracketed = re.compile(r"[^\[\]]+(?:\[[^\[\]]+\](?:\.[^\[\]]+)?)+").fullmatch
"""A name as PHP and jQuery write it, ``items[0][item_id]``, or JavaScript: ``items[0].item_id``."""

_with_empty_brackets = re.compile(
    r"([^\[\]]+(?:\[[^\[\]]+\])*)\[\]((?:\.[^\[\]]+)?(?:\[[^\[\]]+\])*)"
).fullmatch
"""``items[][item_id]`` and ``user_data[email_address][]``: an element of a list without indexes."""

_MAX_STEPS = 20_000
"""Steps into objects, for all dots of an event, which would be cut later anyway. Beyond that, names
with dots stay as they are."""


def query_fields(query: str) -> Fields:
    """The fields of a query string or of an ``application/x-www-form-urlencoded`` body.

    NULs and bytes that are not UTF-8 become U+FFFD. ``&amp;`` between fields is accepted: in mails,
    HTML may be escaped once too often.
    """
    if "&amp;" in query:
        query = query.replace("&amp;", "&")
    if "%00" in query or "\0" in query:
        query = query.replace("%00", REPLACEMENT).replace("\0", REPLACEMENT)
    fields = []
    for field in query.replace("+", " ").split("&"):
        name, _, value = field.partition("=")
        if value or names_a_type(name):
            if "%" in field:
                name, value = _decoded(name), _decoded(value)
            fields.append((name, value))
    return fields


def query_value(query: str, name: str) -> str:
    """The value of the field `name` in a query string, as in ``dict(query_fields(query))``, "" if
    there is none. A name that is written with escapes is not found.

    Other fields are not decoded: for 64 KB, that would take longer than to refuse the request.
    """
    if name not in query:
        return ""
    values = re.findall(rf"(?:^|&(?:amp;)?){re.escape(name)}=([^&]+)", query)
    fields = query_fields(f"{name}={values[-1]}") if values else []
    return fields[0][1] if fields else ""


def is_present(name: str, value: str) -> bool:
    """Whether a field counts: an empty one does only if it names a consent type. name: decoded."""
    return bool(value) or names_a_type(name)


def _decoded(text: str) -> str:
    """As `urllib.parse.unquote`, which is slower because it looks for non-ASCII text first."""
    return unquote_to_bytes(text).decode(errors="replace") if "%" in text else text


def form_fields(body: bytes) -> Fields:
    """The fields of an ``application/x-www-form-urlencoded`` body, read as `query_fields` does."""
    return query_fields(mend_text(body))


def expand(fields: Iterable[tuple[str, str]]) -> Event:
    """The event in `fields`: dots and brackets lead into objects, numbers make lists.

    ``items.0.item_id=A``, ``items[0][item_id]=A``, ``items[0].item_id=A`` and
    ``items[][item_id]=A`` all become ``{"items": [{"item_id": "A"}]}``. Of two fields with one name
    the last counts; an object wins over a plain value of the same name. For fields that state
    consent, and for ``integrations``, all values count: they become a list.
    """
    event: Event = {}
    stated: list[tuple[str, Any]] = []
    statements: dict[str, list[Any]] = {}
    numbered = _Numbered()
    steps_left = _MAX_STEPS
    for name, value in fields:
        if name[:7].lower() == _CONSENT or name.startswith(INTEGRATIONS):
            stated.append((name, value))
            continue
        if "[]" in name:
            name = numbered.name(name)
        if "[" in name and _is_bracketed(name):
            name = name.replace("[", ".").replace("]", "")
        steps = min(name.count("."), MAX_DEPTH)
        if steps == 0 or steps > steps_left:
            parent, last = event, name
        else:
            steps_left -= steps
            parent, last = _parent(event, name)
        known = parent.get(last)
        if known is None:
            parent[last] = value
        elif not isinstance(known, dict):
            if parent is event and is_statement(name):
                statements.setdefault(name, [known]).append(value)
            parent[last] = value
    for name, values in statements.items():
        if not isinstance(event[name], dict):
            event[name] = several(values)
    expanded = {name: _with_lists(value) for name, value in event.items()}
    return expanded | expand_statements(stated) if stated else expanded


class _Numbered:
    """Numbers the elements of lists that are written without indexes: ``items[][item_id]``. A name
    that repeats is one of the next element."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self._indexes: dict[str, int] = {}

    def name(self, name: str) -> str:
        """`name` with an index in its empty brackets; unchanged if it has several of them, if it is
        no path, and if it names a list of texts in the event itself (``a[]``)."""
        found = _with_empty_brackets(name)
        if found is None or not (found[2] or "[" in found[1]):
            return name
        before, after = found.groups()
        names = self._names.setdefault(before, set())
        if after in names:
            names.clear()
            self._indexes[before] += 1
        names.add(after)
        return f"{before}[{self._indexes.setdefault(before, 0)}]{after}"


def _parent(event: Event, name: str) -> tuple[Event, str]:
    """The object in `event` that holds the dotted `name`, created if missing, and the last part.

    A name with too many parts is followed only to `MAX_DEPTH`: deeper values are cut anyway.
    """
    *path, last = name.split(".", MAX_DEPTH)
    parent = event
    for part in path:
        child = parent.get(part)
        if not isinstance(child, dict):
            child = parent[part] = {}
        parent = child
    return parent, last


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return list_or_object({name: _with_lists(child) for name, child in value.items()})
