"""HTML from templates. Whatever they show is escaped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request

from gateway.event.text import printable, utc
from gateway.event.words import duration, number
from gateway.explain.explain import short_json

FOLDER = Path(str(files("gateway") / "console"))
STATIC = FOLDER / "static"

_PRETTY = orjson.OPT_INDENT_2


def render(template: str, request: Request, data: Mapping[str, Any]) -> str:
    """The HTML of `template` with `data`, for the user of `request`."""
    app = request.scope.get("app")
    shared = {
        "request": request,
        "path": request.url.path,
        "navigation": app.state.navigation if app else (),
        "operator": getattr(request.state, "operator", None),
        "csrf": getattr(request.state, "csrf", ""),
        "nonce": request.scope.get("gateway.nonce", ""),
    }
    return _environment().get_template(template).render(**shared, **data)


def compile_templates() -> None:
    """Compiles them before someone waits for a page: this takes longer than rendering one."""
    for name in _environment().list_templates():
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": number,
        "duration": duration,
        "utc": utc,
        "ago": lambda at: f"{duration(max(0.0, time.time() - at))} ago",
        "iso": lambda at: utc(at).replace(" ", "T"),
        "prose": prose,
        "shown": lambda text: printable(str(text), keep="\n"),
        "json": as_json,
        "pretty": pretty,
        "short": short_json,
        "share": share,
        "at_most": at_most,
    }
    made.globals |= {"static": static_url, "link": link, "change": change}
    return made


def prose(words: str) -> Markup:
    """HTML of the gateway's own sentences, in which names of settings are in backticks."""
    parts = [str(escape(part)) for part in printable(words).split("`")]
    marked = [part if n % 2 == 0 else f"<code>{part}</code>" for n, part in enumerate(parts)]
    return Markup("".join(marked))


def as_json(value: Any) -> str:
    """For an attribute: the template escapes it."""
    return orjson.dumps(value, default=str).decode()


def pretty(value: Any) -> str:
    """A JSON value, or a text, for people: control characters are escaped."""
    text = value if isinstance(value, str) else orjson.dumps(value, option=_PRETTY).decode()
    return printable(text, keep="\n")


def share(part: float, whole: float) -> str:
    """Such as ``12.5 %``; a dash if `whole` is 0."""
    return f"{100 * part / whole:.1f} %".replace(".0 %", " %") if whole else "–"


def change(now: int, before: int) -> str:
    """Such as ``+12 %``; ``""`` if `before` is 0."""
    return f"{100 * (now - before) / before:+.0f} %" if before else ""


def at_most(seconds: float | None) -> str:
    """The upper bound of a delay, in words."""
    if seconds is None:
        return "–"
    return "over a day" if seconds == inf else f"≤ {duration(seconds)}"


def link(path: str, **parameters: Any) -> str:
    """`path` with those of `parameters` that have a value."""
    given = [(name, value) for name, value in parameters.items() if value not in (None, "")]
    return f"{path}?{urlencode(given)}" if given else path


@cache
def static_url(name: str) -> str:
    """The URL of a file in `STATIC`. It changes with the file, so browsers may cache the file."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"
