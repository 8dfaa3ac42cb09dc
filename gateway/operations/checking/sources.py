"""What `gateway check` says about the paths of sources: those that look like patterns, and those
whose requests another source gets below a prefix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gateway.configuration.settings import Settings, build_sources
from gateway.configuration.yaml_file import YamlFile, read_yaml
from gateway.sources.claims import Claim, claims_of

_PATTERN = re.compile(r"[*]+|[{][^/{}]*[}]|(?<=/):\w+")
"""What stands for any text in the paths of other tools."""


def source_notes(settings: Settings, config: Path) -> Iterator[str]:
    """A line for each path that seems to be a pattern, and for each source that does not get its
    requests below a prefix because a shorter path of another does, with what to do about it."""
    file = read_yaml(settings.text, {})
    yield from _pattern_notes(settings, file, config)
    yield from _prefix_notes(settings, file, config)


def _pattern_notes(settings: Settings, file: YamlFile, config: Path) -> Iterator[str]:
    for name, source in settings.sources.items():
        for index, path in enumerate(source.paths):
            if found := _PATTERN.search(path):
                yield (
                    f"Warning: {config}:{file.line(('sources', name, 'paths', index))}: "
                    f"sources.{name}.paths.{index}: paths are no patterns, so this one answers "
                    f"only requests with the text `{found[0]}` in their path. Write each path in "
                    f"full, or set `prefix: any` for a path below any other."
                )


def _prefix_notes(settings: Settings, file: YamlFile, config: Path) -> Iterator[str]:
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
