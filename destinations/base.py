"""What a destination is: a pure translation of events into requests and of responses into outcomes.

A destination never sends anything. The forwarder asks it for requests, sends them, and asks it
what the response means for each event. That is why `explain`, dry runs, replays and tests are
the code of production.

To add a destination, read docs/adding-a-destination.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from destinations.masking import Masker

Event = dict[str, Any]
"""One event in the gateway's model; `gateway.event.model` documents and checks its fields."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor accepts.

    max_events: events in one request.
    max_age: older events are refused by the vendor, so the gateway ends them as expired.
    dedupe: how old an event may be when the vendor recognises it as one that it has already.
    """

    max_events: int = 1
    max_age: timedelta = timedelta(days=7)
    dedupe: timedelta = timedelta(0)


class Request(NamedTuple):
    """One HTTP request, complete: the forwarder adds nothing to it.

    events: positions, in the sequence given to `Destination.requests`, of the events it carries.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsendable:
    """An event that no request can be made of, found before anything is sent.

    event: position in the sequence given to `Destination.requests`.
    reason: what is missing or wrong, naming fields and never their values.
    """

    event: int
    reason: str


@dataclass(frozen=True, slots=True)
class Response:
    """A vendor's answer. Header names are lower case; the body is cut at the client's limit."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Result = Literal["delivered", "retry", "rejected", "expired"]
Scope = Literal["event", "request", "destination", "configuration"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event at one destination.

    result: ``delivered``; ``retry`` (may succeed later); ``rejected`` (can never succeed);
        ``expired`` (past the deadline).
    reason: the vendor's own words, or ours; never personal data of ours.
    scope: what the verdict is about. ``event``: this event alone. ``request``: the request as a
        whole was refused, so a request of several events is halved to find the guilty one.
        ``destination``: nothing would be accepted now (down, throttled); when this repeats, the
        destination is paused and its events wait. ``configuration``: nothing will be accepted
        until somebody mends credentials or settings. If another event gets such a verdict too, the
        destination is paused, and the reason says what to mend; if another one is taken, the
        verdict was about the events of the request.
    retry_after: seconds that the vendor asks us to wait, if it said so.
    usage: how many percent of the vendor's limit are used by now, if it said so with the answer.
        From 75 on the next requests are sent more slowly. All outcomes of a request have the same.
    """

    result: Result
    reason: str = ""
    scope: Scope = "event"
    retry_after: float | None = None
    usage: float | None = None


DELIVERED = Outcome("delivered")

NO_CONVERSIONS = frozenset({"identify", "group", "alias", "user_engagement"})
"""Names of events that tell who a visitor is, or how long a page was seen: no advertising platform
counts them."""

THROTTLE_SECONDS = 1.0
"""How long a vendor is left alone that throttles (429) and does not say for how long."""


class DestinationSettings(BaseModel):
    """Settings that every destination has. Subclasses add the vendor's own.

    Descriptions of the fields become the documentation and the JSON Schema.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, hide_input_in_errors=True
    )

    type: str

    def secrets(self) -> Iterator[str]:
        """The values that must never be shown."""
        for name in type(self).model_fields:
            yield from _secrets_in(getattr(self, name))


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield from filter(None, [value.get_secret_value()])
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _secrets_in(part)


S = TypeVar("S", bound=DestinationSettings)
SettingsClass = type[DestinationSettings]


class Destination(ABC, Generic[S]):
    """A kind of destination, set up with its settings.

    type: the name in the configuration.
    limits: what the vendor accepts.
    consent: Consent Mode types that an event needs, unless the configuration says otherwise.
    anonymous: whether the vendor takes events that do not tell whom they are about. They have
        ``anonymised: true`` and none of the fields that identify (`gateway.stages.anonymise` lists
        what they have). Otherwise `on_denied: anonymise` is a mistake in the configuration.
    purpose: what the vendor does with events: ``advertising``, ``analytics``, or ``own`` for an
        address of the site's owner. It decides which fields stay when a visitor denied something
        (`gateway.stages.field_consent.table`); the configuration can say otherwise.
    ip: how much of the visitor's address it gets, unless the configuration says otherwise; only
        who matches people by it needs it whole.
    allow_private_addresses: whether requests may go to addresses that are not on the public
        internet, unless the configuration says otherwise. Only for a vendor with an address that is
        fixed in code.
    integration_names: what Segment and RudderStack call the vendor in an event's `integrations`,
        in any case; the configuration can add more.
    unwanted_events: names of events that it never takes: they are withheld. They are compared with
        the name that an event has after all rules.
    Settings: the vendor's settings; unknown keys are errors.
    """

    type: ClassVar[str]
    limits: ClassVar[Limits] = Limits()
    consent: ClassVar[tuple[str, ...]] = ("ad_storage", "ad_user_data")
    anonymous: ClassVar[bool] = False
    purpose: ClassVar[Literal["advertising", "analytics", "own"]] = "advertising"
    ip: ClassVar[Literal["full", "anonymised", "none"]] = "anonymised"
    allow_private_addresses: ClassVar[bool] = False
    integration_names: ClassVar[tuple[str, ...]] = ()
    unwanted_events: ClassVar[frozenset[str]] = frozenset()
    Settings: ClassVar[SettingsClass]

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        """The requests that carry `events`, each event in exactly one request or `Unsendable`.

        events: what the forwarder read, any number; the destination groups and cuts them.
        now: Unix seconds of this attempt.
        """

    def unsendable(self, event: Event) -> str:
        """Why no request can ever be made from `event`; "" if one can.

        Such an event is withheld on arrival. This runs while the sender waits, so it must be fast.
        Leave to `requests` what an operator can repair, such as a missing value.
        event: as this destination may have it, after its own rules.
        """
        return ""

    @abstractmethod
    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        """One outcome for each of ``request.events``, in that order."""

    @classmethod
    def takes_anonymous(cls, settings: S) -> bool:
        """`anonymous`, where it does not depend on `settings`."""
        return cls.anonymous

    def recognises(self, event: Event, age: float) -> bool:
        """Whether the vendor would notice that `event`, `age` seconds old, comes a second time."""
        return age < self.limits.dedupe.total_seconds()

    def secrets(self) -> Iterator[str]:
        """What must never be shown: the secrets in the settings. A destination adds what it derives
        from them and sends, such as a proof."""
        return self.settings.secrets()

    @cached_property
    def masker(self) -> Masker:
        """Hides `secrets`."""
        return Masker(self.secrets())

    def mask(self, text: str) -> str:
        """`text` without the secrets of this destination, as it may be shown to a person."""
        return self.masker.text(text)


def retry_after(response: Response, longest: float = 86_400.0) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, kept between 0 and `longest`.

    A date counts from the answer's own ``Date``, so that no clock has to be right. None for
    anything else. Source: RFC 9110, 10.2.3
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), longest)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers["date"])
    except (KeyError, TypeError, ValueError):
        return None
    return min(max(wait.total_seconds(), 0.0), longest)


def by_status(request: Request, response: Response, words: str = "") -> list[Outcome]:
    """Outcomes by HTTP status alone, for answers of which a destination knows no more.

    2xx delivered; 408, 425, 429 and 5xx are about the destination; 3xx, 401, 403, 404 and 426 about
    its configuration, since credentials or the address are wrong for every event; any other status
    refuses the request.
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
