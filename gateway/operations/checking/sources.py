"""What `gateway check` says about sources that get the requests of others below a prefix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings, build_sources
from gateway.configuration.yaml_file import read_yaml
from gateway.sources.claims import Claim, claims_of


def source_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A line for each source that does not get its requests below a prefix because a shorter path
    of another does, with what to do about it."""
    file = read_yaml(settings.text, {})
    claims = [
        claim
        for name, source in build_sources(settings).items()
        for claim in claims_of(name, source)
        if claim.role == "events"
    ]
    below = [claim for claim in claims if claim.any_prefix]
    told: set[tuple[str, str]] = set()
    for claim in claims:
        taker = None if claim.any_prefix else _taker(claim, below)
        if taker is None or (claim.source, taker.source) in told:
            continue
        told.add((claim.source, taker.source))
        line = file.line(("sources", claim.source))
        yield (
            f"Note: {config}:{line}: sources.{claim.source}: answers {claim.path} only as it is. "
            f"Below a prefix, such as /metrics{claim.path}, {taker.source} gets these requests, "
            f"because it answers {taker.path} below any path. If clients of {claim.source} send "
            f"below a prefix, set `prefix: any` here too."
        )


def _taker(claim: Claim, below: list[Claim]) -> Claim | None:
    """The claim of another source that takes requests to the path of `claim` below a prefix."""
    bare = claim.path.removesuffix("/")
    fits = (each for each in below if bare.endswith(each.path.removesuffix("/")))
    return max(fits, key=lambda each: len(each.path), default=None)
