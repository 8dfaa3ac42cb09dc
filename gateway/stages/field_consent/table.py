"""What each consent type covers: the fields and URL parameters that need it, by purpose of the
destination.

`docs/consent.md` has the same table for people; a test compares the two.

Sources: developers.google.com/tag-platform/security/concepts/consent-mode for the meaning of the
types; business.safety.google/adscookies and the tags of the vendors for the names of cookies;
developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
for Meta's fields; docs.snowplow.io and segment.com/docs for those of trackers; github.com/stape-io,
data-tag, for those of Stape's Data Tag.
"""

from typing import Literal, NamedTuple, get_args

from gateway.event.consent import ConsentType
from gateway.stages.vendor_cookies import ADVERTISING_BROWSERS, ADVERTISING_COOKIES, GA_SESSION
from gateway.urls.page import CLICK_IDS

Purpose = Literal["advertising", "analytics", "own"]
"""What a destination is for: a vendor's advertising, a vendor's statistics, or the site's owner."""

EVERY_PURPOSE: tuple[Purpose, ...] = get_args(Purpose)


class Row(NamedTuple):
    """What is removed for destinations with one of `purposes` if all of the types in `denied` are
    denied.

    fields: a name without dots means that field anywhere in the event, also in objects and lists; a
    name that ends with ``*``, every field with that prefix; a name with dots is a path. parameters:
    of URLs, in lower case.
    """

    denied: tuple[ConsentType, ...]
    purposes: tuple[Purpose, ...]
    fields: tuple[str, ...]
    parameters: tuple[str, ...] = ()


CLICK_NAMES = tuple(dict.fromkeys([*CLICK_IDS, *map(str.lower, CLICK_IDS)]))
"""Click ids as fields of their own: some pages and data layers copy them there."""

OF_GA4 = "x-ga-mp2-"
"""Prefix of the field in which GA4's source keeps an unknown parameter."""

ADVERTISING_FIELDS = (
    "click_ids",
    *dict.fromkeys([*ADVERTISING_BROWSERS, *ADVERTISING_COOKIES]),
    "x-ga-mp2-auid",
    "ctwa_clid",
    "anon_id",
    "madid",
    "advertising_id",
    "advertisingId",
    "idfa",
    "gaid",
    "aaid",
    "appleIdfa",
    "androidIdfa",
    "openIdfa",
    "_dm_session_attributes",
    "awin_sn_awc",
    "stape_klaviyo_kx",
    "wg_cid",
    "common_cookie.ps_id",
)
ADVERTISING_PARAMETERS = ("_gl", "_gac", "gcl_au", "fbp", "_fbp", "fbc", "_fbc", "ctwa_clid")

VISITOR_FIELDS = (
    "client_id",
    "ga_session_id",
    "ga_session_number",
    "app_instance_id",
    "x-ga-ecid",
    "x-ga-js_client_id",
    "x-ga-system_properties.fplc",
    "x-ga-system_properties.fid",
    "_ga",
    "FPID",
    "FPLC",
    "gateway_client_id",
    "user_pseudo_id",
    "domain_userid",
    "domain_sessionid",
    "domain_sessionidx",
    "network_userid",
    "previous_id",
    "anonymous_id",
    "anonymousId",
    "visitor_id",
    "visitorId",
    "session_id",
    "sessionId",
    "previousSessionId",
    "firstEventId",
    "device_id",
    "deviceId",
    "idfv",
    "appleIdfv",
    "contexts.*.data.userId",
    "session_cookie",
    "__utma",
    "_dcid",
    "_dcid_temp",
    "data_client_id",
)
_VISITOR_PREFIXES = (f"{GA_SESSION}*",)
VISITOR_PARAMETERS = ("_gl", "gw_link", "_ga", "_sp", "ajs_aid")

PERSON_FIELDS = ("user_data", "x-ga-em", "_gtmeec", "stape_klaviyo_email")
"""Personal data that people entered, in clear or hashed. The last two are cookies of Stape's tags,
which its Data Tag sends as well."""


def _also_of_ga4(*names: str) -> tuple[str, ...]:
    """`names`, and the names under which GA4's source keeps parameters with these names."""
    plain = [name for name in names if "." not in name and not name.startswith("x-ga-")]
    return (*names, *(OF_GA4 + name for name in plain))


TABLE = (
    Row(
        ("ad_storage",),
        EVERY_PURPOSE,
        _also_of_ga4(*dict.fromkeys([*ADVERTISING_FIELDS, *CLICK_NAMES])),
        (*ADVERTISING_PARAMETERS, *dict.fromkeys(map(str.lower, CLICK_IDS))),
    ),
    Row(("ad_user_data",), ("advertising",), (*PERSON_FIELDS, "user_id", "ajs_uid"), ("ajs_uid",)),
    Row(("ad_user_data",), ("analytics",), PERSON_FIELDS),
    Row(("ad_user_data", "ad_storage"), ("own",), PERSON_FIELDS),
    Row(("ad_user_data", "analytics_storage"), ("own",), PERSON_FIELDS),
    Row(
        ("analytics_storage",),
        EVERY_PURPOSE,
        _also_of_ga4(*VISITOR_FIELDS, *_VISITOR_PREFIXES),
        VISITOR_PARAMETERS,
    ),
    Row(("analytics_storage",), ("analytics",), ("user_id", "ajs_uid"), ("ajs_uid",)),
)
