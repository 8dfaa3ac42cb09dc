"""Compares the instructions that each stage takes with those of an earlier commit.

    python -m tests.benchmarks.instructions [BASE]

Fails when a stage of `tests.benchmarks.stages` has grown by more than `TOLERANCE` percent. Both
versions run at once, under callgrind, with the same interpreter and packages. Instructions are the
same on a busy machine, unlike times.

BASE is a commit. Without it, it is where this branch left `origin/main` or `main`; on `main`
itself it is the commit before, or with uncommitted changes the last one. A shallow clone fetches
one commit more.

A change that is worth its cost says so in accepted_growth.toml.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.stages import STAGES

TOLERANCE = 3.0
"""Percent."""

ROOT = Path(__file__).parents[2]
STAGES_FILE = Path("tests/benchmarks/stages.py")
GROWTH = Path("tests/benchmarks/accepted_growth.toml")
SOURCE = Path(__file__).with_name("callgrind.c")
MEASURED = ("gateway", "destinations", "tests/__init__.py", "tests/benchmarks", "tests/fixtures")
_COUNTED = re.compile(
    r"^desc: Trigger: Client Request: (.+)\t(\d+)$.*?^totals: (\d+)$", re.M | re.S
)

Counts = Mapping[str, float]
"""Instructions of an event, by stage."""


def main(given: str = "") -> int:
    """The exit status: 1 when a stage has grown."""
    for program, package in (("valgrind", "valgrind"), ("cc", "gcc")):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: install the package {package} of your system.")
    base = given or find_base()
    with tempfile.TemporaryDirectory(prefix="instructions-") as name:
        folder = Path(name)
        library, earlier = folder / "callgrind.so", folder / "code"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        if base:
            unpack(base, earlier)
        measured = [each for each in (earlier, ROOT) if (each / STAGES_FILE).exists()]
        outs = [folder / f"out-{number}" for number, _ in enumerate(measured)]
        running = [start(code, library, out) for code, out in zip(measured, outs, strict=True)]
        counted = [counts(each, out) for each, out in zip(running, outs, strict=True)]
        accepted = accepted_growth(ROOT / GROWTH, earlier / GROWTH)
    before, after = counted if len(counted) == 2 else ({}, *counted)
    compared = f"compared with commit {base[:10]}" if before else "with no earlier ones to compare"
    print(f"Instructions of an event, in thousands, {compared}\n")
    print(table(before, after))
    grown = grown_stages(before, after, accepted)
    for stage, percent in grown.items():
        print(f"\n{stage} takes {percent:.1f} % more instructions than before.", end="")
    if grown:
        print(f"\nMake it cheaper, or add to {GROWTH} why it is worth that.")
    return 1 if grown else 0


def find_base() -> str:
    """The commit to compare with, "" if there is none."""
    head = git("rev-parse", "HEAD")
    for trunk in ("origin/main", "main"):
        base = git("merge-base", "HEAD", trunk)
        if base and base != head:
            return base
        if base:
            break
    if git("status", "--porcelain", "--untracked-files=no"):
        return head
    if not git("rev-parse", "--verify", "--quiet", "HEAD^"):
        git("fetch", "--quiet", "--deepen=1")
    return git("rev-parse", "--verify", "--quiet", "HEAD^")


def unpack(commit: str, folder: Path) -> None:
    """Writes the code of `commit` to `folder`."""
    folder.mkdir()
    words = ["git", "archive", commit, *MEASURED]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as archive:
        subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
    if archive.returncode:
        sys.exit(f"The code of commit {commit} cannot be read.")


def start(code: Path, library: Path, out: Path) -> subprocess.Popen[bytes]:
    """Counts the instructions of the stages in the folder `code`. What is counted is in files with
    names that begin with `out`."""
    words = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no"]
    words += [f"--callgrind-out-file={out}", sys.executable, "-P"]
    words += ["-m", "tests.benchmarks.stages", str(library)]
    environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONHASHSEED": "0"}
    return subprocess.Popen(words, cwd=code, env=environment)


def counts(process: subprocess.Popen[bytes], out: Path) -> Counts:
    """What `process` has counted, once it has ended."""
    if process.wait():
        sys.exit("A stage could not be measured; see above.")
    counted: dict[str, float] = {}
    for file in sorted(out.parent.glob(f"{out.name}.*"), key=lambda file: int(file.suffix[1:])):
        for stage, pieces, total in _COUNTED.findall(file.read_text()):
            counted[stage] = int(total) / int(pieces)
    return counted


def accepted_growth(now: Path, then: Path) -> Counts:
    """Percent by which each stage may grow: what the file `now` says and `then` did not."""
    known, said = (
        tomllib.loads(file.read_text()).get("growth", []) if file.exists() else []
        for file in (then, now)
    )
    accepted: Counter[str] = Counter()
    for each in said:
        if each not in known:
            if each["stage"] not in STAGES or not each["reason"]:
                sys.exit(f"{GROWTH} needs a reason and a stage of {STAGES_FILE}.")
            accepted[each["stage"]] += each["percent"]
    return accepted


def grown_stages(before: Counts, after: Counts, accepted: Counts) -> Counts:
    """The stages that have grown by more than they may, and by how many percent."""
    growth = {stage: 100 * (after[stage] / before[stage] - 1) for stage in before.keys() & after}
    return {
        stage: growth[stage]
        for stage in after
        if growth.get(stage, 0.0) > TOLERANCE + accepted.get(stage, 0)
    }


def table(before: Counts, after: Counts) -> str:
    """A table with a row for each stage of either version."""
    rows = [f"{'':36}{'before':>10}{'now':>10}{'change':>10}"]
    for stage in [*before, *(each for each in after if each not in before)]:
        then, now = before.get(stage), after.get(stage)
        numbers = [f"{each / 1000:.1f}" if each else "" for each in (then, now)]
        change = f"{100 * (now / then - 1):+.1f} %" if then and now else "new" if now else "gone"
        rows.append(f"{stage:36}" + "".join(f"{each:>10}" for each in (*numbers, change)))
    return "\n".join(rows)


def git(*words: str) -> str:
    """The output of git; "" if it fails."""
    answer = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
