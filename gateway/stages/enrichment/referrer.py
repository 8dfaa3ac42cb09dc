"""`referrer`: the site that led the visitor here, from `page_referrer`."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment, PartSettings
from gateway.stages.enrichment.known_sites import find_site
from gateway.stages.enrichment.tables import Tables
from gateway.urls.domains import host_name, is_within, registrable_domain
from gateway.urls.page import read_page_url

_CACHED = 4_096
_LONGEST = 300
"""More characters than the name of a host has."""

Domain = Annotated[
    str,
    StringConstraints(to_lower=True, pattern=r"^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+$", max_length=253),
]


class ReferrerSettings(PartSettings):
    ignore: list[Domain] = Field(
        default=[],
        description="Domains, including subdomains, that do not count as referrers: your other "
        "domains, and domains that visitors only return from, such as payment providers.",
    )


def load(settings: ReferrerSettings | None = None, _: Tables | None = None) -> Enrichment:
    referrer_of = _compile(settings or ReferrerSettings())

    def find_referrer(event: Event, _: Received) -> Additions:
        """``referrer: {hostname, source, type}``, unless the referrer is the same site.

        source: the name of a known site (``google``), else the host without ``www.``. type: its
        kind, ``search``, ``social``, ``video``, ``shopping``, ``ai_assistant``, ``email`` or
        ``other``.
        """
        url = event.get("page_referrer")
        if not url or ("referrer" in event and event["referrer"] not in (None, "", {})):
            return {}
        host = read_page_url(url).hostname
        here = event.get("page_hostname") or read_page_url(event.get("page_location", "")).hostname
        found = referrer_of(host, here[:_LONGEST].lower()) if 0 < len(host) < _LONGEST else None
        return {"referrer": {**found}} if found else {}

    return find_referrer


def _compile(settings: ReferrerSettings) -> Callable[[str, str], Mapping[str, str] | None]:
    ignored = tuple(settings.ignore)

    @lru_cache(_CACHED)
    def referrer_of(host: str, here: str) -> Mapping[str, str] | None:
        """None when the visitor came from `here`, or from a host that does not count."""
        name = host_name(host)
        if not name or name == here or any(is_within(name, domain) for domain in ignored):
            return None
        domain = registrable_domain(name)
        if domain and domain == registrable_domain(host_name(here)):
            return None
        site = find_site(name)
        source, kind = site or (name.removeprefix("www."), "other")
        return {"hostname": name, "source": source, "type": kind}

    return referrer_of
