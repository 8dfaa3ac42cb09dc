"""Everything that a destination or source in a package of its own imports.

These names are stable: they change only with a new major version. All other modules of `gateway`
and `destinations` may change at any time. Nothing in the gateway imports this module.

A package registers its classes as entry points in its `pyproject.toml`, under the name that stands
as `type` in the configuration::

    [project.entry-points."gateway.destinations"]
    carrier = "carrier:Carrier"

    [project.entry-points."gateway.sources"]
    postcard = "carrier:Postcard"
"""

from destinations.base import (
    DELIVERED,
    NO_CONVERSIONS,
    Destination,
    DestinationSettings,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
    by_status,
    retry_after,
)
from destinations.common import (
    BaseUrl,
    Credential,
    Url,
    event_time,
    event_value,
    to_json,
    vendor_words,
)
from destinations.remarks import remark
from gateway.event import EventError
from gateway.sources.answers import accepted
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refusal,
    Refused,
    Source,
    SourceSettings,
    TrustedSourceSettings,
    read_events,
)
from gateway.sources.description import AnswerDescription, Operation
from gateway.sources.reading import decode_body

__all__ = [
    "DELIVERED",
    "NO_CONVERSIONS",
    "Answer",
    "AnswerDescription",
    "BaseUrl",
    "Batch",
    "Credential",
    "Destination",
    "DestinationSettings",
    "Event",
    "EventError",
    "Inbound",
    "Limits",
    "Operation",
    "Outcome",
    "Refusal",
    "Refused",
    "Request",
    "Response",
    "Source",
    "SourceSettings",
    "TrustedSourceSettings",
    "Unsendable",
    "Url",
    "accepted",
    "by_status",
    "decode_body",
    "event_time",
    "event_value",
    "read_events",
    "remark",
    "retry_after",
    "to_json",
    "vendor_words",
]
