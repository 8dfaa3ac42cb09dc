"""Every vendor at one address, told apart by their paths; any other path gets webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.vendors.answer import Answer
from tests.vendors.ga4 import GA4
from tests.vendors.meta import Meta


@dataclass
class Vendors:
    meta: Meta = field(default_factory=Meta)
    ga4: GA4 = field(default_factory=GA4)

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """target: path and query, as the request names them."""
        path, _, query = target.partition("?")
        if path.endswith("/events") and path.startswith("/v"):
            return self.meta.answer(method, path, body)
        if path.endswith("/collect"):
            return self.ga4.answer(method, path, query, body)
        return Answer(204)
