"""URL paths that no source can have: those of another source or of the gateway itself, and those
that no request has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from gateway.configuration.kinds import source_types
from gateway.configuration.yaml_file import KeyPath, Problem, YamlFile, dotted
from gateway.sources.submission_tokens import token_path

OWN_PATHS = (
    "/healthz",
    "/readyz",
    "/gateway.js",
    "/gateway-token.js",
    "/gateway-measurement.js",
    "/link",
    "/demo",
)
"""URL paths that no source may claim, in addition to all below /demo."""


_NO_PATH = re.compile(r"[?#]")


class _Claimed(NamedTuple):
    """A path, where the file claims it, and whether it is claimed below any other path too."""

    path: str
    place: KeyPath
    any_prefix: bool


def shared_paths(file: YamlFile) -> list[Problem]:
    """A problem for each source that claims a URL path that is taken. The file may have other
    mistakes.

    Paths with the same ending are no mistake: the longest gets the request.
    """
    owners: dict[str, str | int] = {}
    below: dict[str, str | int] = {}
    shared: dict[tuple[KeyPath, str | int], list[str]] = {}
    problems = []
    for path, place, any_prefix in _claimed(file.data):
        name, tail = place[1], path.removesuffix("/")
        if mistake := _mistake(path, any_prefix):
            problems.append(Problem(file.line(place), dotted(place), mistake))
        elif path in owners:
            shared.setdefault((place, owners[path]), []).append(path)
        elif any_prefix and below.get(tail, name) != name:
            shared.setdefault((place, below[tail]), []).append(tail)
        owners.setdefault(path, name)
        if any_prefix:
            below.setdefault(tail, name)
    return problems + [
        Problem(file.line(place), dotted(place), _shared(owner, paths))
        for (place, owner), paths in shared.items()
    ]


def _shared(owner: str | int, paths: list[str]) -> str:
    more = f" and {len(paths) - 1} more of these paths" if len(paths) > 1 else ""
    return (
        f"{owner} answers {paths[0]}{more} already; give one of them other `paths`, or make one "
        f"source of both"
    )


def _mistake(path: str, any_prefix: bool) -> str:
    """Why no source can have `path`; "" if one can."""
    if own := _own_path(path):
        return f"the gateway itself answers {own}"
    if any_prefix and path == "/":
        return "with `prefix: any`, / is every path that ends with a slash; name a path"
    if (decoded := unquote(path)) != path:
        return f"no request has it, since paths are compared once decoded; write {decoded}"
    if end := _NO_PATH.search(path):
        return (
            f"no request has it, since `{end[0]}` ends the path of a URL; leave out `{end[0]}` and "
            "what follows"
        )
    return ""


def _own_path(path: str) -> str | None:
    """The gateway's own path that a source at `path` would answer; parts of `path` in braces match
    anything."""
    if path.startswith("/demo/"):
        return path
    pattern = re.compile(re.sub(r"(?:\\\{[^/{}]*\\\})+", ".*", re.escape(path)))
    return next((own for own in OWN_PATHS if pattern.fullmatch(own)), None)


def _claimed(data: Any) -> Iterator[_Claimed]:
    """Every URL path that a source answers, in `data`, which may be of any shape."""
    sources = data.get("sources") if isinstance(data, dict) else None
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if not isinstance(source, dict):
            continue
        any_prefix = source.get("prefix") == "any"
        for path, place in _paths_of(source):
            yield _Claimed(path, ("sources", name, *place), any_prefix)


def _paths_of(source: dict[str, Any]) -> Iterator[tuple[str, KeyPath]]:
    """The paths of one source, and where in its settings each is from."""
    kind, paths = source_types().get(str(source.get("type"))), source.get("paths")
    own: list[str] = []
    if isinstance(paths, list) and paths:
        for index, path in enumerate(paths):
            if isinstance(path, str):
                own.append(path)
                yield path, ("paths", index)
    elif kind is not None:
        own += kind.paths
        yield from ((path, ()) for path in (*kind.paths, *kind.questions))
    if source.get("submission_tokens") is not None:
        yield from ((path, ("submission_tokens",)) for path in dict.fromkeys(map(token_path, own)))
