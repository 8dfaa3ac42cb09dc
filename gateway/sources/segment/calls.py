"""Reads the calls in one request of Segment's API or a similar one: a single call or a batch."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.event import Event
from gateway.sources.base import Batch, Inbound, Refused, check_count, check_shared, read_events
from gateway.sources.reading import as_messages, as_object
from gateway.sources.segment.message import is_from_backend, to_event
from gateway.sources.statement_fields import may_have_fields, with_fields_expanded

Translate = Callable[[Any, str, Mapping[str, Any]], Event]
"""As `gateway.sources.segment.message.to_event`."""

_PARTS = ("properties", "context")


def read_calls(
    request: Inbound,
    body: Event,
    kind: str,
    trusted: bool,
    translate: Translate = to_event,
    backend: bool = False,
) -> Batch:
    """The calls in `body`.

    kind: of the calls, according to the URL. trusted: as in `Batch`. backend: a server is known to
    have sent the request. This is also assumed if a message is from a library for backends, or if
    messages name users but no visitor. Raises `Refused` if `batch` is no list or too large.
    """
    messages = as_messages(body.get("batch", [body]))
    if not isinstance(messages, list):
        raise Refused(400, "malformed", "expected a list in batch")
    check_count(messages)
    envelope = _around(body)
    check_shared(envelope, messages, trusted)
    if may_have_fields(request.body):
        envelope, messages = _expanded(envelope), [_expanded(each) for each in messages]
    unnamed = [each for each in messages if type(each) is dict and not each.get("anonymousId")]
    batch = read_events(
        messages,
        lambda message: translate(message, kind, envelope),
        trusted,
        backend=trusted
        or backend
        or any(is_from_backend(each, envelope) for each in messages)
        or (bool(unnamed) and _is_of_no_browser(request, unnamed)),
        own_properties=True,
    )
    batch.sent = [body["sentAt"]] if body.get("sentAt") else _sent_times(messages)
    return batch


def _around(body: Event) -> Event:
    """The members next to `batch`; none if `body` is a call."""
    return {name: body[name] for name in body if name != "batch"} if "batch" in body else {}


def _expanded(message: Any) -> Any:
    """`message` with fields such as ``consent.ad_storage`` expanded into objects, in its properties
    and its context too."""
    if not isinstance(message, dict):
        return message
    parts = {name: as_object(message[name]) for name in _PARTS if name in message}
    expanded = {name: with_fields_expanded(part) for name, part in parts.items()}
    return with_fields_expanded({**message, **expanded})


def _is_of_no_browser(request: Inbound, unnamed: list[Event]) -> bool:
    """Whether no single browser can have sent `unnamed`, messages without an ``anonymousId``.

    SDKs for browsers and apps always name one, next to the user or alone, and a page's request
    always has an ``Origin``.
    """
    names = (each.get("userId") for each in unnamed)
    users = {name for name in names if isinstance(name, str | int) and name != ""}
    return len(users) > 1 or (bool(users) and "origin" not in request.headers)


def _sent_times(messages: list[Any]) -> list[Any]:
    """The times at which `messages` were sent by the sender's clock, some perhaps set earlier."""
    return [each["sentAt"] for each in messages if isinstance(each, dict) and "sentAt" in each]
