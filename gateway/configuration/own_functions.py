"""The functions of `transform` in a configuration that someone changes in the console.

Whoever may name any function may run any code: a module runs when it is imported, and there are
functions such as `logging.config:dictConfig` that call what an event names. So the console accepts
only functions that the file already names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.configuration.yaml_file import KeyPath

NEW_FUNCTION = (
    "names a function that no rule of the file calls. Such a function can only be added in the "
    "file itself, on the machine of the gateway"
)


def new_functions(before: Any, now: Any) -> Iterator[KeyPath]:
    """The places of functions in `now` that `before` has nowhere. Both are the data of a file, not
    yet validated, because validating them imports the functions."""
    known = {function for _, function in _functions(before)}
    return (path for path, function in _functions(now) if function not in known)


def _functions(data: Any) -> Iterator[tuple[KeyPath, str]]:
    parts = data if isinstance(data, dict) else {}
    yield from _in_rules(parts.get("rules"), ("rules",))
    destinations = parts.get("destinations")
    for name, each in destinations.items() if isinstance(destinations, dict) else ():
        if isinstance(each, dict):
            yield from _in_rules(each.get("rules"), ("destinations", name, "rules"))


def _in_rules(rules: Any, place: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        function = rule.get("transform") if isinstance(rule, dict) else None
        if isinstance(function, str):
            yield (*place, index, "transform"), function
