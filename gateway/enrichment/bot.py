"""`bot`: how much speaks for a program having sent the event. Rules decide what becomes of it."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pydantic import Field

from gateway.enrichment.base import Additions, Enrichment, NamedFile, PartSettings
from gateway.enrichment.bot_agents import load_suspicions
from gateway.enrichment.networks import read_networks
from gateway.enrichment.tables import Tables
from gateway.event import Event, Received

_LONGEST = 512
_CERTAIN, _LIKELY, _HINT = 100, 50, 40
"""Points of a sign. One that browsers of people show now and then is a hint, no more."""

_PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")

Sign = tuple[int, str]
"""What speaks for a program: points, and in words."""

_SYSTEMS = {"Windows": "Windows NT", "macOS": "Macintosh", "Android": "Android"}
"""Systems as client hints name them, and as user agents do."""


class BotSettings(PartSettings):
    networks: Path | None = Field(
        default=None,
        description="A text file of networks from which people do not surf, such as those of data "
        "centres: one a line, `192.0.2.0/24`, and comments behind `#`. It is read again when it "
        "changes; its path counts from the folder of this file.",
    )

    def files(self) -> Iterable[NamedFile]:
        if self.networks is not None:
            yield NamedFile("networks", self.networks, read_networks)


def load(settings: BotSettings | None = None, tables: Tables | None = None) -> Enrichment:
    """Raises `TableMistake`."""
    suspicion_of = load_suspicions()
    is_in_data_centre = _compile_networks(settings or BotSettings(), tables or Tables())

    def find_bot(event: Event, received: Received) -> Additions:
        """``bot: {is_bot, score, reason, reasons}``.

        score: 0 to 100, the sum of what the `reasons` weigh; from 50 on it is a bot, and `reason`
        the first of them. A sender that proved who it is is no bot.
        """
        if event.get("bot") not in (None, {}):
            return {}
        signs: list[Sign] = []
        if not received.trusted:
            agent = event.get("user_agent", "")[:_LONGEST]
            if _prefetches(received.headers):
                signs.append((_CERTAIN, "prefetch"))
            if suspicion := suspicion_of(agent):
                signs.append((_CERTAIN, suspicion))
            if agent.startswith("Mozilla/5.0") and agent == received.user_agent[:_LONGEST]:
                signs += _signs_of_pretence(agent, received.headers)
            if is_in_data_centre(event.get("ip_override", "")):
                signs.append((_LIKELY, "data centre"))
        return {"bot": _verdict(signs)}

    return find_bot


def _compile_networks(settings: BotSettings, tables: Tables) -> Callable[[str], bool]:
    if settings.networks is None:
        return lambda _: False
    file = tables.file(settings.networks, read_networks)
    return lambda address: file.value(address)


def _verdict(signs: list[Sign]) -> Mapping[str, object]:
    if not signs:
        return {"is_bot": False, "score": 0, "reason": "", "reasons": []}
    signs.sort(key=lambda sign: -sign[0])
    score = min(100, sum(points for points, _ in signs))
    is_bot = score >= _LIKELY
    reasons = list(dict.fromkeys(reason for _, reason in signs))
    reason = reasons[0] if is_bot else ""
    return {"is_bot": is_bot, "score": score, "reason": reason, "reasons": reasons}


def _signs_of_pretence(agent: str, headers: Mapping[str, str]) -> list[Sign]:
    """What the headers of a request say against its being from the browser `agent`."""
    signs = []
    if "HeadlessChrome" in headers.get("sec-ch-ua", ""):
        signs.append((_CERTAIN, "headless browser"))
    if agent == "Mozilla/5.0":  # as Apple's mail program fetches pictures that nobody looks at
        signs.append((_LIKELY, "no browser in the user agent"))
    if not headers.get("accept-language"):
        signs.append((_HINT, "no Accept-Language"))
    system = _SYSTEMS.get(headers.get("sec-ch-ua-platform", "").strip('"'))
    if system is not None and system not in agent:
        signs.append((_HINT, "client hints of another system"))
    return signs


def _prefetches(headers: Mapping[str, str]) -> bool:
    """Whether a browser fetched for a page that nobody may ever see."""
    if headers.keys().isdisjoint(_PREFETCH_HEADERS):
        return False
    values = (headers.get(name, "") for name in _PREFETCH_HEADERS)
    return any(value.startswith(("prefetch", "preview")) for value in values)
