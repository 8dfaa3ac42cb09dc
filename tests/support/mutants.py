"""Mutation tests: makes small changes to the pure code, and shows those that no test notices.

    python -m tests.support.mutants 100    how many mutants, drawn with a fixed seed

There is a copy of the project for each processor. A mutant runs in one of them, first against the
tests that are named like its file, then against those of its room and of all pure rooms. Cosmic Ray
makes the mutants. A survivor is printed as a diff. It is either a missing test or a change that
makes no difference; a person decides.
"""

from __future__ import annotations

import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import apply_mutation
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[2]
SEED = 1
SECONDS = 600
"""How long the tests of one mutant may take. If they take longer, it counts as noticed."""

ROOMS = {
    "gateway/event": "event",
    "gateway/stages": "stages",
    "gateway/pipeline": "pipeline",
    "gateway/sources": "sources",
    "gateway/urls": "urls",
    "destinations": "destinations",
}
"""Each pure room, and its folder of tests."""

COPIED = ("gateway", "destinations", "tests", "config", "docs", "pyproject.toml", "README.md")


class Mutant(NamedTuple):
    """A change: `operator`, applied to the `occurrence` of its target in the file at `path`, which
    is relative to `ROOT`."""

    path: str
    operator: str
    occurrence: int


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants that Cosmic Ray makes of a file, except those of `|`, mostly in annotations."""
    tree = get_ast_from_path(ROOT / path)
    for name in operator_names():
        operator: Any = get_operator(name)
        if operator.arguments() or "BitOr_" in name:
            continue
        found = (each for node in ast_nodes(tree) for each in operator().mutation_positions(node))
        for occurrence, _ in enumerate(found):
            yield Mutant(str(path), name, occurrence)


def sample(count: int) -> list[Mutant]:
    """`count` mutants, or all. Every place in the code is as likely as any other, no matter how
    many operators change it."""
    places: defaultdict[tuple[str, str, int], list[Mutant]] = defaultdict(list)
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for mutant in mutants_of(path.relative_to(ROOT)):
                kind = mutant.operator.rpartition("_")[0] or mutant.operator
                places[mutant.path, kind, mutant.occurrence].append(mutant)
    draw = random.Random(SEED)
    chosen = draw.sample(sorted(places), min(count, len(places)))
    return [draw.choice(places[place]) for place in chosen]


def tests_of(path: str) -> list[list[str]]:
    """The tests for the file at `path`, the nearest first: the files that are named like it or its
    package, the folder of its room, those of all pure rooms."""
    room = next(room for room in ROOMS if path.startswith(f"{room}/"))
    folder = ROOT / "tests" / ROOMS[room]
    module, package = Path(path).stem, Path(path).parent.name
    names = [module, package] if package != Path(room).name else [module]
    nearest = sorted({each for name in names for each in folder.rglob(f"test_*{name}*.py")})
    below = folder / Path(path).relative_to(room).parts[0]
    if below.is_dir():
        nearest.append(below)
    own, all_pure = f"tests/{ROOMS[room]}", [f"tests/{each}" for each in ROOMS.values()]
    found = [str(each.relative_to(ROOT)) for each in nearest]
    return [*([found] if found else []), [own], all_pure]


def is_noticed(copy: Path, folders: Sequence[str]) -> bool:
    words = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    chosen = ["-m", "not alone and not nightly", *folders]
    command = [sys.executable, *words, *chosen]
    try:
        result = subprocess.run(command, cwd=copy, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return result.returncode != 0


def diff_of_survivor(copy: Path, mutant: Mutant) -> str:
    """Tries a mutant; its diff if no test noticed it, else an empty text."""
    path = copy / mutant.path
    _forget_bytecode(path)
    before, after = apply_mutation(path, get_operator(mutant.operator)(), mutant.occurrence)
    if not after or before == after:
        return ""
    try:
        if any(is_noticed(copy, folders) for folders in tests_of(mutant.path)):
            return ""
    finally:
        path.write_text(before, encoding="utf-8")
        _forget_bytecode(path)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), mutant.path, lineterm="")
    return "\n".join(lines)


def _forget_bytecode(path: Path) -> None:
    """Removes bytecode: Python would use it for a new text of the same size and second."""
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def copy_project(copy: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)


def main(count: int) -> None:
    chosen = sample(count)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
        copies: Queue[Path] = Queue()
        for number in range(os.cpu_count() or 1):
            copy = Path(folder) / str(number)
            copy.mkdir()
            copy_project(copy)
            copies.put(copy)
        if is_noticed(copy, tests_of("destinations/base.py")[-1]):
            sys.exit("The tests of the pure rooms fail without a mutant. Run make test first.")

        def attempt(mutant: Mutant) -> str:
            copy = copies.get()
            try:
                return diff_of_survivor(copy, mutant)
            finally:
                copies.put(copy)

        tried = zip(chosen, threads.map(attempt, chosen), strict=True)
        for number, (mutant, diff) in enumerate(tried, 1):
            survivors += bool(diff)
            print(f"{number}/{len(chosen)} {mutant.path} {mutant.operator}", flush=True)
            print(diff or "noticed", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants were noticed.")


if __name__ == "__main__":
    main(int(sys.argv[1]))
