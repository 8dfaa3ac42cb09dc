"""Sources and destinations by the name that they have in the configuration.

Ours and third parties' alike are found through Python entry points, in the groups
``gateway.sources`` and ``gateway.destinations``. One that cannot be used is left out, and
`unusable_kind` tells why: only a configuration that names it has a mistake.
"""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any, Literal, NamedTuple

from destinations.base import Destination, DestinationSettings
from gateway.event.text import folded
from gateway.sources.base import Source, SourceSettings

Group = Literal["gateway.sources", "gateway.destinations"]


_OURS = frozenset(["gateway", "destinations"])
"""Packages of the gateway itself."""


class Kinds(NamedTuple):
    """usable: classes by name, in the order of their names. unusable: why not, by name."""

    usable: dict[str, type[Any]]
    unusable: dict[str, str]


@cache
def installed_kinds(group: Group) -> Kinds:
    """Every installed kind of source or destination."""
    kinds = Kinds({}, {})
    points = sorted(entry_points(group=group))
    for point in points:
        named_so = {other.value for other in points if other.name == point.name}
        kind: Any = _loaded(point) if len(named_so) == 1 else "uninstall one of these packages"
        problem = kind if isinstance(kind, str) else next(_problems(point, kind), "")
        if problem:
            plug_ins = " and ".join(sorted(named_so))
            kinds.unusable[point.name] = f"cannot be used, from {plug_ins}: {problem}"
        else:
            kinds.usable[point.name] = kind
    return kinds


def source_types() -> dict[str, type[Source[Any]]]:
    """Every kind of source that can be used, in the order of their names."""
    return installed_kinds("gateway.sources").usable


def destination_types() -> dict[str, type[Destination[Any]]]:
    """Every kind of destination that can be used, in the order of their names."""
    return installed_kinds("gateway.destinations").usable


def unusable_kind(section: str, name: str) -> str:
    """Why an installed kind cannot be used; "" where there is none of this name.

    section: of the configuration, ``sources`` or ``destinations``.
    """
    group: Group = "gateway.sources" if section == "sources" else "gateway.destinations"
    return installed_kinds(group).unusable.get(name, "")


def type_of_vendor(section: str, name: str) -> str:
    """The `type` of the destination that other tools call `name`, such as ``facebook``; "" where
    there is none. section: of the configuration."""
    kinds = destination_types().items() if section == "destinations" else ()
    wanted = folded(name)
    called = (kind for kind, each in kinds if wanted in map(folded, each.integration_names))
    return next(called, "")


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
    """What keeps the class of a plug-in from being used; a mistake of its author."""
    of_sources = point.group == "gateway.sources"
    base: Any = Source if of_sources else Destination
    settings: Any = SourceSettings if of_sources else DestinationSettings
    if not _is_subclass(kind, base):
        yield f"it is no subclass of {base.__name__}"
        return
    if isabstract(kind):
        missing = ", ".join(sorted(kind.__abstractmethods__))
        yield f"it does not define {missing}"
    own: Any = getattr(kind, "Settings", None)
    if not _is_subclass(own, settings):
        yield f"its `Settings` is no subclass of {settings.__name__}"
        return
    versions = getattr(kind, "api_versions", None)
    if versions is not None and versions.setting not in own.model_fields:
        yield f"its `api_versions` name a setting that it does not have: {versions.setting}"
    if point.module.partition(".")[0] in _OURS:
        return  # a test looks at these; the rest takes 10 ms for each
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
