"""Every vendor at one address, distinguished by path; any other path takes webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.vendors.answer import Answer
from tests.vendors.ga4 import GA4
from tests.vendors.google_data_manager import GoogleDataManager
from tests.vendors.linkedin import LinkedIn
from tests.vendors.meta import Meta
from tests.vendors.microsoft_uet import MicrosoftUET, is_path
from tests.vendors.openai_ads import PATH as OPENAI_PATH
from tests.vendors.openai_ads import OpenAIAds
from tests.vendors.pinterest import Pinterest
from tests.vendors.reddit import Reddit
from tests.vendors.snapchat import Snapchat
from tests.vendors.tiktok import PATH as TIKTOK_PATH
from tests.vendors.tiktok import TikTok
from tests.vendors.tokens import PATH as TOKEN_PATH
from tests.vendors.tokens import Tokens
from tests.vendors.x import X


@dataclass
class Vendors:
    meta: Meta = field(default_factory=Meta)
    ga4: GA4 = field(default_factory=GA4)
    pinterest: Pinterest = field(default_factory=Pinterest)
    reddit: Reddit = field(default_factory=Reddit)
    snapchat: Snapchat = field(default_factory=Snapchat)
    tiktok: TikTok = field(default_factory=TikTok)
    google_data_manager: GoogleDataManager = field(default_factory=GoogleDataManager)
    linkedin: LinkedIn = field(default_factory=LinkedIn)
    microsoft_uet: MicrosoftUET = field(default_factory=MicrosoftUET)
    x: X = field(default_factory=X)
    openai_ads: OpenAIAds = field(default_factory=OpenAIAds)
    tokens: Tokens = field(default_factory=Tokens)

    def answer(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """target: path and query of the request. headers: names in lower case."""
        path, _, query = target.partition("?")
        if path == TOKEN_PATH:
            return self.tokens.answer(method, headers or {}, body)
        if path == TIKTOK_PATH:
            return self.tiktok.answer(method, path, headers or {}, body)
        if path == OPENAI_PATH:
            return self.openai_ads.answer(method, path, headers or {}, body)
        if "/ad_accounts/" in path:
            return self.pinterest.answer(method, target, headers or {}, body)
        if path.endswith("/conversion_events"):
            return self.reddit.answer(method, path, headers or {}, body)
        if path.startswith("/v3/"):
            return self.snapchat.answer(method, path, headers or {}, body)
        if is_path(path):
            return self.microsoft_uet.answer(method, path, headers or {}, body)
        if path.endswith("/events") and path.startswith("/v"):
            return self.meta.answer(method, path, body)
        if path in ("/v1/events:ingest", "/v1/requestStatus:retrieve"):
            token = (headers or {}).get("authorization", "")
            return self.google_data_manager.answer(method, path, query, body, token)
        if path.endswith("/collect"):
            return self.ga4.answer(method, path, query, body)
        if path == "/rest/conversionEvents":
            return self.linkedin.answer(method, path, headers or {}, body)
        if "/measurement/conversions/" in path:
            return self.x.answer(method, path, headers or {}, body)
        return Answer(204)
