"""The table of attacks in docs/security.md, between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.attacks.flood import Answers
from tests.attacks.measuring import Measured, Normal
from tests.attacks.neighbour import Neighbour
from tests.attacks.request_cost import Cost

PATH = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- attacks: written by `make attacks` -->", "<!-- attacks: end -->"
COLUMNS = ("attack", "answer", "memory", "delay, ms", "hold", "told to wait", "lost")
MAX_ANSWERS = 3


def report(machine: Sequence[str], normal: Normal, all_of: Sequence[Measured], cost: Cost) -> str:
    """The text between the marks."""
    lines = [*(f"- {line}" for line in machine)]
    lines.append(
        f"- a normal request: {1e6 * normal.request:.0f} µs of CPU of the web process; without an "
        f"attack the neighbours wait {_delays([*normal.neighbours.values()])} ms"
    )
    rows = [_row(measured, normal) for measured in all_of]
    table = ["| " + " | ".join(cells) + " |" for cells in (COLUMNS, *rows)]
    table.insert(1, "|---|---|" + "---:|" * (len(COLUMNS) - 2))
    return "\n".join([*lines, "", *table, "", f"A request costs {cost}."])


def written(document: str, between: str) -> str:
    """`document` with the text `between` its marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the marks {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n{between}\n{END}{after}"


def _row(measured: Measured, normal: Normal) -> tuple[str, ...]:
    memory, neighbours = measured.memory, measured.neighbours
    told = {name: sum(each.refused.values()) for name, each in neighbours.items()}
    return (
        measured.attack.name,
        _in_words(measured.answers),
        f"{memory.before:.0f} → {memory.most:.0f} MB",
        _delays([*neighbours.values()]),
        f"{measured.hold / normal.request:,.0f} ×",
        ", ".join(f"{name} {count}" for name, count in told.items() if count) or "0",
        str(len(measured.lost)),
    )


def _delays(neighbours: Sequence[Neighbour]) -> str:
    """The largest median and the longest delay of their answers, in ms."""
    pairs = [(each.usual, each.longest) for each in neighbours]
    usual, longest = (max(each) for each in zip(*pairs, strict=True))
    return f"{1000 * usual:.0f}, {1000 * longest:.0f}"


def _in_words(answers: Answers) -> str:
    """The most frequent answers. A count of 1 is left out: some attacks do not count them."""
    found = [
        f"{answer} ({count:,})" if count > 1 else answer for answer, count in answers.most_common()
    ]
    more = ["…"] if len(found) > MAX_ANSWERS else []
    return ", ".join(found[:MAX_ANSWERS] + more)
