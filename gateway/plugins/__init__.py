"""Everything that a destination or source in a package of its own imports.

These names are stable: they change only with a new major version, and before 1.0 with a new minor
version. So are the functions of `normalise`, which hash personal data as vendors match it, and
`gateway.testing`. All other modules of `gateway` and `destinations` may change at any time. Nothing
in the gateway imports this module.

A package registers its classes as entry points in its `pyproject.toml`, under the name that is the
`type` in the configuration::

    [project.entry-points."gateway.destinations"]
    carrier = "carrier:Carrier"

    [project.entry-points."gateway.sources"]
    postcard = "carrier:Postcard"
"""

from destinations import normalise
from destinations.api_versions import ApiVersions
from destinations.base import (
    DELIVERED,
    HIGH_USAGE,
    NO_CONVERSIONS,
    THROTTLE_SECONDS,
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
    submitted,
)
from destinations.event_values import event_time, event_value
from destinations.hashed_forms import Needs, PersonalData
from destinations.json_values import to_json
from destinations.mapping import Hasher, Mapper, MappingSettings
from destinations.remarks import remark
from destinations.setting_types import BaseUrl, Credential, PhoneRegion, Url
from destinations.vendor_answers import vendor_words
from gateway.event import EventError
from gateway.event.consent import CONSENT_TYPES
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
from gateway.sources.description import (
    ACCEPTED,
    JSON,
    NONE_ACCEPTED,
    SOME_ACCEPTED,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
)
from gateway.sources.keys import Key, KeySet
from gateway.sources.reading import as_object, decode_body, header_bytes, present

__all__ = [
    "ACCEPTED",
    "CONSENT_TYPES",
    "DELIVERED",
    "HIGH_USAGE",
    "JSON",
    "NONE_ACCEPTED",
    "NO_CONVERSIONS",
    "SOME_ACCEPTED",
    "THROTTLE_SECONDS",
    "UNAUTHORIZED",
    "Answer",
    "AnswerDescription",
    "ApiVersions",
    "BaseUrl",
    "Batch",
    "Credential",
    "Destination",
    "DestinationSettings",
    "Event",
    "EventError",
    "Hasher",
    "Inbound",
    "Key",
    "KeySet",
    "Limits",
    "Mapper",
    "MappingSettings",
    "Needs",
    "Operation",
    "Outcome",
    "PersonalData",
    "PhoneRegion",
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
    "as_object",
    "by_status",
    "decode_body",
    "event_time",
    "event_value",
    "header_bytes",
    "normalise",
    "present",
    "read_events",
    "remark",
    "retry_after",
    "submitted",
    "to_json",
    "vendor_words",
]
