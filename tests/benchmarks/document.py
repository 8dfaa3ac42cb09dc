"""From figures to text: docs/benchmarks.md, and the same for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.benchmarks.results import Goal, Results, Section

INTRODUCTION = """\
Written by `{command}`; nobody edits it. Everything that runs in production is measured (web
processes, workers, Valkey), on one machine, with the load and the receiver beside it. CPU is what
the processes of the gateway and its Valkey used, as `/proc` tells it, and neither the load's nor
the receiver's.

Machines differ: look at the ratios to the yardsticks, which are measured in the same run, the first
of them at its beginning and at its end. And what a machine calls a core is often one half of a real
one, which takes up to twice as long for the same work while the other half is busy, with another
guest or with what is measured. So a small piece of work is timed on each core all the while:
`slowness` is how many times longer it took than at full pace, and every figure in microseconds of
CPU is what was measured, divided by it. Events a second and milliseconds are as they came, on a
machine on which load and receiver share the cores with the gateway.
"""
MISSED = "**missed**"


def markdown(results: Results) -> str:
    """The document. The plot is benchmarks.svg beside it."""
    parts = [
        "# Benchmarks",
        INTRODUCTION.format(command=results.command).rstrip(),
        "\n".join(f"- {line}" for line in results.machine),
    ]
    if results.goals:
        parts += ["## Goals", goals_in_words(results.goals), _goals_table(results.goals)]
    if results.bars:
        parts.append("![CPU for each event, by part](benchmarks.svg)")
    for section in results.sections:
        parts += [f"## {section.title}", section.text, _table(section.columns, section.rows)]
    return "\n\n".join(parts) + "\n"


def plain(section: Section) -> str:
    """A section for the terminal."""
    rows = [section.columns, *section.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(section.columns))]
    lines = [section.title, "-" * len(section.title)]
    for row in rows:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join([row[0].ljust(widths[0]), *others]) if first else "")
    return "\n".join([*lines, *_goal_lines(section.goals)]) + "\n"


def goals_in_words(goals: Sequence[Goal]) -> str:
    kept = sum(goal.is_kept for goal in goals)
    return f"{kept} of {len(goals)} kept."


def _goal_lines(goals: Sequence[Goal]) -> Iterator[str]:
    for goal in goals:
        verdict = "kept  " if goal.is_kept else "MISSED"
        beside = f" ({goal.beside})" if goal.beside else ""
        yield f"{verdict} {goal.what}: {_value(goal)}, at most {_limit(goal)}{beside}"


def _goals_table(goals: Sequence[Goal]) -> str:
    columns = ("", "measured", "goal", "", "beside")
    verdicts = ("kept" if goal.is_kept else MISSED for goal in goals)
    rows = [
        (goal.what, _value(goal), f"≤ {_limit(goal)}", verdict, goal.beside)
        for goal, verdict in zip(goals, verdicts, strict=True)
    ]
    return _table(columns, rows)


def _value(goal: Goal) -> str:
    digits = 0 if goal.measured % 1 == 0 else 1 if goal.limit >= 10 else 2
    return f"{goal.measured:.{digits}f} {goal.unit}"


def _limit(goal: Goal) -> str:
    return f"{goal.limit:g} {goal.unit}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is text, the others are numbers."""
    lines = ["|" + "".join(f" {cell} |" for cell in row) for row in (columns, *rows)]
    return "\n".join([lines[0], "|---|" + "---:|" * (len(columns) - 1), *lines[1:]])
