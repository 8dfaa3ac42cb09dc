"""What the documents say about all destinations agrees with the classes."""

from __future__ import annotations

import re

from gateway.configuration.kinds import destination_types
from tests.support.documents import DOCS


def row(page: str, beginning: str) -> str:
    """The line in `page` that starts with `beginning`."""
    (found,) = re.findall(rf"^{re.escape(beginning)}.*$", (DOCS / page).read_text(), re.MULTILINE)
    return str(found)


def ours() -> dict[str, type]:
    """The built-in kinds, without those of third parties."""
    return {
        name: kind
        for name, kind in destination_types().items()
        if kind.__module__.startswith("destinations.")
    }


def named(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text)) & ours().keys()


def test_the_page_about_tag_manager_lists_every_destination() -> None:
    assert named(row("move-from-sgtm.md", "| tag |")) == ours().keys()


def test_the_default_of_the_visitors_address() -> None:
    by_default: dict[str, set[str]] = {"full": set(), "anonymised": set(), "none": set()}
    for name, kind in destination_types().items():
        if name in ours():
            by_default[kind.ip].add(name)
    for choice in ("anonymised", "none"):
        assert named(row("configuration.md", f"| `{choice}` |")) == by_default[choice]
    assert {destination_types()[name].purpose for name in by_default["full"]} == {"advertising"}


def test_which_destinations_accept_anonymised_events() -> None:
    kinds = destination_types()
    possible = {name for name in ours() if kinds[name].anonymous} | {"ga4"}  # depends on its stream
    text = (DOCS / "configuration.md").read_text()
    table = text.partition("| kind | an anonymised event |")[2].partition("\n\n")[0]
    assert named(table) == possible
