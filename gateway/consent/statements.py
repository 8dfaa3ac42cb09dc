"""What the consent signals of an event say, each source on its own."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from gateway.consent import us_privacy
from gateway.consent.categories import Meanings, states_of
from gateway.consent.cookies import MEANINGS, READERS
from gateway.consent.google import read_gcd, read_gcs
from gateway.consent.gpp import read_gpp
from gateway.consent.settings import ConsentSettings
from gateway.consent.signals import Signals, Strings
from gateway.consent.statement import OPTED_OUT, Statement, UnreadableString
from gateway.consent.tcf import read_tcf

T = TypeVar("T")


class Statements:
    """All that is said, in each list the most trusted first.

    opt_outs: hold whatever else is said. tags: of Google's tags. others: of consent managers.
    notes: which strings say nothing, and why; never the strings themselves.
    """

    def __init__(
        self, settings: ConsentSettings, meanings: Mapping[str, Meanings], honour_gpc: bool
    ) -> None:
        self._settings, self._meanings, self._honour_gpc = settings, meanings, honour_gpc
        self.opt_outs: list[Statement] = []
        self.tags: list[Statement] = []
        self.others: list[Statement] = []
        self.notes: list[str] = []

    def add(self, signals: Signals) -> None:
        strings = signals.strings
        self._add_tags(strings)
        if strings.us_privacy:
            self._add_us_privacy(strings.us_privacy)
        if signals.categories:
            states = states_of(signals.categories, self._settings.categories)
            self.others.append(Statement("categories", states))
        if strings.tc_string:
            self._add_tcf(strings.tc_string, "tcf", "tcf string")
        if strings.gpp:
            self._add_gpp(strings.gpp, strings.gpp_sid, "gpp", "gpp string")
        for name, value in signals.cookies:
            self._add_cookie(name, value, f"cookie {name}")

    def _add_tags(self, strings: Strings) -> None:
        """``gcs`` says less than ``gcd``, so it counts only where that cannot be read."""
        if strings.npa == "1":
            self.tags.append(Statement("npa", {"ad_personalization": "denied"}))
        for source, text, read in (("gcd", strings.gcd, read_gcd), ("gcs", strings.gcs, read_gcs)):
            states = self._read(read, text, f"{source} string") if text else None
            if states is not None:
                self.tags.append(Statement(source, states))
                return

    def _add_us_privacy(self, text: str) -> None:
        if self._read(us_privacy.opted_out, text, "us_privacy string"):
            self.opt_outs.append(Statement("us_privacy", OPTED_OUT))

    def _add_tcf(self, text: str, source: str, called: str) -> None:
        states = self._read(lambda text: read_tcf(text, self._settings.tcf), text, called)
        if states:
            self.others.append(Statement(source, states))

    def _add_gpp(self, text: str, applicable: str, source: str, called: str) -> None:
        gpp = self._read(lambda text: read_gpp(text, applicable), text, called)
        if gpp is None:
            return
        if gpp.unreadable:
            self.notes.append(f"unreadable section in {called}")
        if gpp.opted_out:
            self.opt_outs.append(Statement(f"{source} opt-out", OPTED_OUT))
        if gpp.gpc and self._honour_gpc:
            self.opt_outs.append(Statement(f"{source} gpc", OPTED_OUT))
        if gpp.tc_string:
            self._add_tcf(gpp.tc_string, source, f"tcf string in {called}")

    def _add_cookie(self, name: str, value: str, source: str) -> None:
        kind = self._settings.cookies[name]
        if kind == "tcf":
            self._add_tcf(value, source, source)
        elif kind == "gpp":
            self._add_gpp(value, "", source, source)
        elif choices := self._read(READERS[kind], value, source):
            states = states_of(choices.items(), self._meanings[kind])
            self.others.append(Statement(source, states))

    def _read(self, read: Callable[[str], T], text: str, called: str) -> T | None:
        try:
            return read(text)
        except UnreadableString as why:
            self.notes.append(f"{why} {called}")
            return None


def compile_statements(settings: ConsentSettings) -> Callable[[Signals, bool], Statements]:
    """The function that reads signals; its second argument: honour Global Privacy Control."""
    meanings = {kind: {**known, **settings.categories} for kind, known in MEANINGS.items()}

    def statements_of(signals: Signals, honour_gpc: bool) -> Statements:
        statements = Statements(settings, meanings, honour_gpc)
        statements.add(signals)
        return statements

    return statements_of
