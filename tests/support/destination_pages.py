"""The pages of docs/ about destinations, written from their classes, mappings and examples."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from destinations import normalise
from destinations.base import Destination
from destinations.hashed_forms import Hashing
from gateway.cli.reference import settings_table
from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.kinds import destination_types
from gateway.explain.mapping import built_in_mapping
from gateway.testing.examples import AnswerExample, Example, example_files, load_example
from tests.support.plain_yaml import as_yaml

FOLDER = Path(__file__).parents[2] / "docs" / "destinations"
OVERVIEW = FOLDER.with_suffix(".md")
_PURPOSES = {"advertising": "advertising", "analytics": "analytics", "own": "your own system"}
_HINT = "<!-- Written by `make reference`. Change the destination's package instead. -->\n"

Kind = type[Destination[Any]]


def pages() -> dict[Path, str]:
    """The text of every page."""
    kinds = destination_types()
    return {OVERVIEW: _overview(kinds)} | {
        FOLDER / f"{name}.md": "\n".join(_page(kind)) for name, kind in kinds.items()
    }


def _overview(kinds: Mapping[str, Kind]) -> str:
    return "\n".join(
        [
            _HINT,
            "# Destinations\n",
            "Each page has the settings of a destination, where to find its credentials, what the "
            "vendor gets of an event, and examples of requests and answers. [Add a destination to "
            "the configuration](configure-destinations.md) explains what they have in common.\n",
            "```{toctree}\n:maxdepth: 1",
            *(f"destinations/{name}" for name in kinds),
            "```\n",
            "| destination | `type` | events in a request | waits for more | oldest event "
            "| repeated events | consent | visitor's address | API version |",
            "|---|---|---|---|---|---|---|---|---|",
            *(_row(name, kind) for name, kind in kinds.items()),
            "",
        ]
    )


def _row(name: str, kind: Kind) -> str:
    limits = kind.limits
    cells = [
        f"[{kind.title}](destinations/{name}.md)",
        f"`{name}`",
        f"{limits.max_events:,}",
        _duration(limits.linger) if limits.linger else "no",
        _duration(limits.max_age),
        f"recognised for {_duration(limits.dedupe)}" if limits.dedupe else "not recognised",
        ", ".join(f"`{each}`" for each in kind.consent) or "none",
        kind.ip,
        _api_version(kind),
    ]
    return f"| {' | '.join(cells)} |"


def _page(kind: Kind) -> Iterator[str]:
    yield _HINT
    yield f"# {kind.title}\n"
    yield _text(inspect.getdoc(kind) or "") + "\n"
    yield from _facts(kind)
    yield "## Settings\n"
    yield "\n".join([*settings_table("", kind.Settings, _common_settings(kind))][1:])
    yield "[Settings that every destination has](../configuration.md#every-destination)\n"
    yield from _identity(kind)
    if mapping := built_in_mapping(kind):
        yield "## Mapping\n"
        change = "[Change it](../configure-destinations.md#map-events-and-fields)"
        yield f"The built-in mapping. {change} with the key `mapping`.\n"
        yield _block("yaml", mapping)
    yield "## Examples\n"
    for file in example_files(kind):
        yield from _example(load_example(file))


def _common_settings(kind: Kind) -> set[str]:
    """Names of the settings that `kind` has in common with every destination."""
    own = kind.Settings.model_fields
    return {
        name
        for name, field in ForwardingSettings.model_fields.items()
        if name != "type" and (name not in own or own[name].description == field.description)
    }


def _facts(kind: Kind) -> Iterator[str]:
    limits = kind.limits
    repeated = "The vendor does not recognise repeated events."
    if limits.dedupe:
        repeated = f"The vendor recognises repeated events for {_duration(limits.dedupe)}."
    facts = {
        "Purpose": _PURPOSES[kind.purpose],
        "Consent": ", ".join(f"`{each}`" for each in kind.consent) or "none",
        "Visitor's address": kind.ip,
        "Anonymous events": "taken" if kind.anonymous else "not taken",
        "Events in a request": f"at most {limits.max_events:,}",
        "Oldest event": _duration(limits.max_age),
        "Repeated events": repeated,
        "Test events": kind.test_mode or "The vendor offers no test mode.",
    }
    if limits.linger:
        facts["A single event waits for others"] = f"at most {_duration(limits.linger)}"
    if limits.requests_per_day:
        facts["Requests in a day"] = (
            f"at most {limits.requests_per_day:,}; the fewer are left, the longer events wait for "
            "others, at most 5 minutes"
        )
    if kind.unwanted_events:
        facts["Events that it never gets"] = ", ".join(
            f"`{name}`" for name in sorted(kind.unwanted_events)
        )
    if kind.api_versions:
        facts["API version"] = _api_version(kind)
    yield "| | |\n|---|---|"
    for name, fact in facts.items():
        yield f"| {name} | {fact} |"
    yield ""


def _api_version(kind: Kind) -> str:
    versions = kind.api_versions
    if versions is None:
        return ""
    ends = "; ".join(f"{version} ends on {day:%-d %B %Y}" for version, day in versions.ends.items())
    return f"{versions.newest}; {ends}" if ends else versions.newest


def _identity(kind: Kind) -> Iterator[str]:
    files = example_files(kind)
    settings = load_example(files[0]).destination(kind).settings if files else None
    data = kind.personal_data(settings) if settings else None
    if data is None:
        return
    yield "## Personal data\n"
    yield "Hashed with SHA-256 in these forms; a value that is a hash already is sent as it is.\n"
    yield "| field in `user_data` | form |\n|---|---|"
    yield from map(_hashed_row, data.person.hashed)
    if data.phone:
        yield f"| `phone_number` | {_form(data.phone.form.partition(':')[0])} |"
    for hashing in data.address.hashed:
        yield _hashed_row(hashing, "address.")
    yield ""
    clear = [*data.person.clear, *(f"address.{field}" for field in data.address.clear)]
    if clear:
        yield f"Sent as they are: {', '.join(f'`{field}`' for field in sorted(clear))}.\n"


def _hashed_row(hashing: Hashing, prefix: str = "") -> str:
    forms = "; or: ".join(map(_form, hashing.form.split("+")))
    return f"| `{prefix}{hashing.field}` | {forms} |"


def _form(name: str) -> str:
    """The docstring of the normaliser `name`, up to its first colon."""
    function = resolve_name(name if "." in name else f"{normalise.__name__}.{name}")
    rule = " ".join((inspect.getdoc(function) or "").split())
    return _text(rule.partition(":")[0].rstrip("."))


def _example(example: Example) -> Iterator[str]:
    yield f"### {example.title}\n"
    yield _block("yaml", as_yaml({"settings": example.settings}))
    for event in example.events:
        yield _block("json", json.dumps(event, indent=2, ensure_ascii=False))
    yield "becomes\n"
    for request in example.requests:
        yield from _request(request)
    if example.answers:
        yield "| answer | status | outcome |\n|---|---|---|"
        yield from map(_answer_row, example.answers)
        yield ""
    if example.polls:
        yield "| answer to the question what became of it | status | verdict |\n|---|---|---|"
        yield from map(_answer_row, example.polls)
        yield ""


def _request(request: Mapping[str, Any]) -> Iterator[str]:
    if "unsendable" in request:
        yield f"no request: *{request['unsendable']}*\n"
        return
    lines = [f"{request['method']} {request['url']}"]
    lines += [f"{name}: {value}" for name, value in request["headers"].items()]
    if request.get("credential"):
        lines.append(f"authorization: Bearer (access token of `{request['credential']}`)")
    body = request.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    yield _block("text", "\n".join([*lines, "", text]))


def _answer_row(answer: AnswerExample) -> str:
    outcomes = list(dict.fromkeys(map(_outcome, answer.outcomes)))
    return f"| {answer.title} | {answer.status} | {'; '.join(outcomes)} |"


def _outcome(outcome: Mapping[str, Any] | None) -> str:
    if outcome is None:
        return "none yet: it is asked again"
    scope = f" ({outcome['scope']})" if "scope" in outcome else ""
    reason = f": {outcome['reason']}" if outcome.get("reason") else ""
    warnings = "".join(f"; warning: {warning}" for warning in outcome.get("warnings", ()))
    return f"`{outcome['result']}`{scope}{reason}{warnings}".replace("|", "\\|")


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def _text(docstring: str) -> str:
    """`docstring` with code marked as in Markdown instead of reStructuredText."""
    return docstring.replace("``", "`")


def _duration(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count:,} {unit}{'s' if count > 1 else ''}"
    return f"{1000 * seconds:g} ms"
