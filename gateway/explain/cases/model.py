"""The shape of a file of cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    IPvAnyAddress,
    StringConstraints,
    Tag,
    model_validator,
)

from gateway.event import Event, Received, read_event
from gateway.event.fields import read_path
from gateway.stages.conditions import Wanted

ABSENT = "absent"
"""In place of a value: the field must not be there. ``{equals: absent}`` means the text."""

SOURCE = "test"
"""The source of events in cases that name none."""

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
"""The user agent of visitors in cases that state none."""


def _as_sources_read_it(raw: Any) -> Event:
    event = read_event(raw)
    try:
        orjson.dumps(event)
    except TypeError:
        raise ValueError("contains a value that cannot be represented in JSON") from None
    return event


def _not_empty(path: str) -> str:
    if "" in path.split("."):
        raise ValueError(f"{path!r} is not a path; write names of fields with one dot between them")
    return path


FieldsOfEvent = dict[Annotated[str, AfterValidator(read_path)], Wanted]
FieldsOfBody = dict[Annotated[str, AfterValidator(_not_empty)], Wanted]
"""What is wanted of the value at a path: as in `when`, or `ABSENT`."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class _Expected(_Part):
    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if all(getattr(self, name) in (None, {}) for name in type(self).model_fields):
            raise ValueError(f"needs an expectation: one of {', '.join(type(self).model_fields)}")
        return self


class Given(_Part):
    """An event, and how it comes in: from a visitor's browser, unless it says otherwise."""

    event: Annotated[Event, AfterValidator(_as_sources_read_it)] = Field(
        description="Event as a source would read it."
    )
    source: str | None = Field(default=None, description="Name of a source in the configuration.")
    ip: IPvAnyAddress | None = Field(default=None, description="IP address of the sender.")
    user_agent: str | None = Field(
        default=None, description="User agent of the sender. Default: that of a browser."
    )
    headers: dict[str, str] = Field(default={}, description="Headers of the request.")
    trusted: bool = Field(default=False, description="Whether the sender is a backend with a key.")
    at: datetime | None = Field(
        default=None,
        description="Time of the request: Unix seconds or ISO 8601. Default: the event's "
        "`timestamp`, or now.",
    )

    def received(self, now: float) -> Received:
        """How the event comes in. now: Unix seconds, if the case states no time."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.user_agent is not None:
            headers["user-agent"] = self.user_agent
        elif not self.trusted:
            headers.setdefault("user-agent", self.event.get("user_agent", BROWSER))
        return Received(
            self.source or SOURCE,
            self.event.get("timestamp", now) if self.at is None else _seconds(self.at),
            str(self.ip or ""),
            headers.get("user-agent", ""),
            headers,
            self.trusted,
            backend=self.trusted,
        )


class ExpectedRequest(_Expected):
    """One request to a vendor, as `gateway explain` shows it."""

    url: Wanted | None = Field(default=None, description="URL of the request, with secrets masked.")
    body: FieldsOfBody = Field(default={}, description="Expected values in the JSON body, by path.")


def _form(value: Any) -> str:
    return "requests" if isinstance(value, list) else "count"


Count = Annotated[int, Field(ge=0, strict=True)]
Requests = Annotated[
    Annotated[Count, Tag("count")] | Annotated[list[ExpectedRequest], Tag("requests")],
    Discriminator(_form),
]


class ExpectedDestination(_Expected):
    """What a destination gets."""

    decision: Literal["send", "withheld"] | None = Field(
        default=None, description="Expected decision for the destination."
    )
    reason: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None, description="Text that the reason must contain."
    )
    event: FieldsOfEvent = Field(
        default={}, description="Expected fields of the event that the destination receives."
    )
    requests: Requests | None = Field(
        default=None,
        description="Expected number of requests, or what each request must contain.",
    )

    @model_validator(mode="after")
    def _withheld_is_all(self) -> Self:
        if self.decision == "withheld" and (self.event or self.requests is not None):
            raise ValueError("a withheld event has neither `event` nor `requests`")
        return self


def _decision_alone(value: Any) -> Any:
    return {"decision": value} if isinstance(value, str) else value


class Expect(_Expected):
    """What is expected of an event; nothing else of it is looked at."""

    event: FieldsOfEvent = Field(
        default={}, description="Expected fields of the event after the rules."
    )
    destinations: dict[str, Annotated[ExpectedDestination, BeforeValidator(_decision_alone)]] = (
        Field(
            default={},
            description="Expected decision of each destination, `send` or `withheld`, or a "
            "mapping with more details.",
        )
    )


class Case(_Part):
    name: Annotated[str, StringConstraints(min_length=1)] = Field(description="Name of the case.")
    given: Given
    expect: Expect


class Cases(_Part):
    """A file of cases."""

    environment: dict[str, str] = Field(
        default={},
        description="Values for `${NAME}` in the configuration. Variables of the process are "
        "ignored.",
    )
    cases: list[Case] = Field(min_length=1)


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
