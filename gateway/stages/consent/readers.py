"""Reads what the consent signals of an event say, each on its own."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from gateway.stages.consent import us_privacy
from gateway.stages.consent.categories import Meanings, read_categories
from gateway.stages.consent.cookies import MEANINGS, READERS, decoded
from gateway.stages.consent.google import Gcd, read_gcd, read_gcs
from gateway.stages.consent.gpp import read_gpp, sections_in_force
from gateway.stages.consent.settings import ConsentSettings
from gateway.stages.consent.signals import Pairs, Signals
from gateway.stages.consent.tcf import denied_in_canada, read_tcf
from gateway.stages.consent.types import OPTED_OUT, Statement, UnreadableString, denials_in

T = TypeVar("T")

_ON = frozenset(["1", "true"])
_GPC_ON = _ON.union(["1.0", "yes", "y", "on", "enabled"])
"""The specification knows only 1 and true; other words come from pages that pass it on."""


class Statements:
    """All statements in the signals; each list begins with the most trusted.

    opt_outs: always apply. tags: from Google's tags. others: from consent managers. defaults: set
    by the page until the visitor answers. unreadable: which strings cannot be read, and why; never
    the strings themselves. notes: further notes for the trace.
    """

    def __init__(
        self, settings: ConsentSettings, meanings: Mapping[str, Meanings], honour_gpc: bool
    ) -> None:
        self._settings = settings
        self._meanings = meanings
        self._honour_gpc = honour_gpc
        self._has_tcf = False
        self._has_gpp = False
        self.opt_outs: list[Statement] = []
        self.tags: list[Statement] = []
        self.others: list[Statement] = []
        self.defaults: list[Statement] = []
        self.unreadable: list[str] = []
        self.notes: list[str] = []

    def add(self, signals: Signals) -> None:
        texts: dict[str, list[str]] = {}
        for kind, text in signals.strings:
            texts.setdefault(kind, []).append(text)
        self._add_tags(texts)
        stated = {text.strip().lower() for text in texts.get("gpc", ())}
        if self._honour_gpc and not _GPC_ON.isdisjoint(stated):
            self.opt_outs.append(Statement("gpc", OPTED_OUT))
        for text in texts.get("us_privacy", ()):
            self._add_us_privacy(text)
        if signals.categories:
            self._add_categories("categories", signals.categories, self._settings.categories)
        for text in texts.get("tcf", ()):
            self._add_tcf(text, "tcf", "tcf string")
        for text in texts.get("gpp", ()):
            self._add_gpp(text, ",".join(texts.get("gpp_sid", ())), "gpp", "gpp string")
        self._add_cookies(signals.cookies)
        self._check_gdpr(texts.get("gdpr", ()))
        self._check_sections(texts.get("gpp_sid", ()))

    def _add_tags(self, texts: Mapping[str, list[str]]) -> None:
        """``gcs`` does not distinguish defaults from updates. So where ``gcd`` can be read, ``gcs``
        can only deny types, and only those that the page did not deny by default."""
        for text in texts.get("npa", ()):
            if text.lower() in _ON:
                self.tags.append(Statement("npa", {"ad_personalization": "denied"}))
            elif text.lower() not in ("0", "false"):
                self.unreadable.append("unreadable npa")
        gcds = [self._read("gcd", read_gcd, text, "gcd string") for text in texts.get("gcd", ())]
        for gcd in filter(None, gcds):
            self._add_gcd(gcd)
        for text in texts.get("gcs", ()):
            states = self._read("gcs", read_gcs, text, "gcs string")
            if states and gcds and None not in gcds:
                by_default = [name for gcd in gcds if gcd for name in denials_in(gcd.defaults)]
                denied = denials_in(states)
                states = {name: denied[name] for name in denied if name not in by_default}
            if states:
                self.tags.append(Statement("gcs", states))

    def _add_gcd(self, gcd: Gcd) -> None:
        if gcd.said:
            self.tags.append(Statement("gcd", gcd.said))
        if gcd.gpc and self._honour_gpc:
            self.opt_outs.append(Statement("gcd gpc", OPTED_OUT))
        if gcd.defaults:
            self.defaults.append(Statement("default in gcd", gcd.defaults))

    def _add_us_privacy(self, text: str) -> None:
        opted_out = self._read(
            "us_privacy", us_privacy.opted_out, text, "us_privacy string", self.opt_outs
        )
        if opted_out:
            self.opt_outs.append(Statement("us_privacy", OPTED_OUT))

    def _add_tcf(self, text: str, source: str, called: str) -> None:
        self._has_tcf = True
        tcf = self._settings.tcf
        states = self._read(source, lambda text: read_tcf(text, tcf), text, called)
        if states:
            self.others.append(Statement(source, states))

    def _add_gpp(self, text: str, applicable: str, source: str, called: str) -> None:
        self._has_gpp = True
        gpp = self._read(source, lambda text: read_gpp(text, applicable), text, called)
        if gpp is None:
            return
        if gpp.unreadable:
            self.unreadable.append(f"unreadable section in {called}")
        if gpp.opted_out:
            self.opt_outs.append(Statement(f"{source} opt-out", OPTED_OUT))
        if gpp.gpc and self._honour_gpc:
            self.opt_outs.append(Statement(f"{source} gpc", OPTED_OUT))
        if gpp.tc_string:
            self._add_tcf(gpp.tc_string, source, f"tcf string in {called}")
        if gpp.canada:
            self._add_canada(gpp.canada, source, f"section of Canada in {called}")

    def _add_canada(self, text: str, source: str, called: str) -> None:
        tcf = self._settings.tcf
        denied = self._read(source, lambda text: denied_in_canada(text, tcf), text, called)
        if denied:
            self.others.append(Statement(source, denied))

    def _add_categories(
        self, source: str, choices: Iterable[tuple[str, bool]], meanings: Meanings
    ) -> None:
        states, notes = read_categories(choices, meanings)
        self.others.append(Statement(source, states))
        self.notes += notes

    def _add_cookies(self, cookies: Pairs) -> None:
        for name, value in cookies:
            source, kind = f"cookie {name}", self._settings.cookies[name]
            if not value:
                self.unreadable.append(f"empty {source}")
            elif kind == "tcf":
                self._add_tcf(decoded(value), source, source)
            elif kind == "gpp":
                self._add_gpp(decoded(value), "", source, source)
            elif choices := self._read(source, READERS[kind], value, source):
                self._add_categories(source, choices.items(), self._meanings[kind])

    def _check_gdpr(self, texts: list[str] | tuple[()]) -> None:
        for text in map(str.lower, texts):
            if text in _ON and not self._has_tcf:
                self.unreadable.append("gdpr=1 without a tcf string")
            elif text not in ("0", "1", "true", "false"):
                self.unreadable.append("unreadable gdpr")

    def _check_sections(self, texts: list[str] | tuple[()]) -> None:
        if not self._has_gpp and sections_in_force(",".join(texts)) - {-1}:
            self.unreadable.append("gpp_sid without a gpp string")

    def _read(
        self,
        source: str,
        read: Callable[[str], T],
        text: str,
        called: str,
        statements: list[Statement] | None = None,
    ) -> T | None:
        """What `read` returns for `text`; None if it cannot be read. Any denials that can still be
        read are added to `statements`, or to `others`."""
        try:
            return read(text)
        except UnreadableString as why:
            self.unreadable.append(f"{why} {called}")
            if why.denials:
                denials = Statement(source, why.denials)
                (self.others if statements is None else statements).append(denials)
            return None


def compile_statements(settings: ConsentSettings) -> Callable[[Signals, bool], Statements]:
    """The function that reads signals; its second argument says whether to honour GPC."""
    meanings = {kind: {**known, **settings.categories} for kind, known in MEANINGS.items()}

    def statements_of(signals: Signals, honour_gpc: bool) -> Statements:
        statements = Statements(settings, meanings, honour_gpc)
        statements.add(signals)
        return statements

    return statements_of
