"""Reads the URL of a page, once for `page`, `campaign` and `click_ids`."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from destinations.url_parts import HOST, PORT, SCHEME, USER
from gateway.system.bounded_cache import BoundedCache

_MAX_REMEMBERED = 2_048

_URL = re.compile(
    rf"{SCHEME}//{USER}{HOST}{PORT}(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?",
    re.IGNORECASE,
)

CAMPAIGN = {
    "source": ("utm_source", "mtm_source", "pk_source"),
    "medium": ("utm_medium", "mtm_medium", "pk_medium"),
    "name": ("utm_campaign", "mtm_campaign", "pk_campaign"),
    "term": ("utm_term", "mtm_keyword", "mtm_kwd", "pk_keyword", "pk_kwd"),
    "content": ("utm_content", "mtm_content", "pk_content"),
    "id": ("utm_id", "mtm_cid", "pk_cid"),
    "source_platform": ("utm_source_platform",),
    "creative_format": ("utm_creative_format",),
    "marketing_tactic": ("utm_marketing_tactic",),
}
"""The parts of a campaign and the parameters that carry them, the preferred one first.

Sources: support.google.com/analytics/answer/10917952 (utm),
matomo.org/faq/reports/what-is-campaign-tracking-and-why-it-is-important (mtm, pk)
"""

CLICK_IDS = (
    "gclid",  # Google
    "gbraid",  # Google
    "wbraid",  # Google
    "dclid",  # Google
    "gclsrc",  # Google
    "gad_source",  # Google
    "gad_campaignid",  # Google
    "srsltid",  # Google
    "fbclid",  # Meta
    "igshid",  # Meta
    "msclkid",  # Microsoft
    "ttclid",  # TikTok
    "twclid",  # X
    "li_fat_id",  # LinkedIn
    "epik",  # Pinterest
    "ScCid",  # Snap
    "rdt_cid",  # Reddit
    "oppref",  # OpenAI
    "qclid",  # Quora
    "_kx",  # Klaviyo
    "mc_cid",  # Mailchimp
    "mc_eid",  # Mailchimp
    "irclickid",  # Impact
    "irclid",  # Impact
    "yclid",  # Yandex
    "ysclid",  # Yandex
    "_hsenc",  # HubSpot
    "_hsmi",  # HubSpot
    "mkt_tok",  # Marketo
    "awc",  # Awin
    "cjevent",  # CJ
    "sscid",  # ShareASale
    "ranMID",  # Rakuten
    "ranEAID",  # Rakuten
    "ranSiteID",  # Rakuten
    "tduid",  # Tradedoubler
    "clickref",  # Partnerize
    "tblci",  # Taboola
    "dicbo",  # Outbrain
    "ef_id",  # Adobe
    "s_kwcid",  # Adobe
    "_branch_match_id",  # Branch
    "vero_id",  # Vero
    "oly_enc_id",  # Omeda
    "oly_anon_id",  # Omeda
    "bd_vid",  # Baidu
)
"""Parameters by which advertising and mailing platforms mark a click, as they spell them."""

_PART_OF = {name: part for part, names in CAMPAIGN.items() for name in names}
_CLICK_ID_OF = {name.lower(): name for name in CLICK_IDS}
_READ = frozenset(_CLICK_ID_OF).union(_PART_OF)


class PageUrl(NamedTuple):
    """The parts of a URL. Shared by all events with this URL: copy `campaign` and `click_ids`,
    never change them.

    hostname: in lower case, without port; empty if the text is not an absolute URL.
    path: as it is written, with its percent signs; ``/`` if the URL has none.
    """

    hostname: str
    path: str
    campaign: Mapping[str, str]
    click_ids: Mapping[str, str]


_NO_URL = PageUrl("", "", {}, {})


def _is_short(url: str) -> bool:
    return len(url) <= _MAX_REMEMBERED


def _read(url: str) -> PageUrl:
    parts = _URL.match(url)
    if not parts:
        return _NO_URL
    host, path, query = parts.groups()
    found = _parameters(query) if query else {}
    if not found:
        return PageUrl(host.lower(), path or "/", {}, {})
    return PageUrl(host.lower(), path or "/", _campaign(found), _click_ids(found))


read_page_url: Callable[[str], PageUrl] = BoundedCache(_read, _is_short).__getitem__
"""From the text of ``page_location`` to its parts. Accepts any text."""


def _parameters(query: str) -> dict[str, str]:
    """The campaign and click id parameters in `query`, their names in lower case; if one is
    repeated, its first value that is not blank."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = (unquote(name) if "%" in name else name).lower()
        if value and name in _READ and name not in found:
            text = (unquote_plus(value) if "%" in value or "+" in value else value).strip()
            if text:
                found[name] = text
    return found


def _campaign(found: Mapping[str, str]) -> dict[str, str]:
    campaign: dict[str, str] = {}
    for name, part in _PART_OF.items():
        if name in found:
            campaign.setdefault(part, found[name])
    return campaign


def _click_ids(found: Mapping[str, str]) -> dict[str, str]:
    return {_CLICK_ID_OF[name]: value for name, value in found.items() if name in _CLICK_ID_OF}
