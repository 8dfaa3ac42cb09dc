"""Selects the headers of a request that are stored with a held event: only those a stage reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.configuration.settings import Settings
from gateway.event import Received
from gateway.stages.consent import consent_needs
from gateway.stages.enrichment import enrichment_needs
from gateway.stages.identity import identity_needs
from gateway.stages.needs import compile_needed_headers


def compile_held_request(settings: Settings) -> Callable[[Received], Received]:
    """The function that reduces a `Received` to the headers and cookies that the stages of
    `settings` read: no key, and no session of the site."""
    needed = compile_needed_headers(
        [
            consent_needs(settings.consent),
            identity_needs(settings.identity),
            enrichment_needs(settings.enrichment),
        ]
    )
    return lambda received: replace(received, headers=needed(received.headers))
