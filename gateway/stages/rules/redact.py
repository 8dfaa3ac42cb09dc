"""Actions that remove personal data from values: redact, hash."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import unquote_plus

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.event import Event
from gateway.event.fields import MISFIT, changed_path, field_type
from gateway.event.paths import MISSING
from gateway.stages.pii.fields import IDS, PERSONAL, TECHNICAL
from gateway.stages.pii.marks import REDACTED
from gateway.stages.pii.matching import searcher, to_bytes
from gateway.stages.pii.passes import Remover, repeated
from gateway.stages.pii.patterns import HINTS, PATTERNS
from gateway.stages.pii.settings import PatternName
from gateway.stages.rules.edits import Edit, change_values
from gateway.urls.parameters import with_values_replaced

_LONGEST = 16_384
"""Maximum number of characters of a known text; marks may be longer than what they replace."""

_SPARED = frozenset((*PERSONAL, *IDS, *TECHNICAL, "event_name"))


def _parameter_name(name: str) -> str:
    if sign := next((sign for sign in "?&=#*" if sign in name), ""):
        raise ValueError(f"`{sign}` is in no name of a parameter; write each name in full, alone")
    if (plain := unquote_plus(name).strip()) != name:
        raise ValueError(f"names are compared once decoded, without spaces around them: {plain!r}")
    return name


class Redact(BaseModel):
    """What is hidden, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: list[Annotated[str, AfterValidator(changed_path)]] = Field(
        default=[],
        description="Paths to search, with every text at or below them. Default: every text of "
        "the event except those that the PII guard also skips: ids, technical fields, and "
        "`user_data`, where personal data belongs.",
    )
    patterns: list[PatternName] = Field(
        default=[],
        description="Kinds of personal data to replace in texts. An e-mail address, for example, "
        "becomes `[email]`.",
    )
    query_parameters: list[Annotated[str, AfterValidator(_parameter_name)]] = Field(
        default=[],
        description=f"Replace the values of these URL parameters with `{REDACTED}`, also after "
        "`#`. Case is ignored.",
    )

    @model_validator(mode="after")
    def _looks_for_something(self) -> Redact:
        if not self.patterns and not self.query_parameters:
            raise ValueError("redact needs patterns or query_parameters")
        return self


def redact(settings: Redact) -> list[Edit]:
    """Replaces in texts what `settings` specify. A text without any stays the same object."""
    is_clean = _finder(settings)
    in_text = _redactor(settings, is_clean)
    if settings.fields:
        return [_redact_field(path, in_text) for path in settings.fields]

    def redact_event(event: Event) -> None:
        if is_clean("\n".join(_texts(event))):
            return
        redacted = {
            key: value if key in _SPARED else _redact(value, in_text, _SPARED)
            for key, value in event.items()
        }
        event.update(redacted)

    return [redact_event]


def checked_hash(path: str) -> None:
    """Raises `ValueError` when the field at `path` can never hold a hash, nor be taken out."""
    field = field_type(changed_path(path))
    holds_text = field.takes("string") and (field.in_url or field.fit("f" * 64) is not MISFIT)
    if path == "consent" or not (holds_text or field.takes("array", "object")):
        raise ValueError(f"{path} cannot hold arbitrary text; it can only be set")


def hash_field(path: str, salt: str | None = None) -> Edit:
    """Replaces the text or number at `path`, or each in a list, by its SHA-256 in hex.

    Values are not normalised. With a salt, it is HMAC-SHA256 with the salt as key, so that nobody
    without it can try values. Other values (objects, true, null) are removed: they cannot be hashed
    and must not stay readable.
    """
    return change_values(path, lambda value: _hash(value, salt), lambda *_: MISSING)


def _finder(settings: Redact) -> Callable[[str], bool]:
    """A quick check of one text, or of several joined by line ends: true if nothing is in it."""
    if not settings.patterns:
        return lambda text: not _may_have_value(text)
    find = searcher("|".join(hint for name, hint in HINTS.items() if name in settings.patterns))
    if settings.query_parameters:
        return lambda text: not _may_have_value(text) and find(to_bytes(text)) is None
    return lambda text: find(to_bytes(text)) is None


def _texts(event: Event) -> list[str]:
    texts: list[str] = []
    containers: list[Any] = [{k: v for k, v in event.items() if k not in _SPARED}]
    for container in containers:  # grows in the loop
        for value in container.values() if isinstance(container, dict) else container:
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, (dict, list)):
                containers.append(value)
    return texts


def _redactor(settings: Redact, is_clean: Callable[[str], bool]) -> Remover:
    # in the order that the patterns need, not the one in the rule
    steps = [remove for name, remove in PATTERNS.items() if name in settings.patterns]
    if settings.query_parameters:
        steps.insert(0, _parameter_redactor(settings.query_parameters))

    def once(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    remove_all = repeated(once, lambda _: True, REDACTED)

    def in_text(text: str) -> str:
        if is_clean(text):
            return text
        redacted = remove_all(text)
        return text if redacted == text else redacted[: max(len(text), _LONGEST)]

    return in_text


def _parameter_redactor(names: Sequence[str]) -> Remover:
    hidden = {name.lower() for name in names}

    def in_text(text: str) -> str:
        return with_values_replaced(text, hidden, REDACTED) if _may_have_value(text) else text

    return in_text


def _may_have_value(text: str) -> bool:
    """Whether it may have a parameter with a value; its equals sign may be encoded."""
    return "=" in text or "%" in text


def _redact_field(path: str, in_text: Remover) -> Edit:
    def cut(old: Any, new: Any) -> Any:
        return new[: len(old)] if isinstance(old, str) and isinstance(new, str) else MISSING

    return change_values(path, lambda value: _redact(value, in_text), cut)


def _redact(value: Any, in_text: Remover, spared: frozenset[str] = frozenset()) -> Any:
    if isinstance(value, str):
        return in_text(value)
    if isinstance(value, dict):
        new = {k: v if k in spared else _redact(v, in_text, spared) for k, v in value.items()}
        return value if all(new[key] is old for key, old in value.items()) else new
    if isinstance(value, list):
        elements = [_redact(each, in_text, spared) for each in value]
        same = all(a is b for a, b in zip(value, elements, strict=True))
        return value if same else elements
    return value


def _hash(value: Any, salt: str | None) -> Any:
    if isinstance(value, list):
        return [digest for each in value if (digest := _hash(each, salt)) is not MISSING]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return MISSING
    data = str(value).encode("utf-8", "surrogatepass")
    if salt is None:
        return hashlib.sha256(data).hexdigest()
    return hmac.digest(salt.encode(), data, "sha256").hex()
