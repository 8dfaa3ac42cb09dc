"""Configurations as the ledger keeps them: the text of the file, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from destinations.masking import MASK, MIN_SECRET_CHARACTERS
from gateway.configuration.exposure import Secret, secrets_in
from gateway.configuration.settings import Settings
from gateway.configuration.yaml_file import KeyPath, read_yaml
from gateway.sources.keys import KeyDigest

_COMMENTED = re.compile(
    r"#.*?(?:key|token|secret|password|credential|salt)s?[\"']?\s*[:=]\s*(?!\$\{)([^\n]*[^\s])",
    re.IGNORECASE,
)
_VALUE = re.compile(r"^(?P<key>\s*(?:-\s+)?(?:[^\s#:]+:\s+)?).*$")
_WORD = re.compile(r"""[^\s"'\[\]{},#]+""")

Kept = Mapping[str, Any]
"""A configuration as it is read for a comparison: plain data, with names of variables and masks
where values would be."""

_UNDECIDING = frozenset({"rules", "destinations", "server", "redis", "ledger", "spool"})
"""Sections that do not decide about events, and the two that are compared by their parts."""


def without_secrets(settings: Settings) -> str:
    """The text of the configuration file, with each secret that is written out in it masked."""
    text, secrets = settings.text, [*secrets_in(settings)]
    for secret in written_secrets(settings):
        text = hide(text, secret, MASK)
    return _without_lines(text, secrets)


def hide(text: str, secret: str, stand_in: str) -> str:
    """`text` with `stand_in` in the place of `secret`; of a short one only where it is a word of
    its own, because other words contain it."""
    if len(secret) >= MIN_SECRET_CHARACTERS:
        return text.replace(secret, stand_in)
    return re.sub(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", lambda _: stand_in, text)


def written_secrets(settings: Settings) -> list[str]:
    """Secrets as the text of the file has them; those of which one is a part of another last."""
    secrets = [secret for _, secret in secrets_in(settings)]
    values = {each.get_secret_value() for each in secrets if not isinstance(each, KeyDigest)}
    urls = (settings.redis.url, settings.redis.jobs_url)
    values |= {password for url in urls if (password := urlsplit(url or "").password)}
    digests = [each for each in secrets if isinstance(each, KeyDigest)]
    values |= {word for word in _WORD.findall(settings.text) if _is_key(word, digests)}
    return sorted(filter(None, values), key=lambda value: (-len(value), value))


def commented_secrets(text: str) -> list[str]:
    """What looks like a secret in a comment. Those in use are masked already."""
    return [found[1].strip() for found in _COMMENTED.finditer(text)]


def _without_lines(text: str, secrets: Iterable[tuple[KeyPath, Secret]]) -> str:
    """`text` without those of `secrets` that stand in it in another form, such as with escapes or
    on several lines: all that is written there is masked."""
    file = read_yaml(_readable(text), {})
    lines = text.split("\n")
    for path, secret in secrets:
        if not _is_secret(_value_at(file.data, path), secret):
            continue
        first = file.line(path)
        later = [line for each, line in file.lines.items() if line > first and each != path]
        for line in range(first, min(later, default=len(lines) + 1)):
            lines[line - 1] = _VALUE.sub(
                rf"\g<key>{MASK}" if line == first else "", lines[line - 1]
            )
    return "\n".join(lines)


def _value_at(data: Any, path: KeyPath) -> Any:
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _is_secret(written: object, secret: Secret) -> bool:
    if not isinstance(written, str) or not written:
        return False
    if isinstance(secret, KeyDigest):
        return secret.is_of(written)
    return written == secret.get_secret_value()


def _is_key(word: str, digests: Sequence[KeyDigest]) -> bool:
    return any(digest.is_of(word) for digest in digests)


def read_kept(text: str) -> Kept | None:
    """The configuration in a text of `without_secrets`; None if it cannot be read.

    A mask would be an alias in YAML. Variables keep their names: their values of then are unknown.
    """
    data = read_yaml(_readable(text).replace("${", "$("), {}).data
    return data if isinstance(data, dict) else None


def _readable(text: str) -> str:
    return text.replace(MASK, "masked")


def rule_names(part: Kept) -> list[str]:
    """The names of the rules of a configuration, or of one destination in it."""
    return [*rules_in(part)]


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
    before, after = rules_in(then), rules_in(now)
    for name in {**before, **after}:
        if name not in before:
            yield f"{what} {name!r} was added"
        elif name not in after:
            yield f"{what} {name!r} was removed"
        elif before[name] != after[name]:
            yield f"{what} {name!r} was changed"
    if [each for each in before if each in after] != [each for each in after if each in before]:
        yield f"the order of {what}s was changed"


def rules_in(part: Kept) -> dict[str, Any]:
    """By name, in their order. One without a name is called by its place, as in a trace."""
    found = part.get("rules")
    rules = [_mapping(each) for each in found] if isinstance(found, list) else []
    return {str(each.get("name") or f"rule {n}"): each for n, each in enumerate(rules, 1)}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _differs(key: str, then: Kept, now: Kept) -> bool:
    return then.get(key) != now.get(key)
