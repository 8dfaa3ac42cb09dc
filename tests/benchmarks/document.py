"""From figures to text: docs/benchmarks.md, and the same for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.benchmarks.results import Goal, Results, Section

INTRODUCTION = """\
`{command}` writes this page; do not edit it. The benchmark measures everything that runs in
production (web processes, workers, Valkey) on one machine. The load generator and the receiver of
events run on the same machine. CPU is the CPU time of the gateway's processes and its Valkey, from
`/proc`, without the load generator and the receiver.

Machines differ, so compare the ratios to the yardsticks, which are measured in the same run; the
first yardstick is measured at the beginning and at the end. A core of a virtual machine is often
half of a physical core, and then takes up to twice as long while the other half is busy. Therefore
the benchmark times a small piece of work on each core all the time. `slowness` is how many times
longer that work took than at full pace. All figures in microseconds of CPU are divided by it.
Events a second and milliseconds are not corrected.
"""
MISSED = "**missed**"


def markdown(results: Results) -> str:
    """The document. The plot is benchmarks.svg next to it."""
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
    columns = ("", "measured", "goal", "", "compared with")
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
