"""Configurations as the ledger keeps them: the text of the file, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from destinations.masking import MASK
from gateway.configuration.exposure import secrets_in
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import read_yaml
from gateway.sources.keys import KeyDigest

_WORD = re.compile(r"""[^\s"'\[\]{},#]+""")

Kept = Mapping[str, Any]
"""A configuration as it is read for a comparison: plain data, with names of variables and masks
where values would be."""

_UNDECIDING = frozenset({"rules", "destinations", "server", "redis", "ledger", "spool"})
"""Sections that do not decide about events, and the two that are compared by their parts."""


def without_secrets(settings: Settings) -> str:
    """The text of the configuration file, with each secret that is written out in it masked."""
    text, digests = settings.text, []
    for _, secret in secrets_in(settings):
        if isinstance(secret, KeyDigest):
            digests.append(secret)
        elif value := secret.get_secret_value():
            text = text.replace(value, MASK)
    return _WORD.sub(lambda word: MASK if _is_key(word[0], digests) else word[0], text)


def _is_key(word: str, digests: Sequence[KeyDigest]) -> bool:
    return any(digest.is_of(word) for digest in digests)


def read_kept(text: str) -> Kept | None:
    """The configuration in a text of `without_secrets`; None if it cannot be read.

    A mask would be an alias in YAML. Variables keep their names: their values of then are unknown.
    """
    data = read_yaml(text.replace(MASK, "masked").replace("${", "$("), {}).data
    return data if isinstance(data, dict) else None


def rule_names(part: Kept) -> list[str]:
    """The names of the rules of a configuration, or of one destination in it."""
    return [*_rules(part)]


def destination_in(kept: Kept, name: str) -> Kept | None:
    found = _mapping(kept.get("destinations")).get(name)
    return found if isinstance(found, dict) else None


def changes_for_all(then: Kept, now: Kept) -> list[str]:
    """In words, what differs between two configurations and concerns every event."""
    sections = [
        name for name in {**then, **now} if name not in _UNDECIDING and _differs(name, then, now)
    ]
    return [*_rule_changes("rule", then, now), *(f"{name} was changed" for name in sections)]


def changes_of_destination(name: str, then: Kept, now: Kept) -> list[str]:
    """In words, what differs between two configurations in the destination `name`."""
    before, after = destination_in(then, name), destination_in(now, name)
    if before is None or after is None:
        added, removed = "the destination was added", "the destination was removed"
        return [removed] if before is not None else [added] if after is not None else []
    settings = [
        f"{key} was changed"
        for key in {**before, **after}
        if key != "rules" and _differs(key, before, after)
    ]
    return [*_rule_changes("its rule", before, after), *settings]


def _rule_changes(what: str, then: Kept, now: Kept) -> Iterator[str]:
    """what: a rule is called, ``rule`` or ``its rule``."""
    before, after = _rules(then), _rules(now)
    for name in {**before, **after}:
        if name not in before:
            yield f"{what} {name!r} was added"
        elif name not in after:
            yield f"{what} {name!r} was removed"
        elif before[name] != after[name]:
            yield f"{what} {name!r} was changed"
    if [each for each in before if each in after] != [each for each in after if each in before]:
        yield f"the order of {what}s was changed"


def _rules(part: Kept) -> dict[str, Any]:
    """By name, in their order. One without a name is called by its place, as in a trace."""
    found = part.get("rules")
    rules = [_mapping(each) for each in found] if isinstance(found, list) else []
    return {str(each.get("name") or f"rule {n}"): each for n, each in enumerate(rules, 1)}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _differs(key: str, then: Kept, now: Kept) -> bool:
    return then.get(key) != now.get(key)
