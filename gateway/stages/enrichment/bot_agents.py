"""User agents of programs: crawlers, from the list of the package crawler-user-agents, and more."""

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import orjson

_CACHED = 4_096
_MEMORY = 32 << 20
"""Bytes for RE2's automaton. Its default, 8 MiB, is too small for the list: ten times slower."""

_MAIL_PROXIES = ("GoogleImageProxy", "YahooMailProxy")
"""Parts of the agents that fetch the images of a mail when somebody opens it.

Sources: help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html;
sparkpost.com/blog/gmail-prefetching-images
"""

_GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
"""The full agent that fetches the images of a mail before anybody opens it. No browser's agent
ends with ``Mozilla/5.0``.

Source: sparkpost.com/blog/gmail-prefetching-images
"""

_PEOPLE = (
    r"AP3A\.240617\.008",  # a build of Android 15 on phones that are sold
    "MetaIAB Facebook",  # the browser inside Meta's apps
    "okhttp",  # what apps on Android send their events with
    *_MAIL_PROXIES,
)
"""Patterns of the list that match software of real visitors."""

_SERVER_SOFTWARE = (
    r"^node$",
    r"^undici",
    r"^Deno/",
    r"^Bun/",
    r"jsdom/",
    r"^urllib3/",
    r"^Java/",
    r"^Java-http-client/",
    r"^Ruby$",
    r"^Faraday",
    r"^http\.rb/",
    r"^GuzzleHttp/",
    r"^PHP/",
    r"^reqwest",
    r"^PostmanRuntime/",
    r"^insomnia/",
    r"^k6/",
    r"^@?(segment/)?analytics-(node|python|ruby|php|go|java|net)",
    r"^posthog-(python|node|ruby|php|go|java|dotnet|elixir)",
    r"^(rudder|snowplow|mixpanel|amplitude)[-/ ]",
    r"Umami/",
)
"""Server-side languages, tools and SDKs that the list does not know."""


def is_mail_proxy(agent: str) -> bool:
    """Whether `agent` fetches an image for a person who has opened a mail: its address and its
    headers are not that person's."""
    return any(name in agent for name in _MAIL_PROXIES)


def load_suspicions() -> Callable[[str], str]:
    """A function from a user agent to why it must be a program's; "" if it may be a person's."""
    import re2

    crawlers = [pattern for pattern in _listed() if pattern not in _PEOPLE]
    reasons = {
        **{pattern: f"crawler {_plain(pattern)}" for pattern in crawlers},
        **dict.fromkeys(_SERVER_SOFTWARE, "server software"),
    }
    options = re2.Options()
    options.max_mem = _MEMORY
    patterns = re2.Set.SearchSet(options)
    for pattern in reasons:
        patterns.Add(pattern)
    patterns.Compile()
    reason_at = list(reasons.values())

    @lru_cache(maxsize=_CACHED)
    def suspicion_of(agent: str) -> str:
        if not agent.strip():
            return "no user agent"
        if "HeadlessChrome" in agent:
            return "headless browser"
        if agent == _GMAIL_PREFETCH:
            return "mail prefetch"
        found = patterns.Match(agent)
        return reason_at[min(found)] if found else ""

    suspicion_of("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")  # builds the automaton
    return suspicion_of


def _listed() -> list[str]:
    """The patterns of the list. Importing its package would also keep the other data about each
    crawler in memory, 3 MB in each web process."""
    package = distribution("crawler-user-agents")
    file = Path(str(package.locate_file("crawleruseragents/crawler-user-agents.json")))
    return [entry["pattern"] for entry in orjson.loads(file.read_bytes())]


def _plain(pattern: str) -> str:
    """`pattern` in readable form."""
    return pattern.replace("\\", "").strip("^/ ")
