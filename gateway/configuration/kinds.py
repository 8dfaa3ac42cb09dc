"""Kinds of source and destination, by their `type` in the configuration.

Our own and those of third parties are found through Python entry points, in the groups
``gateway.sources`` and ``gateway.destinations``. A kind that cannot be used is left out, and
`unusable_kind` says why: only a configuration that names it has a mistake.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any, Literal

from destinations.base import Destination, DestinationSettings
from gateway.event.text import folded
from gateway.sources.base import Source, SourceSettings

Group = Literal["gateway.sources", "gateway.destinations"]


_OURS = frozenset(["gateway", "destinations"])
"""Packages of the gateway itself."""


class Kinds(Mapping[str, type[Any]]):
    """The kinds of one group that can be used, by name and in the order of their names.

    A kind is imported when it is first looked up, since each takes memory in every process.
    Iterating imports all of them.
    """

    def __init__(self, group: Group) -> None:
        self._points: dict[str, list[EntryPoint]] = {}
        for point in sorted(entry_points(group=group)):
            self._points.setdefault(point.name, []).append(point)
        self._found: dict[str, type[Any] | str] = {}

    def __getitem__(self, name: str) -> type[Any]:
        kind = self._look_up(name)
        if isinstance(kind, str):
            raise KeyError(name)
        return kind

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._points if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def problem(self, name: str) -> str:
        """Why the installed kind `name` cannot be used; "" if it can, or if there is none."""
        kind = self._look_up(name)
        return kind if isinstance(kind, str) else ""

    def _look_up(self, name: str) -> type[Any] | str:
        """The class, or why it cannot be used; "" if no kind has this name."""
        if name not in self._found and name in self._points:
            self._found[name] = _usable(self._points[name])
        return self._found.get(name, "")


@cache
def installed_kinds(group: Group) -> Kinds:
    """Every installed kind of source or destination."""
    return Kinds(group)


def source_types() -> Mapping[str, type[Source[Any]]]:
    """Every kind of source that can be used, in the order of their names."""
    return installed_kinds("gateway.sources")


def destination_types() -> Mapping[str, type[Destination[Any]]]:
    """Every kind of destination that can be used, in the order of their names."""
    return installed_kinds("gateway.destinations")


def unusable_kind(section: str, name: str) -> str:
    """Why the installed kind `name` cannot be used; "" if it can, or if there is none.

    section: of the configuration, ``sources`` or ``destinations``.
    """
    group: Group = "gateway.sources" if section == "sources" else "gateway.destinations"
    return installed_kinds(group).problem(name)


def type_of_vendor(section: str, name: str) -> str:
    """The `type` of the destination that other tools call `name`, such as ``facebook``; "" where
    there is none. section: of the configuration."""
    kinds = destination_types().items() if section == "destinations" else ()
    wanted = folded(name)
    called = (kind for kind, each in kinds if wanted in map(folded, each.integration_names))
    return next(called, "")


def _usable(points: Sequence[EntryPoint]) -> type[Any] | str:
    """The class that the `points` of one name stand for, or why it cannot be used."""
    plug_ins = sorted({point.value for point in points})
    kind = _loaded(points[0]) if len(plug_ins) == 1 else "uninstall one of these packages"
    problem = kind if isinstance(kind, str) else next(_problems(points[0], kind), "")
    return f"cannot be used, from {' and '.join(plug_ins)}: {problem}" if problem else kind


def _loaded(point: EntryPoint) -> Any:
    """What `point` names, or in words why it cannot be loaded."""
    try:
        return point.load()
    except Exception as error:  # whatever a module of a third party raises
        # Only an ImportError names modules and nothing else.
        said = f": {error}" if isinstance(error, ImportError) else ""
        return (
            f"{type(error).__name__}{said}; run `python -c 'import {point.module}'` to see where, "
            "and install what is missing or another version of its package"
        )


def _problems(point: EntryPoint, kind: Any) -> Iterator[str]:
    """Mistakes of a plug-in's author that prevent its class from being used."""
    of_sources = point.group == "gateway.sources"
    base: Any = Source if of_sources else Destination
    settings: Any = SourceSettings if of_sources else DestinationSettings
    if not _is_subclass(kind, base):
        yield f"it is not a subclass of {base.__name__}"
        return
    if isabstract(kind):
        missing = ", ".join(sorted(kind.__abstractmethods__))
        yield f"it does not define {missing}"
    own: Any = getattr(kind, "Settings", None)
    if not _is_subclass(own, settings):
        yield f"its `Settings` is not a subclass of {settings.__name__}"
        return
    versions = getattr(kind, "api_versions", None)
    if versions is not None and versions.setting not in own.model_fields:
        yield f"its `api_versions` name a setting that it does not have: {versions.setting}"
    if point.module.partition(".")[0] in _OURS:
        return  # a test checks these; the rest takes 10 ms for each
    try:
        stated = own.model_json_schema()["properties"]["type"].get("const")
    except Exception as error:  # whatever pydantic or a validator of a third party raises
        yield f"its `Settings` have no JSON Schema: {type(error).__name__}"
        return
    if stated != point.name or getattr(kind, "type", None) != point.name:
        yield (
            f"its `type`, and that of its `Settings` (`type: Literal[...]`), must be "
            f"{point.name!r}, as its entry point is named"
        )


def _is_subclass(kind: Any, base: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)
