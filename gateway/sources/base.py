"""The base of all sources: a source is a pure translation of one HTTP request into events, and of
the result into the answer that clients of its protocol expect.

A source never touches the queue. The endpoint gives it a request, appends the events that it reads,
and asks it for the answer.

To add a source, read docs/adding-a-source.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from gateway.event import Event, EventError, read_event
from gateway.sources.batch_size import FEW_EVENTS, BatchSize, BatchTooLarge
from gateway.sources.description import Operation, any_operation
from gateway.sources.rate_limits import RateLimit, RateLimits
from gateway.sources.shape import shape
from gateway.sources.submission_tokens import SubmissionTokens
from gateway.stages.consent import Defaults
from gateway.urls.origin import check_origin

MAX_EVENTS = 1000
"""Events in one request."""

BROWSER_BODY_BYTES = 131_072
"""Largest body of sources for browsers. `gateway.js` sends batches below 64 KB, but a single event
that is larger by itself. Google's servers take 130 KB from gtag.js, and Snowplow's tracker sends
40 KB."""


@dataclass(slots=True)
class Inbound:
    """One HTTP request as a source sees it.

    path: of the URL, decoded, without the `prefix` before a path that is claimed with
    `prefix: any`. query: the raw query string. headers: names in lower case. body: already
    decompressed, whatever its ``Content-Encoding`` was. base_url: the URL below which the client
    finds the paths of the source, without a slash at the end; for `Source.questions` only.
    received_at: Unix seconds, for protocols that state how long ago something happened; 0 when it
    is not known.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    prefix: str = ""
    base_url: str = ""
    received_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. cookies: values of its ``Set-Cookie`` headers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()

    @classmethod
    def json(cls, status: int, content: object) -> "Answer":
        return cls(status, orjson.dumps(content), {"content-type": "application/json"})


class Refused(Exception):
    """A request that is refused as a whole.

    status: of the HTTP answer. reason: a short code, the label of the metric
    (``malformed``, ``unauthorized``, ``unsupported_media_type`` ...). message: for the sender;
    never repeats what was sent. retry_after: seconds after which the sender may try again. events:
    details about single events, as JSON values.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        retry_after: int | None = None,
        events: Sequence[object] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.events = events

    def answer(self) -> Answer:
        content: dict[str, object] = {"error": self.message, "reason": self.reason}
        if self.events:
            content["events"] = self.events
        answer = Answer.json(self.status, content)
        if self.retry_after is None:
            return answer
        return replace(answer, headers={**answer.headers, "retry-after": str(self.retry_after)})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event of a request that cannot be read or is not accepted. index: its position in the
    request, from 0. shape: its structure, as `gateway.sources.shape` describes it, if helpful."""

    index: int
    message: str
    shape: Any = None


@dataclass(slots=True)
class Batch:
    """The events of one request.

    events: the readable ones, in order, each with an ``event_id`` once they are accepted.
    refused: the other ones.
    places: positions in the request of the messages that were read or refused; empty if all were.
    trusted: the sender has proved who it is (with a key). backend: a server sent the request, so
    its address and agent are not the visitor's. anonymous: the sender asked that the visitor is
    not recognised: no address is kept, no identifying cookie read or set. page_token: as in
    `gateway.event.Received`. submission_token: as stated next to the events, not yet checked. sent:
    the times at which the request was sent by its sender's clock, as stated and not yet checked; a
    backend's clock is assumed to be right. reply: the answer to a request for something else than
    storing events, such as the settings of an SDK; `Source.answer` is then not called. size: bytes
    of the events in JSON; 0 for a few events, which are not measured.
    """

    events: list[Event] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    trusted: bool = False
    backend: bool = False
    anonymous: bool = False
    page_token: str = field(default="", repr=False)
    submission_token: str = field(default="", repr=False)
    sent: Sequence[Any] = ()
    places: Sequence[int] = ()
    reply: Answer | None = None
    size: int = 0


class SourceSettings(BaseModel):
    """Settings that every source has. Subclasses add the protocol's own."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        defer_build=True,  # the validator of the whole configuration does the work of this one
    )

    type: str
    paths: list[Annotated[str, StringConstraints(pattern=r"^/")]] = Field(
        default=[],
        description="URL paths of this source, each starting with a slash. One more slash at the "
        "end of a request's path is ignored.",
    )
    prefix: Literal["any"] | None = Field(
        default=None,
        description="With `any`, the paths of this source are also answered below any other "
        "path: `/metrics/g/collect` and `/a/b/g/collect` like `/g/collect`. If several sources "
        "fit, the one with the longest path gets the request.",
    )
    allowed_origins: list[Annotated[str, AfterValidator(check_origin)]] = Field(
        default=[],
        description="Origins of pages that may send events and read the answers (CORS, with "
        "cookies), such as `https://shop.example`. Requests from pages of other origins are "
        "answered 403. The origin is taken from `Origin`, or else from `Referer`. Without this "
        "setting, every page may send events, and pages of other origins cannot read the answers.",
    )
    require_origin: bool = Field(
        default=False,
        description="With `allowed_origins`, also answer 403 to requests with neither an "
        "`Origin` nor a `Referer` header. Most programs and some privacy settings of browsers "
        "send neither.",
    )
    server_only: list[str] = Field(
        default=[],
        description="Names of events that only a trusted sender, one with a key, may send to "
        "this source, such as `purchase` and `refund`. From other senders, these events are "
        "refused and the rest of the request is accepted. Case is ignored.",
    )
    submission_tokens: SubmissionTokens | None = Field(
        default=None,
        description="With `allowed_origins`, accept events from pages only with a short-lived "
        "token that the page has fetched, as `gateway-token.js` does: an object with `secrets` "
        "and `seconds`, as below. Other requests are answered 403. Senders with a valid key need "
        "no token.",
    )
    rate_limit: RateLimit = Field(
        default=RateLimits(),
        description="Maximum rate of requests from one address, such as `100/second` or "
        "`5000/hour`; further requests are answered 429. Or an object with limits for "
        "`requests`, `events` and `bytes`, as below, or `off`. Senders with a valid key have no "
        "limit.",
    )
    max_body_bytes: PositiveInt | None = Field(
        default=None,
        description="Maximum size in bytes of a request body, as sent and after gunzip; at most "
        "`server.max_body_bytes`. Default: `131072` for sources that browsers send to "
        "(`segment` and `matomo`: `524288`, `posthog`: `1048576`), and `server.max_body_bytes` for "
        "others.",
    )
    spool: bool | None = Field(
        default=None,
        description="Store events of this source on disk while Redis cannot accept them. "
        "Default: on for sources that browsers send to, because browsers seldom retry; off for "
        "others.",
    )

    @model_validator(mode="after")
    def _tokens_are_for_origins(self) -> Self:
        if self.submission_tokens is not None and not self.allowed_origins:
            raise ValueError(
                "`submission_tokens` needs `allowed_origins`: a token is issued to pages of these "
                "origins only"
            )
        return self


class TrustedSourceSettings(SourceSettings):
    """Settings of a source with senders that prove their identity."""

    consent_default: Defaults | None = Field(
        default=None,
        description="Default state (`granted` or `denied`) of each consent type, for events of "
        "this source that do not state it, regardless of the visitor's place. Use it for a "
        "backend that only sends what its visitors have agreed to. Without this setting, the "
        "visitor's place decides, and an unknown place has the strictest default.",
    )


S = TypeVar("S", bound=SourceSettings)
SettingsClass = type[SourceSettings]


class Source(ABC, Generic[S]):
    """A wire protocol, created with its settings.

    type: the name in the configuration. methods: HTTP methods that it answers.
    paths: URL paths that it answers, unless configured otherwise.
    from_browsers: whether browsers send to it, which seldom retry.
    body_bytes: maximum size of a body, unless configured otherwise; None for the usual limit.
    cors_headers: names, in lower case, of request headers that its clients set in browsers, besides
        ``authorization`` and ``content-type``. A browser does not let a page of another origin send
        any other header (Fetch standard, CORS-preflight fetch).
    reads_query: whether the source reads consent in the query; otherwise the pipeline reads it.
    text_events: whether events in a JSON body can be texts instead of objects.
    questions: URL paths at which its clients request something with GET, such as the settings of an
        SDK, with their descriptions for the OpenAPI document. One segment may be a name in braces,
        which stands for any text: ``/v1/projects/{key}/settings``. `read` sets `Batch.reply`.
    """

    type: ClassVar[str]
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    paths: ClassVar[tuple[str, ...]]
    from_browsers: ClassVar[bool] = False
    body_bytes: ClassVar[int | None] = None
    cors_headers: ClassVar[tuple[str, ...]] = ()
    reads_query: ClassVar[bool] = False
    text_events: ClassVar[bool] = False
    questions: ClassVar[Mapping[str, Operation]] = {}
    Settings: ClassVar[SettingsClass] = SourceSettings

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @property
    def claimed_paths(self) -> Sequence[str]:
        """URL paths at which it takes events."""
        return self.settings.paths or self.paths

    @property
    def claimed_questions(self) -> Mapping[str, Operation]:
        """The `questions` that are answered; none if the configuration sets other paths."""
        return {} if self.settings.paths else self.questions

    @property
    def spools(self) -> bool:
        """Whether its events are spooled while Redis cannot accept them."""
        chosen = self.settings.spool
        return self.from_browsers if chosen is None else chosen

    @property
    def max_body_bytes(self) -> int | None:
        """Maximum size of a body, as sent and after gunzip; None for the limit of the server."""
        usual = BROWSER_BODY_BYTES if self.from_browsers else None
        return self.settings.max_body_bytes or self.body_bytes or usual

    def shows_key(self, request: Inbound) -> bool:
        """Whether the headers and query of `request` prove who sends it. Its body is not yet read.

        Called when the sender's address has reached its rate limit, which does not apply to
        senders with a key. Sources that read a key only from the body need not implement it.
        """
        return False

    def describe(self, method: str) -> Operation:
        """The description of `method`, one of `methods`, for the gateway's OpenAPI document. The
        default describes no particular protocol."""
        return any_operation(method)

    @abstractmethod
    def read(self, request: Inbound) -> Batch:
        """The events in `request`. Raises `Refused` when nothing in it can be used."""

    @abstractmethod
    def answer(self, batch: Batch) -> Answer:
        """The answer once the events of `batch` are durable."""


def check_count(messages: Sequence[Any]) -> None:
    """Raises `Refused` when there are too many. Sources call it before they look at each message;
    `read_events` does so too."""
    if len(messages) > MAX_EVENTS:
        raise Refused(413, "too_many_events", f"more than {MAX_EVENTS} events in one request")


def check_shared(shared: Mapping[str, Any], messages: Sized, trusted: bool = False) -> None:
    """Raises `Refused` if `shared`, fields next to `messages`, is too large to be added to each of
    them. Sources call it before they do so. trusted: as in `Batch`."""
    if len(messages) <= FEW_EVENTS:
        return
    try:
        BatchSize(trusted).check_shared(shared, len(messages))
    except BatchTooLarge:
        raise Refused(413, "grows_too_much", _GROWS_TOO_MUCH) from None


def read_events(
    messages: Sequence[Any],
    translate: Callable[[Any], Event] | None = None,
    trusted: bool = False,
    backend: bool | None = None,
    anonymous: bool = False,
    own_properties: bool = False,
    derived: Sequence[Any] = (),
) -> Batch:
    """Each of `messages` read as an event, or refused.

    messages: decoded JSON values. translate: turns one message of a protocol, of any JSON type,
    into an event that is not yet checked; raises `EventError` if it cannot. Without it, messages
    have the gateway's own names. trusted, backend, anonymous: as in `Batch`; backend defaults to
    trusted. own_properties: as in `gateway.event.read_event`. derived: more messages
    that the source made from `messages`; they follow these, and do not count as sent.

    Raises `Refused` for too many messages, or for events that are too large together.
    """
    check_count(messages)
    events: list[Event] = []
    refused: list[Refusal] = []
    size = BatchSize(trusted) if len(messages) + len(derived) > FEW_EVENTS else None
    for index, message in enumerate(chain(messages, derived)):
        try:
            event = read_event(translate(message) if translate else message, own_properties)
            if size is not None:
                size.add(event)
            events.append(event)
        except EventError as error:
            refused.append(Refusal(index, str(error), shape(message)))
        except BatchTooLarge:
            raise Refused(413, "grows_too_much", _GROWS_TOO_MUCH) from None
    is_backend = trusted if backend is None else backend
    return Batch(
        events, refused, trusted, is_backend, anonymous, size=size.json if size is not None else 0
    )


_GROWS_TOO_MUCH = (
    "the events of this request are too large together, since each gets all the fields that they "
    "share; send fewer events in one request"
)
