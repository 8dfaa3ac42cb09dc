"""`bot`: scores how likely it is that a bot sent the event. Rules decide what happens then."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment, NamedFile, PartSettings
from gateway.stages.enrichment.bot_agents import is_mail_proxy, load_suspicions
from gateway.stages.enrichment.browser import Manners, browser_of
from gateway.stages.enrichment.networks import read_networks
from gateway.stages.enrichment.tables import Tables
from gateway.system.bounded_cache import BoundedCache

_LONGEST = 512
_CERTAIN, _LIKELY, _HINT = 100, 50, 40
"""Points of a sign. A sign that real browsers show now and then is only a hint."""

Evidence = tuple[str, bool, bool, Manners]
"""Everything that the result depends on: the event's user agent, whether the sender has the same
one, whether the address is in a data centre, and how the sender behaves."""

Sign = tuple[int, str]
"""A sign of a bot: points, and words."""

_NO_BOT: Mapping[str, Any] = {"is_bot": False, "score": 0}


class BotSettings(PartSettings):
    networks: Path | None = Field(
        default=None,
        description="Text file of networks that real visitors do not use, such as those of data "
        "centres: one network per line, such as `192.0.2.0/24`, with comments after `#`. "
        "Relative to the configuration file; reloaded when it changes.",
    )

    def files(self) -> Iterable[NamedFile]:
        if self.networks is not None:
            yield NamedFile("networks", self.networks, read_networks)


def load(settings: BotSettings | None = None, tables: Tables | None = None) -> Enrichment:
    """Raises `TableMistake`."""
    verdicts = BoundedCache(_compile_verdict(load_suspicions()))
    is_in_data_centre = _compile_networks(settings or BotSettings(), tables or Tables())

    def find_bot(event: Event, received: Received) -> Additions:
        """``bot: {is_bot, score, reason, reasons}``, the last two only if there is a reason.

        score: 0 to 100, the sum of the points of `reasons`. From 50 points on, the sender is a bot,
        and `reason` is the first reason. Trusted senders and backends are not bots.
        """
        if "bot" in event and event["bot"] not in (None, {}):
            return {}
        if received.trusted or received.backend:
            return {"bot": {**_NO_BOT}}
        agent = event.get("user_agent", "")[:_LONGEST]
        is_sender = agent == received.user_agent[:_LONGEST]
        in_data_centre = is_in_data_centre(event.get("ip_override", ""))
        manners = browser_of(received).manners
        verdict = verdicts[agent, is_sender, in_data_centre, manners]
        if verdict is _NO_BOT:
            return {"bot": {**_NO_BOT}}
        return {"bot": {**verdict, "reasons": [*verdict["reasons"]]}}

    return find_bot


def _compile_verdict(suspicion_of: Callable[[str], str]) -> Callable[[Evidence], Mapping[str, Any]]:
    def verdict_of(evidence: Evidence) -> Mapping[str, Any]:
        agent, is_sender, in_data_centre, manners = evidence
        signs: list[Sign] = []
        if manners.prefetches:
            signs.append((_CERTAIN, "prefetch"))
        if suspicion := suspicion_of(agent):
            signs.append((_CERTAIN, suspicion))
        if is_mail_proxy(agent):
            return _verdict(signs)
        if is_sender and agent.startswith("Mozilla/5.0"):
            signs += _signs_of_pretence(agent, manners)
        if in_data_centre:
            signs.append((_LIKELY, "data centre"))
        return _verdict(signs)

    return verdict_of


def _compile_networks(settings: BotSettings, tables: Tables) -> Callable[[str], bool]:
    if settings.networks is None:
        return lambda _: False
    file = tables.file(settings.networks, read_networks)
    return lambda address: file.value(address)


def _verdict(signs: list[Sign]) -> Mapping[str, Any]:
    if not signs:
        return _NO_BOT
    signs.sort(key=lambda sign: -sign[0])
    score = min(100, sum(points for points, _ in signs))
    is_bot = score >= _LIKELY
    reasons = list(dict.fromkeys(reason for _, reason in signs))
    reason = reasons[0] if is_bot else ""
    return {"is_bot": is_bot, "score": score, "reason": reason, "reasons": reasons}


def _signs_of_pretence(agent: str, manners: Manners) -> list[Sign]:
    """Signs that the request is not from the browser that `agent` names."""
    signs = []
    if not manners.has_head:
        signs.append((_CERTAIN, "headless browser"))
    if agent == "Mozilla/5.0":  # Apple's mail program, before anyone opens the mail
        signs.append((_LIKELY, "no browser in the user agent"))
    if not manners.has_language:
        signs.append((_HINT, "no Accept-Language"))
    if manners.system not in agent:
        signs.append((_HINT, "client hints of another system"))
    return signs
