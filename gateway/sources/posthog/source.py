"""`posthog`: PostHog's API for events, without feature flags.

Sources: posthog.com/docs/api/capture; the npm packages posthog-js 1.449 and posthog-node 5.70, and
posthog 7.91 of PyPI; github.com/PostHog/posthog, rust/capture/src/router.rs, for the paths
"""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Any, Literal

from pydantic import Field

from gateway.event import Event
from gateway.event.times import to_seconds
from gateway.sources.answers import report, status_of
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    check_count,
    check_shared,
    read_events,
)
from gateway.sources.description import (
    JSON,
    NONE_ACCEPTED,
    REFUSAL,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import query_fields
from gateway.sources.keys import Key
from gateway.sources.posthog.body import payload
from gateway.sources.posthog.event import is_from_backend, names_library, to_event
from gateway.sources.posthog.person import is_cookieless
from gateway.sources.posthog.remote_config import ANSWER, QUESTIONS, key_in_path
from gateway.sources.reading import as_messages, as_object, decode_body, text_bytes
from gateway.sources.statement_fields import may_have_fields, with_fields_expanded
from gateway.sources.statements import statements_in
from gateway.sources.write_keys import WriteKeyList, WriteKeys, WriteKeySettings

_EVENTS = ("/batch", "/capture", "/e", "/engage", "/i/v0/e", "/track")
_FLAGS = ("/decide", "/flags")
_SDK_KEYS = ("api_key", "token")
_ANSWER: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": [0, 1]}},
}
"""With the members of a report when events are refused."""

_PAYLOAD: Schema = {
    "data": {"type": "string", "description": "The payload of a GET request, JSON or base64."},
    "compression": {"type": "string", "description": "As the SDKs send it, such as `base64`."},
}


class PostHogSettings(WriteKeySettings):
    type: Literal["posthog"] = Field(description="Events from PostHog's SDKs.")
    write_keys: WriteKeyList = Field(
        min_length=1,
        description="Project API keys to accept, such as `phc_...`. They are public, as in "
        "PostHog.",
    )
    secret_keys: list[Key] = Field(
        default=[],
        description="Keys of your own backends, which their SDKs take as the project API key: "
        "make up long random ones. A sender with one of them is trusted: it may state the "
        "visitor's address and user agent (`$ip`, `$raw_user_agent`).",
    )


class PostHog(Source[PostHogSettings]):
    """A message, a list of messages, or an object with a `batch` of them.

    The key is in the object around the messages, in the query, or in every message. A request with
    a message of an SDK for servers is a backend's as a whole, and so is one without an SDK's
    message and without `Origin`. One with a message in cookieless mode is anonymous as a whole.

    Answers ``{"status": 1}``, with the refused events if there are any; 400 if all were refused.
    The SDKs read only the HTTP status: posthog-js retries on any status but 200 and 4xx.

    The gateway cannot compute feature flags, and answers 404 to requests for them. On any status
    but 200, the SDKs keep the flags that they have stored, or the defaults of the site, and notify
    the page (``errorsLoading``). On 200 with ``errorsWhileComputingFlags``, posthog-js would do the
    same, but the SDK for Python would treat the flags as missing without reading its cache.
    Requests answered 502 or 504 would be repeated.
    """

    type = "posthog"
    methods = ("GET", "POST")
    paths = (*_EVENTS, *_FLAGS)
    from_browsers = True
    questions = QUESTIONS
    body_bytes = 1_048_576
    """As for servers: their SDKs send batches of 100 events."""
    Settings = PostHogSettings

    def __init__(self, settings: PostHogSettings) -> None:
        super().__init__(settings)
        self._keys = WriteKeys(settings)

    def describe(self, method: str) -> Operation:
        return Operation(
            text="Messages of PostHog's SDKs, with the project API key as `api_key` or `token`, in "
            "the query too. "
            "Requests for feature flags are answered 404.",
            documentation="https://posthog.com/docs/api/capture",
            parameters=[query_parameter("How the payload is sent.", _PAYLOAD)],
            body={} if method == "GET" else {JSON: {"type": ["object", "array"]}},
            answers={
                "200": AnswerDescription("The accepted messages are durable.", {JSON: _ANSWER}),
                "400": NONE_ACCEPTED,
                "401": UNAUTHORIZED,
                "404": AnswerDescription(
                    "The gateway does not compute feature flags.",
                    {JSON: REFUSAL},
                    {"no_feature_flags": "Send such requests to PostHog itself."},
                ),
            },
        )

    def read(self, request: Inbound) -> Batch:
        if request.path.rstrip("/").endswith(_FLAGS):
            raise Refused(
                404,
                "no_feature_flags",
                "the gateway does not compute feature flags: let the SDK ask PostHog for them "
                "(flags_api_host), or switch them off (advanced_disable_flags)",
            )
        if (asking := key_in_path(request)) is not None:
            self._check([text_bytes(asking)])
            return Batch(reply=ANSWER)
        query = dict(query_fields(request.query))
        text = payload(request, query)
        body = decode_body(text)
        envelope, messages = _opened(body)
        trusted = self._is_trusted(query, envelope, messages)
        with_fields = may_have_fields(text)
        if with_fields:
            envelope = with_fields_expanded(envelope)
        stated = statements_in(envelope)
        check_shared(stated, messages, trusted)
        backend = trusted or _is_backend(request, messages)
        sent = list(_sent_times(query, envelope, messages))
        sent_at = _latest(sent) or request.received_at
        batch = read_events(
            messages,
            lambda message: to_event(message, stated, backend, with_fields, sent_at),
            trusted,
            backend,
            anonymous=any(map(is_cookieless, messages)),
            own_properties=True,
        )
        batch.sent = sent
        return batch

    def answer(self, batch: Batch) -> Answer:
        status = status_of(batch, 200)
        content: dict[str, object] = {"status": 1 if status == 200 else 0}
        if batch.refused:
            content |= report(batch)
        return Answer.json(status, content)

    def _is_trusted(self, query: Event, envelope: Event, messages: list[Any]) -> bool:
        """Whether all shown keys are secret; a key in the query never is. Raises `Refused` for a
        missing or unknown key."""
        shown, in_query = _key_of(envelope), _key_of(query)
        if not shown and self._keys.public_of([in_query]):
            return False
        keys = {shown} if shown else set(map(_key_of_message, messages))
        public = [each for each in keys if not self._keys.are_secret([each])]
        self._check(public)
        return not public

    def _check(self, keys: Iterable[bytes]) -> None:
        """Raises `Refused` if one of `keys` is no write key."""
        if not all(self._keys.public_of([each]) for each in keys):
            raise Refused(401, "unauthorized", "send a valid project API key as api_key")


def _opened(body: Any) -> tuple[Event, list[Any]]:
    """The object around the messages, or an empty one, and the messages."""
    if isinstance(body, list):
        messages = body
    elif not isinstance(body, dict):
        raise Refused(400, "malformed", "expected an object or a list")
    elif "batch" not in body:
        return {}, [body]
    else:
        messages = as_messages(body["batch"])
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "malformed", "expected a list with at least one message")
    check_count(messages)
    return (body if isinstance(body, dict) else {}), messages


def _key_of(stated: Event) -> bytes:
    return next((key for name in _SDK_KEYS if (key := text_bytes(stated.get(name)))), b"")


def _key_of_message(message: Any) -> bytes:
    message = as_object(message)
    return _key_of(message) or _key_of(as_object(message.get("properties")))


def _is_backend(request: Inbound, messages: list[Any]) -> bool:
    return any(map(is_from_backend, messages)) or not (
        "origin" in request.headers or any(map(names_library, messages))
    )


def _sent_times(query: Event, envelope: Event, messages: list[Any]) -> Iterator[Any]:
    """The times at which the request was sent by the sender's clock, as stated in the query, around
    the messages, or in each of them."""
    for stated in (query, envelope, *messages):
        if isinstance(stated, dict) and "sent_at" in stated:
            yield stated["sent_at"]


def _latest(sent: Iterable[Any]) -> float:
    """The latest time in `sent`, in Unix seconds, with which clocks are compared too; 0 if none can
    be read."""
    return max(filter(None, map(_seconds, sent)), default=0.0)


def _seconds(stated: Any) -> float:
    try:
        seconds = to_seconds(stated)
    except ValueError:
        return 0.0
    return float(seconds) if isinstance(seconds, int | float) and 0 < seconds < inf else 0.0
