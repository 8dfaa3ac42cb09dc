"""What a source is: a pure translation of one HTTP request into events, and of what became of
them into the answer that the protocol's clients expect.

A source never touches the queue. The endpoint hands it a request, appends the events that it
reads, and asks it for the answer.

To add a source: one file beside this one with a subclass of `Source`, its `Settings`, its tests,
and a line under ``[project.entry-points."gateway.sources"]``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gateway.event import Event, EventError, read_event

MAX_EVENTS = 1000
"""Events in one request."""


@dataclass(slots=True)  # one for each request: freezing it would make it three times as dear
class Inbound:
    """One HTTP request as a source sees it.

    path: the path of the URL. query: the raw query string. headers: names in lower case.
    body: already inflated, whatever its ``Content-Encoding`` was.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


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
    never repeats what was sent. retry_after: seconds after which the sender may try again.
    """

    def __init__(
        self, status: int, reason: str, message: str, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message
        self.retry_after = retry_after

    def answer(self) -> Answer:
        answer = Answer.json(self.status, {"error": self.message, "reason": self.reason})
        if self.retry_after is None:
            return answer
        return replace(answer, headers={**answer.headers, "retry-after": str(self.retry_after)})


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event of a request that cannot be read. index: its place in the request, from 0."""

    index: int
    message: str


@dataclass(slots=True)
class Batch:
    """What was read from one request.

    events: those that can be read, in order, each with an ``event_id`` once they are accepted.
    refused: those that cannot.
    trusted: the sender has proved who it is (a backend with a key).
    """

    events: list[Event] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    trusted: bool = False


def _is_rate(text: str) -> str:
    from limits import parse  # heavy, and few sources have a limit

    try:
        parse(text)
    except ValueError:
        raise ValueError("not a rate: write it like 100/second or 5000/hour") from None
    return text


class SourceSettings(BaseModel):
    """Settings that every source has. Subclasses add the protocol's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    type: str
    paths: list[Annotated[str, StringConstraints(pattern=r"^/")]] = Field(
        default=[],
        description="URL paths that this source answers; each starts with a slash. One more at the "
        "end of a request's path makes no difference.",
    )
    allowed_origins: list[str] = Field(
        default=[], description="Origins whose pages may read the answers (CORS, with cookies)."
    )
    rate_limit: Annotated[str, AfterValidator(_is_rate)] | None = Field(
        default=None,
        description="Most requests from one address, such as `100/second` or `5000/hour`; "
        "more are answered 429. Counted by each web process on its own.",
    )
    spool: bool | None = Field(
        default=None,
        description="Keep its events on disk while Redis cannot take them. By default so where "
        "browsers send, who seldom try again, and not where backends do.",
    )


S = TypeVar("S", bound=SourceSettings)
SettingsClass = type[SourceSettings]


class Source(ABC, Generic[S]):
    """A wire protocol, set up with its settings.

    type: the name in the configuration. methods: HTTP methods that it answers.
    paths: where it answers unless the configuration says otherwise.
    from_browsers: those who send seldom try again when they are refused.
    """

    type: ClassVar[str]
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    paths: ClassVar[tuple[str, ...]]
    from_browsers: ClassVar[bool] = False
    Settings: ClassVar[SettingsClass] = SourceSettings

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @property
    def spools(self) -> bool:
        """Whether its events go to the spool while Redis cannot take them."""
        chosen = self.settings.spool
        return self.from_browsers if chosen is None else chosen

    @abstractmethod
    def read(self, request: Inbound) -> Batch:
        """The events in `request`. Raises `Refused` when nothing in it can be used."""

    @abstractmethod
    def answer(self, batch: Batch) -> Answer:
        """The answer once the events of `batch` are durable."""


def read_events(
    messages: Sequence[Any],
    translate: Callable[[Any], Event] | None = None,
    trusted: bool = False,
) -> Batch:
    """Each of `messages` read as an event, or refused.

    messages: decoded JSON values. translate: one message of a protocol, of any JSON type, into an
    event that is not yet checked; raises `EventError` when it cannot. Without it they are in the
    gateway's own names. Raises `Refused` when there are too many.
    """
    if len(messages) > MAX_EVENTS:
        raise Refused(413, "too_many_events", f"more than {MAX_EVENTS} events in one request")
    events: list[Event] = []
    refused: list[Refusal] = []
    for index, message in enumerate(messages):
        try:
            events.append(read_event(translate(message) if translate else message))
        except EventError as error:
            refused.append(Refusal(index, str(error)))
    return Batch(events, refused, trusted)
