"""What a destination is: a pure translation of events into requests and of responses into outcomes.

A destination never sends anything. The drain asks it for requests, sends them, and asks it what
the response means for each event. Therefore `explain`, dry runs, replays and tests run the same
code as production.

To add a destination, read docs/adding-a-destination.md.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from destinations.api_versions import ApiVersions
from destinations.hashed_forms import PersonalData
from destinations.mapping import Hasher, Mapper, MappingSettings, compile_mapping
from destinations.masking import Masker

Event = dict[str, Any]
"""One event in the gateway's model; `gateway.event.model` documents and checks its fields."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor accepts.

    max_events: events in one request.
    max_age: older events are refused by the vendor, so the gateway ends them as expired.
    dedupe: the age up to which the vendor recognises a repeated event.
    linger: how long a single event may wait for others that share its request. Unless requests take
        several events, this only delays them.
    poll_every: the least time between two polls (`Destination.poll`).
    requests_per_day: how many requests the vendor accepts in a day; 0 for no such limit. The fewer
        are left, the longer events wait for others, even beyond `linger`.
    """

    max_events: int = 1
    max_age: timedelta = timedelta(days=7)
    dedupe: timedelta = timedelta(0)
    linger: timedelta = timedelta(0)
    poll_every: timedelta = timedelta(0)
    requests_per_day: int = 0


class Request(NamedTuple):
    """One HTTP request, complete except for an access token, which is all that the drain adds.

    events: positions, in the sequence given to `Destination.requests`, of the events it carries.
    test: whether it tells the vendor that its events are tests.
    credential: name of the credential in the configuration whose access token the drain adds as
        ``Authorization: Bearer``. "" for none.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    events: tuple[int, ...]
    test: bool = False
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Unsendable:
    """An event that is known, before anything is sent, to be impossible to send.

    event: position in the sequence given to `Destination.requests`.
    reason: what is missing or wrong, naming fields and never their values.
    """

    event: int
    reason: str


@dataclass(frozen=True, slots=True)
class Response:
    """A vendor's response. Header names are lower case; the body is cut at the client's limit."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Result = Literal["delivered", "submitted", "retry", "rejected", "expired"]
Scope = Literal["event", "request", "destination", "configuration"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one event at one destination.

    result: ``delivered``; ``submitted`` (the vendor has accepted it and reports the result later);
        ``retry`` (may succeed later); ``rejected`` (can never succeed); ``expired`` (past the
        deadline).
    reason: the vendor's words or the gateway's. The gateway's never contain personal data.
    scope: what the outcome applies to. ``event``: only this event. ``request``: the request as a
        whole was refused, so a request of several events is halved to find the faulty one. If
        other events of the request have an outcome of their own, they caused the refusal, and the
        events with this scope are sent again.
        ``destination``: nothing would be accepted now (down, throttled); if this repeats, the
        destination is paused and its events wait. ``configuration``: nothing will be accepted
        until credentials or settings are corrected. If another event gets the same outcome, the
        destination is paused, and the reason says what to correct; if another event is accepted,
        the outcome applied to the events of the request.
    retry_after: seconds that the vendor asks to wait, if it does.
    usage: used percentage of the vendor's limit, if the response states it. From `HIGH_USAGE` on,
        the next requests are sent more slowly. All outcomes of a request have the same value.
    warnings: the vendor's notices that do not change the result, such as the end of an API
        version. The first few are kept, shortened. What holds for `reason` holds for them.
    ticket: the vendor's id for polling a submitted event. Events of a request that share a ticket
        are polled together.
    poll_after: seconds until the first poll.
    """

    result: Result
    reason: str = ""
    scope: Scope = "event"
    retry_after: float | None = None
    usage: float | None = None
    warnings: tuple[str, ...] = ()
    ticket: str = ""
    poll_after: float = 0.0


DELIVERED = Outcome("delivered")


def submitted(ticket: str, poll_after: float) -> Outcome:
    """The outcome of an event that the vendor has accepted and whose result it reports later.

    ticket: the vendor's id for polling. poll_after: seconds until the first poll.
    """
    reason = "the vendor has accepted it and tells later what became of it"
    return Outcome("submitted", reason, ticket=ticket, poll_after=poll_after)


NO_CONVERSIONS = frozenset({"identify", "group", "alias", "user_engagement"})
"""Names of events that identify a visitor or measure how long a page was seen. No advertising
platform counts them."""

HIGH_USAGE = 75.0
"""The used percentage of a vendor's limit at which requests begin to be sent more slowly."""

THROTTLE_SECONDS = 1.0
"""How long to wait after a 429 that does not say how long."""


class DestinationSettings(BaseModel):
    """Settings that every destination has. Subclasses add the vendor's own.

    Descriptions of the fields become the documentation and the JSON Schema.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        defer_build=True,  # the validator of the whole configuration does the work of this one
    )

    type: str
    mapping: MappingSettings = Field(
        default=MappingSettings(),
        description="What the vendor gets of an event: its name, and the vendor's own fields. "
        "Applied after consent and `rules`.",
    )

    def credential_names(self) -> Iterator[str]:
        """Names of the credentials in the configuration that requests refer to."""
        yield from ()

    def secrets(self) -> Iterator[str]:
        """Values that must never be shown."""
        return filter(None, (each.get_secret_value() for each in _values_of(SecretStr, self)))


V = TypeVar("V")


def _values_of(kind: type[V], value: object) -> Iterator[V]:
    if isinstance(value, kind):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _values_of(kind, getattr(value, name))
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _values_of(kind, part)


S = TypeVar("S", bound=DestinationSettings)
SettingsClass = type[DestinationSettings]


class Destination(ABC, Generic[S]):
    """A type of destination, created with its settings.

    type: the name in the configuration.
    title: name of the vendor's API in its documentation.
    test_mode: how to send events that the vendor shows or checks as tests, in Markdown; "" if the
        vendor has no test mode.
    limits: what the vendor accepts. An instance overrides them if they depend on its settings.
    quota: what ``limits.requests_per_day`` belongs to. Destinations with the same quota share it.
    sends_once: whether an event that may have been delivered is never sent again, whatever
        `delivery.on_ambiguous` says. An instance overrides it if it depends on its settings.
    consent: consent types that an event requires, unless configured otherwise.
    anonymous: whether the vendor accepts events that do not identify the visitor. They have
        ``anonymised: true`` and no identifying fields (`gateway.stages.anonymise` lists the fields
        that remain). If false, `on_denied: anonymise` is a mistake in the configuration.
    purpose: what the vendor does with events: ``advertising``, ``analytics``, or ``own`` for a
        system of the site's owner. It determines which fields stay when a visitor denied a consent
        type (`gateway.stages.field_consent.table`), unless configured otherwise.
    ip: form of the visitor's address that the vendor receives, unless configured otherwise. Only
        vendors that match people by address need it in full.
    allow_private_addresses: whether requests may go to addresses that are not on the public
        internet, unless configured otherwise. Only for a vendor with an address that is fixed in
        code.
    integration_names: names of the vendor in an event's `integrations` of Segment and RudderStack,
        in any case; the configuration can add more.
    unwanted_events: names of events that the vendor never accepts: they are withheld. They are
        compared with the name of the event after all rules.
    fields: names of the event fields that the destination reads; None if it may read any.
    api_versions: when the versions of the vendor's API end, if they do.
    built_in_mapping: the mapping of events and fields that applies unless configured otherwise;
        None if `requests` does not use `mapper`, so that `mapping` is a mistake in the
        configuration.
    mapped_fields: the outermost fields of the vendor's event that a mapping may set; all if empty.
    Settings: the vendor's settings; unknown keys are errors.
    """

    type: ClassVar[str]
    title: ClassVar[str] = ""
    test_mode: ClassVar[str] = ""
    limits: Limits = Limits()
    quota: str = ""
    sends_once: bool = False
    consent: ClassVar[tuple[str, ...]] = ("ad_storage", "ad_user_data")
    anonymous: ClassVar[bool] = False
    purpose: ClassVar[Literal["advertising", "analytics", "own"]] = "advertising"
    ip: ClassVar[Literal["full", "anonymised", "none"]] = "anonymised"
    allow_private_addresses: ClassVar[bool] = False
    integration_names: ClassVar[tuple[str, ...]] = ()
    unwanted_events: ClassVar[frozenset[str]] = frozenset()
    fields: ClassVar[frozenset[str] | None] = None
    api_versions: ClassVar[ApiVersions | None] = None
    built_in_mapping: ClassVar[MappingSettings | None] = None
    mapped_fields: ClassVar[frozenset[str]] = frozenset()
    Settings: ClassVar[SettingsClass]

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        """The requests that carry `events`, each event in exactly one request or `Unsendable`.

        events: any number of events; the destination groups them.
        now: Unix seconds of this attempt.
        """

    def unsendable(self, event: Event) -> str:
        """Why `event` can never be sent; "" if it can.

        Such an event is withheld on arrival. This runs while the sender waits, so it must be fast.
        Faults that an operator can repair, such as a missing value, belong in `requests`.
        event: as this destination receives it, after its own rules.
        """
        return ""

    @abstractmethod
    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        """One outcome for each of ``request.events``, in that order."""

    def poll(self, ticket: str) -> Request | None:
        """The request that asks for the verdicts on the events submitted under `ticket`; None if
        there is no such request. It carries no events, costs no try, and goes to one of `hosts`."""
        return None

    def verdicts(self, ticket: str, events: int, response: Response) -> Iterable[Outcome | None]:
        """The verdicts in the response to a `poll`: one for each event of the submitted request, in
        the same order; None for an event without a verdict yet, and for all events if the poll
        itself failed. Verdicts on events with another ticket are ignored.

        events: how many the request carried. An event with ``retry`` is sent again: later, or, if
        the scope is the destination or its configuration, after a pause.
        """
        return [None] * events

    def check(self, request: Request) -> Request | None:
        """A second request, whose response only says what is wrong with `request`; None if there is
        none.

        It is sent together with `request`, to one of `hosts`. It never changes the outcomes of
        `request`.
        """
        return None

    def check_warnings(self, response: Response) -> Iterable[str]:
        """The warnings in the response to a `check`. They are added to the delivered events of its
        request."""
        return ()

    def hosts(self) -> Iterator[str]:
        """The hosts to which requests may go. The gateway sends to no others.

        By default, these are the hosts of all URLs in the settings. A destination whose host is
        fixed in code, or made from other settings, yields it here.
        """
        return (url.host or "" for url in _values_of(HttpUrl, self.settings))

    @classmethod
    def takes_anonymous(cls, settings: S) -> bool:
        """`anonymous` for a destination with `settings`, on which it may depend."""
        return cls.anonymous

    @classmethod
    def hashers(cls, settings: S) -> Mapping[str, Hasher]:
        """Functions for personal data in a mapping, by the path of the vendor's field that it sets.
        A mapping that sets any other field from personal data is a mistake.

        `normalise.hasher` makes one that hashes.
        """
        return {}

    @classmethod
    def personal_data(cls, settings: S) -> PersonalData | None:
        """The parts of ``user_data`` that the destination reads: with `hash_at_ingest`, no others
        are stored. None if it reads ``user_data`` as it is; it then receives the hashes that are
        stored for others."""
        return None

    @cached_property
    def mapper(self) -> Mapper:
        """The built-in mapping with the user's changes, compiled."""
        built_in = self.built_in_mapping or MappingSettings()
        return compile_mapping(built_in, self.settings.mapping, self.hashers(self.settings))

    def max_age(self, event: Event) -> timedelta:
        """The age up to which the vendor accepts `event`, at least ``limits.max_age``. event: as it
        came in, or as the destination receives it."""
        return self.limits.max_age

    def recognises(self, event: Event, age: float) -> bool:
        """Whether the vendor would recognise a repetition of `event`, `age` seconds old."""
        return age < self.limits.dedupe.total_seconds() and self.has_id(event)

    def has_id(self, event: Event) -> bool:
        """Whether `event` is sent with the id by which the vendor recognises a repetition.

        Override it if a mapping can remove the id.
        """
        return True

    def secrets(self) -> Iterator[str]:
        """Values that must never be shown: the secrets in the settings. A destination adds values
        that it derives from them and sends, such as a proof."""
        return self.settings.secrets()

    @cached_property
    def masker(self) -> Masker:
        """Hides `secrets`."""
        return Masker(self.secrets())

    def mask(self, text: str) -> str:
        """`text` without the secrets of this destination, safe to show."""
        return self.masker.text(text)


_is_seconds = re.compile(r"[0-9]+(?:\.[0-9]+)?").fullmatch
"""Allows a fraction, which RFC 9110 does not, because some servers send one."""


def retry_after(response: Response, longest: float = 86_400.0) -> float | None:
    """Seconds in a ``Retry-After`` header, limited to 0 to `longest`.

    A date is relative to the ``Date`` of the response, so that no clock has to be right. None for
    other values. Source: RFC 9110, 10.2.3
    """
    value = response.headers.get("retry-after", "").strip()
    if _is_seconds(value):
        return min(float(value), longest)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers["date"])
    except (KeyError, OverflowError, TypeError, ValueError):
        return None
    return min(max(wait.total_seconds(), 0.0), longest)


def by_status(request: Request, response: Response, words: str = "") -> list[Outcome]:
    """Outcomes by HTTP status only, for responses without further information.

    2xx means delivered. 408, 425, 429 and 5xx concern the destination; 3xx, 401, 403, 404 and 426
    its configuration, since credentials or the address are wrong for every event. Any other status
    rejects the request.
    """
    status = response.status
    reason = f"HTTP {status}" + (f": {words}" if words else "")
    if 200 <= status < 300:
        outcome = DELIVERED
    elif 300 <= status < 400 or status in (401, 403, 404, 426):
        outcome = Outcome("retry", reason, "configuration")
    elif status == 429:
        outcome = Outcome("retry", reason, "destination", retry_after(response) or THROTTLE_SECONDS)
    elif status >= 500 or status in (408, 425):
        outcome = Outcome("retry", reason, "destination", retry_after(response))
    else:
        outcome = Outcome("rejected", reason, "request")
    return [outcome] * len(request.events)
